import { useCallback } from "react";
import { Button } from "@/components/Button";
import { useCodeView } from "@/components/code/useCodeView";
import { Icon } from "@/components/Icon";
import { t } from "@/lib/strings";
import { useDuel, useDuelController } from "../play/context";
import { Console } from "./Console";
import { LanguagePicker } from "./LanguagePicker";
import { MOD, useShortcuts } from "./shortcuts";

/** The own editor with its two acts, and below what came of them. */
export function MyPanel({ onRun }: { onRun(): void }) {
  const controller = useDuelController();
  const run = useCallback(() => {
    onRun();
    void controller.run(null);
  }, [controller, onRun]);
  const submit = useCallback(() => void controller.submit(), [controller]);
  useShortcuts(run, submit);
  return (
    <section aria-label={t.editor.mine} className="flex min-h-0 flex-1 flex-col">
      <header className="border-line flex h-10 shrink-0 items-center gap-2 border-b px-4 pr-2">
        <h2 className="text-mine text-sm font-semibold">{t.editor.mine}</h2>
        <LanguagePicker />
        <SavedState />
        <Acts onRun={run} onSubmit={submit} />
      </header>
      <MyEditor />
      <Console />
    </section>
  );
}

function Acts({ onRun, onSubmit }: { onRun(): void; onSubmit(): void }) {
  const pen = useDuel((state) => state.pen);
  const running = useDuel((state) => Boolean(state.run && !state.run.answer && !state.run.problem));
  const submitting = useDuel((state) => state.submitting);
  const locked = pen === "fenced" || pen === "over";
  return (
    <div className="ml-auto flex gap-2">
      <Button
        size="small"
        disabled={locked || running}
        onClick={onRun}
        title={t.editor.runTitle(MOD)}
        data-testid="run"
      >
        <Icon name="play" className="size-3.5" /> {running ? t.editor.running : t.editor.run}
      </Button>
      <Button
        size="small"
        tone="primary"
        disabled={locked || submitting}
        onClick={onSubmit}
        title={t.editor.submitTitle(MOD)}
        data-testid="submit"
      >
        <Icon name="send" className="size-3.5" /> {submitting ? t.editor.submitting : t.editor.submit}
      </Button>
    </div>
  );
}

function MyEditor() {
  const { mine } = useDuelController();
  const setup = useCallback(() => mine?.setup(t.editor.mineLabel) ?? { doc: "", extensions: [] }, [mine]);
  return <div ref={useCodeView(setup, mine?.attach)} className="bg-panel min-h-0 flex-1" data-testid="my-editor" />;
}

/** Whether the server has what is typed. Quiet while all is well. */
function SavedState() {
  const pen = useDuel((state) => state.pen);
  return (
    <span className="text-soft text-xs" data-testid="pen" data-state={pen}>
      {t.editor.states[pen]}
    </span>
  );
}
