import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { connect, useLink } from "@/lib/connection";
import { t } from "@/lib/strings";
import { sides } from "./model/state";
import { useDuel, useDuelController, useSnapshot } from "./play/context";

/** What needs attention, above the editors. */
export function Banners() {
  return (
    <div className="flex flex-col gap-2 empty:hidden [&:not(:empty)]:p-2">
      <LinkBanner />
      <PenBanner />
      <DrawBanner />
      <ProblemBanner />
    </div>
  );
}

function LinkBanner() {
  const { link, reason } = useLink();
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
  if (link !== "reconnecting") return null;
  return (
    <Note tone="warn" testId="offline">
      {t.link.interrupted}
    </Note>
  );
}

function PenBanner() {
  const controller = useDuelController();
  const pen = useDuel((state) => state.pen);
  if (pen === "refused") return <Note tone="bad">{t.errors.refused}</Note>;
  if (pen !== "fenced") return null;
  return (
    <Note
      tone="warn"
      testId="pen-taken"
      action={
        <Button size="small" tone="primary" onClick={controller.open} data-testid="take-pen">
          {t.duel.takePen}
        </Button>
      }
    >
      {t.duel.penTaken}
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
