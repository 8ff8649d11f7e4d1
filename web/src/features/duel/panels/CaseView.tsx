import { t } from "@/lib/strings";
import type { CaseResult } from "@/protocol/wire.gen";
import { Chip } from "./Chip";

/** One case: what went in, what came out, what should have. Empty parts are left out. */
export function CaseView({ it }: { it: CaseResult }) {
  const wrong = it.verdict !== "AC";
  return (
    <details
      open={wrong}
      className="border-line bg-raised mt-2 rounded-lg border text-sm first:mt-0"
      data-testid="case"
      data-verdict={it.verdict}
    >
      <summary className="flex cursor-pointer items-center gap-3 px-3 py-1.5">
        <Chip verdict={it.verdict} />
        <span className="min-w-0 flex-1 truncate">{it.name}</span>
        {it.time_ms != null && <span className="tabular text-soft text-xs">{it.time_ms} ms</span>}
      </summary>
      <dl className="border-line grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 border-t px-3 py-2">
        <Part name={t.console.parts.input} text={it.input} />
        <Part name={t.console.parts.output} text={it.output || (wrong ? t.console.nothing : null)} />
        <Part name={t.console.parts.expected} text={wrong ? it.expected : null} />
        <Part name={t.console.parts.printed} text={it.stdout === it.output ? null : it.stdout} />
        <Part name={t.console.parts.errors} text={it.stderr} />
      </dl>
    </details>
  );
}

function Part({ name, text }: { name: string; text?: string | null }) {
  if (text == null || text === "") return null;
  return (
    <>
      <dt className="text-soft text-xs leading-6">{name}</dt>
      <dd>
        <pre className="max-h-48 overflow-auto font-mono text-[13px] leading-6 [overflow-wrap:anywhere] whitespace-pre-wrap">
          {text}
        </pre>
      </dd>
    </>
  );
}
