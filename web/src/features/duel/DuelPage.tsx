import { Link } from "@tanstack/react-router";
import { Note } from "@/components/Note";
import { useMe } from "@/lib/session";
import { t } from "@/lib/strings";
import { Arena } from "./Arena";
import { DuelBar } from "./bar/DuelBar";
import { Countdown } from "./Countdown";
import { DuelProvider, useController, useDuel } from "./play/context";
import { ResultView } from "./result/ResultView";

export function DuelPage({ duelId }: { duelId: string }) {
  const { data: me } = useMe();
  return me ? <Duel duelId={duelId} myId={me.player.id} /> : null;
}

function Duel({ duelId, myId }: { duelId: string; myId: string }) {
  const controller = useController(duelId, myId);
  return (
    <DuelProvider value={controller}>
      <Stage />
    </DuelProvider>
  );
}

function Stage() {
  const status = useDuel((state) => state.snapshot?.status);
  const started = useDuel((state) => Boolean(state.snapshot?.challenge));
  const failure = useDuel((state) => state.failure);
  if (failure) return <Failure text={failure} />;
  if (!status) return <Loading />;
  return (
    <div className="flex h-dvh flex-col" data-testid="duel" data-status={status}>
      <DuelBar />
      {status === "finished" ? <ResultView /> : status === "countdown" || !started ? <Countdown /> : <Arena />}
    </div>
  );
}

function Loading() {
  return (
    <main className="text-soft grid h-dvh place-content-center" role="status">
      {t.duel.opening}
    </main>
  );
}

function Failure({ text }: { text: string }) {
  return (
    <main className="mx-auto grid h-dvh max-w-md place-content-center gap-4 p-6">
      <Note tone="bad">{text}</Note>
      <Link to="/" className="text-center underline">
        {t.common.toLobby}
      </Link>
    </main>
  );
}
