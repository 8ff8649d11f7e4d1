import { Note } from "@/components/Note";
import { t } from "@/lib/strings";
import type { DuelRan } from "@/protocol/wire.gen";
import { useDuel } from "../play/context";
import { CaseView } from "./CaseView";
import { MOD } from "./shortcuts";

/** What the last run gave. */
export function RunResult() {
  const run = useDuel((state) => state.run);
  if (!run) return <p className="text-soft text-sm">{t.console.runHint(MOD)}</p>;
  if (run.problem) return <Note tone="bad">{run.problem}</Note>;
  if (!run.answer) {
    return (
      <p className="text-soft animate-breathe text-sm" role="status">
        {t.editor.running}
      </p>
    );
  }
  return <Answer answer={run.answer} ownInput={run.ownInput} />;
}

function Answer({ answer, ownInput }: { answer: DuelRan; ownInput: boolean }) {
  const passed = answer.cases.filter((it) => it.verdict === "AC").length;
  const words =
    ownInput || !answer.cases.length
      ? t.verdicts[answer.verdict]
      : t.console.samplesPassed(passed, answer.cases.length);
  return (
    <div data-testid="run-result" data-verdict={answer.verdict}>
      <p role="status" className="mb-2 text-sm font-semibold">
        {ownInput && answer.verdict === "AC" ? t.console.ran : words}
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
