import { useEffect, useState } from "react";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { elapsedTime } from "@/lib/format";
import { t } from "@/lib/strings";
import type { QueueJoin } from "@/protocol/wire.gen";
import { useQueue } from "./useQueue";

type Mode = QueueJoin["mode"];

const MODES: Mode[] = ["casual", "ranked"];

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
          rejoined={queue.rejoined}
          onCancel={queue.leave}
        />
      ) : (
        <>
          <h1 className="text-3xl font-bold tracking-tight">{t.lobby.find}</h1>
          <p className="text-soft mt-1.5">{t.lobby.findText}</p>
          <ModeChoice mode={mode} onChange={setMode} />
          <Button
            tone="primary"
            size="large"
            className="w-full sm:w-56"
            disabled={!queue.online}
            onClick={() => queue.join(mode)}
            data-testid="play"
          >
            {t.lobby.play}
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
      <legend className="sr-only">{t.lobby.modes}</legend>
      {MODES.map((it) => (
        <label
          key={it}
          className="border-line bg-raised has-checked:border-mine has-checked:bg-mine-wash has-focus-visible:outline-theirs cursor-pointer rounded-lg border px-4 py-2.5 has-focus-visible:outline-2"
        >
          <input
            type="radio"
            name="mode"
            className="sr-only"
            checked={mode === it}
            onChange={() => onChange(it)}
            data-testid={`mode-${it}`}
          />
          <span className="font-semibold">{t.lobby[it][0]}</span>{" "}
          <span className="text-soft text-sm">{t.lobby[it][1]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Searching({
  since,
  estimateMs,
  rejoined,
  onCancel,
}: {
  since: number | null;
  estimateMs: number | null;
  rejoined: boolean;
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
        {t.lobby.searching}
        <span className="text-mine animate-breathe">…</span>
      </h1>
      <p className="tabular my-7 text-6xl">{elapsedTime(since ? now - since : 0)}</p>
      <p className="text-soft mb-5 text-sm">
        {estimateMs ? t.lobby.usually(elapsedTime(estimateMs)) : t.lobby.patience}
      </p>
      {rejoined && <Note className="mb-5">{t.lobby.rejoined}</Note>}
      <Button onClick={onCancel} data-testid="cancel-queue">
        {t.lobby.cancel}
      </Button>
    </div>
  );
}
