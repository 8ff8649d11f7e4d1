import type { ReactNode } from "react";
import { classes } from "./classes";

const TONES = {
  info: "bg-theirs-wash text-ink border-theirs/30",
  warn: "bg-warn-wash text-ink border-warn/40",
  bad: "bg-bad-wash text-ink border-bad/40",
};

interface Props {
  tone?: keyof typeof TONES;
  children: ReactNode;
  action?: ReactNode;
  className?: string;
  testId?: string;
  /** False in a region that is read aloud and was there before: many readers miss one that comes with its words. */
  live?: boolean;
}

/** A sentence that says what is the matter and, beside it, what can be done. Read aloud when it appears. */
export function Note({ tone = "info", children, action, className, testId, live = true }: Props) {
  return (
    <div
      role={tone === "bad" ? "alert" : live ? "status" : undefined}
      data-testid={testId}
      className={classes(
        "animate-rise flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-lg border px-3.5 py-2.5 text-sm",
        TONES[tone],
        className,
      )}
    >
      <span className="min-w-0 [overflow-wrap:anywhere]">{children}</span>
      {action}
    </div>
  );
}
