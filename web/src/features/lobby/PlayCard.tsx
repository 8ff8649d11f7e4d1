import { useEffect, useState } from "react";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { elapsedTime } from "@/lib/format";
import type { QueueJoin } from "@/protocol/wire.gen";
import { useQueue } from "./useQueue";

type Mode = QueueJoin["mode"];

const MODES: Array<{ mode: Mode; name: string; text: string }> = [
  { mode: "casual", name: "Casual", text: "nothing at stake" },
  { mode: "ranked", name: "Ranked", text: "your rating moves" },
];

/** The one big button. */
export function PlayCard() {
  const [mode, setMode] = useState<Mode>("casual");
  const queue = useQueue();
  return (
    <Panel className="shadow-lift p-6 sm:p-8">
      {queue.mode ? (
        <Searching
          since={queue.waiting?.since ?? null}
          estimateMs={queue.waiting?.estimateMs ?? null}
          onCancel={queue.leave}
        />
      ) : (
        <>
          <h1 className="text-3xl font-bold tracking-tight">Find an opponent</h1>
          <p className="text-soft mt-1.5">You are paired with the next player who presses Play.</p>
          <ModeChoice mode={mode} onChange={setMode} />
          <Button
            tone="primary"
            size="large"
            className="w-full sm:w-56"
            disabled={!queue.online}
            onClick={() => queue.join(mode)}
            data-testid="play"
          >
            Play
          </Button>
        </>
      )}
      {queue.problem && (
        <Note tone="bad" className="mt-4">
          {queue.problem}
        </Note>
      )}
    </Panel>
  );
}

function ModeChoice({ mode, onChange }: { mode: Mode; onChange(mode: Mode): void }) {
  return (
    <fieldset className="my-6 flex flex-wrap gap-3">
      <legend className="sr-only">Kind of duel</legend>
      {MODES.map((it) => (
        <label
          key={it.mode}
          className="border-line bg-raised has-checked:border-mine has-checked:bg-mine-wash has-focus-visible:outline-theirs cursor-pointer rounded-lg border px-4 py-2.5 has-focus-visible:outline-2"
        >
          <input
            type="radio"
            name="mode"
            className="sr-only"
            checked={mode === it.mode}
            onChange={() => onChange(it.mode)}
            data-testid={`mode-${it.mode}`}
          />
          <span className="font-semibold">{it.name}</span> <span className="text-soft text-sm">{it.text}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Searching({
  since,
  estimateMs,
  onCancel,
}: {
  since: number | null;
  estimateMs: number | null;
  onCancel(): void;
}) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return (
    <div data-testid="searching">
      <h1 className="text-3xl font-bold tracking-tight" role="status">
        Looking for an opponent
        <span className="text-mine animate-breathe">…</span>
      </h1>
      <p className="tabular my-7 text-6xl">{elapsedTime(since ? now - since : 0)}</p>
      <p className="text-soft mb-5 text-sm">
        {estimateMs
          ? `Usually it takes about ${elapsedTime(estimateMs)}.`
          : "Ask a friend to press Play, too, or send an invitation."}
      </p>
      <Button onClick={onCancel} data-testid="cancel-queue">
        Cancel
      </Button>
    </div>
  );
}
