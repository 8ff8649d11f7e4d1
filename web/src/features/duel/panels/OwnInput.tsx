import { type KeyboardEvent, useId, useState } from "react";
import { Button } from "@/components/Button";
import { t } from "@/lib/strings";
import { useDuelController, useSnapshot } from "../play/context";

/** An input of the player's own choosing. */
export function OwnInput() {
  const controller = useDuelController();
  const { challenge } = useSnapshot();
  const [input, setInput] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  const byCall = challenge?.kind === "function";
  const names = challenge?.signature?.parameters.map((it) => it.name).join(", ");
  const run = () => {
    const fault = byCall ? argumentsFault(input) : null;
    setProblem(fault);
    if (!fault) void controller.run(input);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run();
  };
  return (
    <div className="flex h-full flex-col gap-2">
      <label htmlFor={id} className="text-soft text-sm">
        {byCall ? t.console.arguments(names ?? "") : t.console.stdin}
      </label>
      <textarea
        id={id}
        value={input}
        onChange={(event) => setInput(event.target.value)}
        onKeyDown={onKeyDown}
        maxLength={65_536}
        spellCheck={false}
        data-testid="own-input"
        className="border-line bg-raised min-h-14 flex-1 resize-none rounded-lg border p-2.5 font-mono text-[13px]"
      />
      <div className="flex items-center gap-3">
        <Button size="small" onClick={run} data-testid="run-input">
          {t.console.runInput}
        </Button>
        {problem && (
          <span role="alert" className="text-bad text-sm">
            {problem}
          </span>
        )}
      </div>
    </div>
  );
}

function argumentsFault(input: string): string | null {
  try {
    return Array.isArray(JSON.parse(input)) ? null : t.console.notAList;
  } catch {
    return t.console.notJson;
  }
}
