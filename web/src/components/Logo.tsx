export function Logo({ withName = true }: { withName?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2 font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" className="size-6" aria-hidden="true" fill="none" strokeWidth="4" strokeLinecap="round">
        <path d="M5 8l8 8-8 8" stroke="var(--mine)" strokeLinejoin="round" />
        <path d="M27 8l-8 8 8 8" stroke="var(--theirs)" strokeLinejoin="round" />
      </svg>
      {withName ? <span>Python-Duel</span> : <span className="sr-only">Python-Duel</span>}
    </span>
  );
}
