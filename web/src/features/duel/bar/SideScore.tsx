import { classes } from "@/components/classes";
import { t } from "@/lib/strings";
import type { DuelPlayer } from "@/protocol/wire.gen";
import { progress } from "../model/state";
import { useDuel } from "../play/context";

type Side = "mine" | "theirs";

/** One player: name, rating, the best share of cases passed, presence, and what was just said. */
export function SideScore({ player, side }: { player: DuelPlayer; side: Side }) {
  const right = side === "theirs";
  return (
    <div className={classes("relative min-w-0", right && "text-right")} data-testid={`side-${side}`}>
      <div className={classes("flex min-w-0 items-baseline gap-2", right && "flex-row-reverse")}>
        <span className={classes("truncate font-semibold", right ? "text-theirs" : "text-mine")}>
          {player.nickname}
        </span>
        <span className="tabular text-soft text-xs max-sm:hidden">{player.rating}</span>
        <Presence player={player} />
      </div>
      <CaseBar player={player} side={side} />
      <Speech playerId={player.id} right={right} />
    </div>
  );
}

/** The best submission so far: one mark a case. */
function CaseBar({ player, side }: { player: DuelPlayer; side: Side }) {
  const best = progress(player);
  const right = side === "theirs";
  return (
    <div className={classes("mt-1 flex items-center gap-2", right && "flex-row-reverse")}>
      <div
        className={classes(
          "flex h-1.5 min-w-0 flex-1 gap-px overflow-hidden rounded-full",
          right && "flex-row-reverse",
        )}
        role="progressbar"
        aria-label={t.duel.casesOf(player.nickname)}
        aria-valuenow={best?.passed ?? 0}
        aria-valuemin={0}
        aria-valuemax={best?.total || 1}
        aria-valuetext={best ? t.duel.casesShare(best.passed, best.total) : t.duel.nothingJudged}
      >
        {marks(best).map((passed, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a mark is nothing but its place
            key={index}
            className={classes(
              "flex-1 transition-colors duration-500",
              passed ? (right ? "bg-theirs" : "bg-mine") : "bg-line",
            )}
          />
        ))}
      </div>
      <span className="tabular text-soft w-9 text-xs">{best ? `${best.passed}/${best.total}` : "–"}</span>
    </div>
  );
}

const MOST_MARKS = 40;

/** One boolean a mark; cases share marks where there are very many. */
function marks(best: ReturnType<typeof progress>): boolean[] {
  if (!best?.total) return [false];
  const count = Math.min(best.total, MOST_MARKS);
  return Array.from({ length: count }, (_, index) => index < Math.floor((best.passed / best.total) * count));
}

function Presence({ player }: { player: DuelPlayer }) {
  const over = useDuel((state) => state.snapshot?.status === "finished");
  if (player.connected || over) return null;
  return (
    <span className="bg-warn-wash text-warn shrink-0 rounded px-1.5 text-xs font-medium" data-testid="away">
      {t.duel.away}
    </span>
  );
}

function Speech({ playerId, right }: { playerId: string; right: boolean }) {
  const said = useDuel((state) => state.said.findLast((it) => it.playerId === playerId));
  if (!said) return null;
  return (
    <output
      key={said.key}
      data-testid="said"
      className={classes(
        "animate-rise border-line bg-raised shadow-lift absolute top-full z-20 mt-2 max-w-52 truncate rounded-lg border px-3 py-1 text-sm",
        right ? "right-0" : "left-0",
      )}
    >
      {t.reactions[said.reaction] ?? said.reaction}
    </output>
  );
}
