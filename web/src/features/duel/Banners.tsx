import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyField";
import { Note } from "@/components/Note";
import { serverClock, useServerNow } from "@/lib/clock";
import { connect, useLink } from "@/lib/connection";
import { clockTime } from "@/lib/format";
import { t } from "@/lib/strings";
import { sides } from "./model/state";
import { awayWords, lostWords } from "./model/words";
import { useDuel, useDuelController, useSnapshot } from "./play/context";

/** What needs attention, above the editors. Always there, so that what comes is read aloud. */
export function Banners() {
  return (
    <div role="status" aria-atomic={false} className="flex flex-col gap-2 [&:not(:empty)]:p-2">
      <LinkBanner />
      <AwayBanner />
      <PenBanner />
      <LeftOverBanner />
      <DrawBanner />
      <ProblemBanner />
    </div>
  );
}

function LinkBanner() {
  const { link, reason, draining } = useLink();
  if (link === "closed") {
    return (
      <Note
        tone="bad"
        testId="session-closed"
        action={
          <Button size="small" onClick={connect}>
            {t.link.again}
          </Button>
        }
      >
        {t.link.closedBecause(reason)}
      </Note>
    );
  }
  if (draining)
    return (
      <Note live={false} testId="moving">
        {t.link.moving}
      </Note>
    );
  return link === "reconnecting" ? <OfflineBanner /> : null;
}

/** What becomes of my typing, and how long I may be away. */
function OfflineBanner() {
  const snapshot = useSnapshot();
  const pen = useDuel((state) => state.pen);
  const lostAt = useLink((state) => state.lostAt);
  const now = useServerNow(TICK_MS);
  if (snapshot.role !== "player" || snapshot.status === "finished" || pen === "fenced" || lostAt === null) {
    return (
      <Note live={false} tone="warn" testId="offline">
        {t.link.interrupted}
      </Note>
    );
  }
  const { text, until } = lostWords(snapshot, now, serverClock.at(lostAt));
  return (
    <Note live={false} tone="warn" testId="offline" action={until && <TimeLeft ms={until - now} />}>
      {text}
    </Note>
  );
}

/** Who is away, and what follows. */
function AwayBanner() {
  const { myId } = useDuelController();
  const snapshot = useSnapshot();
  const online = useLink((state) => state.link === "online");
  const relevant = online && snapshot.status !== "finished" && snapshot.players.some((player) => !player.connected);
  const now = useServerNow(relevant ? TICK_MS : null);
  const away = relevant && awayWords(snapshot, now, myId);
  if (!away) return null;
  return (
    <Note live={false} testId="other-away" action={away.until && <TimeLeft ms={away.until - now} />}>
      {away.text}
    </Note>
  );
}

const TICK_MS = 500;

/** A running time that is not read aloud at every tick, though it stands in a note that is. */
function TimeLeft({ ms }: { ms: number }) {
  return (
    <span role="timer" aria-live="off" aria-label={t.away.left} className="tabular shrink-0 font-semibold">
      {clockTime(ms)}
    </span>
  );
}

function PenBanner() {
  const controller = useDuelController();
  const pen = useDuel((state) => state.pen);
  const unsent = useDuel((state) => state.unsent);
  if (pen === "refused") return <Note tone="bad">{t.errors.refused}</Note>;
  if (pen !== "fenced") return null;
  return (
    <Note
      live={false}
      tone="warn"
      testId="pen-taken"
      action={
        <Button size="small" tone="primary" onClick={controller.takePen} data-testid="take-pen">
          {t.duel.takePen}
        </Button>
      }
    >
      {unsent ? t.duel.penTakenUnsent : t.duel.penTaken}
    </Note>
  );
}

/** The end came before all that was typed here could be sent. */
function LeftOverBanner() {
  const controller = useDuelController();
  const code = useDuel((state) => state.leftOver);
  if (code === null) return null;
  return (
    <Note
      live={false}
      tone="warn"
      testId="left-over"
      action={
        <div className="flex gap-2">
          <CopyButton value={code} size="small" />
          <Button size="small" onClick={controller.dismissLeftOver} data-testid="dismiss-left-over">
            {t.common.dismiss}
          </Button>
        </div>
      }
    >
      {t.duel.leftOver}
      <details>
        <summary className="cursor-pointer">{t.duel.showLeftOver}</summary>
        <pre className="max-h-60 overflow-auto">{code}</pre>
      </details>
    </Note>
  );
}

function DrawBanner() {
  const controller = useDuelController();
  const snapshot = useSnapshot();
  const [, other] = sides(snapshot, controller.myId);
  if (snapshot.role !== "player" || !other || !snapshot.draw_offers?.includes(other.id)) return null;
  return (
    <Note
      live={false}
      testId="draw-offered"
      action={
        <Button size="small" onClick={controller.offerDraw} data-testid="accept-draw">
          {t.duel.acceptDraw}
        </Button>
      }
    >
      {t.duel.drawOffered(other.nickname)}
    </Note>
  );
}

function ProblemBanner() {
  const controller = useDuelController();
  const problem = useDuel((state) => state.problem);
  if (!problem) return null;
  return (
    <Note
      tone="bad"
      testId="problem"
      action={
        <Button size="small" onClick={controller.dismiss}>
          {t.common.dismiss}
        </Button>
      }
    >
      {problem}
    </Note>
  );
}
