import { Note } from "@/components/Note";
import { plural } from "@/lib/format";
import type { DuelRan } from "@/protocol/wire.gen";
import { VERDICTS } from "../model/words";
import { useDuel } from "../play/context";
import { CaseView } from "./CaseView";
import { MOD } from "./shortcuts";

/** What the last run gave. */
export function RunResult() {
  const run = useDuel((state) => state.run);
  if (!run)
    return (
      <p className="text-soft text-sm">
        Run your code against the samples ({MOD}+Enter). Nobody else sees what comes out.
      </p>
    );
  if (run.problem) return <Note tone="bad">{run.problem}</Note>;
  if (!run.answer) {
    return (
      <p className="text-soft animate-breathe text-sm" role="status">
        Running…
      </p>
    );
  }
  return <Answer answer={run.answer} ownInput={run.ownInput} />;
}

function Answer({ answer, ownInput }: { answer: DuelRan; ownInput: boolean }) {
  const passed = answer.cases.filter((it) => it.verdict === "AC").length;
  const words =
    ownInput || !answer.cases.length
      ? VERDICTS[answer.verdict]
      : `${passed} of ${plural(answer.cases.length, "sample")} passed`;
  return (
    <div data-testid="run-result" data-verdict={answer.verdict}>
      <p role="status" className="mb-2 text-sm font-semibold">
        {ownInput && answer.verdict === "AC" ? "Ran" : words}
      </p>
      {answer.message && (
        <pre className="text-bad mb-2 font-mono text-[13px] whitespace-pre-wrap">{answer.message}</pre>
      )}
      {answer.cases.map((it) => (
        <CaseView key={it.name} it={it} />
      ))}
    </div>
  );
}
