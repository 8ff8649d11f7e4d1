import { Link } from "@tanstack/react-router";
import { classes } from "@/components/classes";
import { StaticCode } from "@/components/code/StaticCode";
import { t } from "@/lib/strings";
import type { DuelPlayer, Snapshot } from "@/protocol/wire.gen";
import { Banners } from "../Banners";
import { sides } from "../model/state";
import { headline, reasonWords } from "../model/words";
import { Submissions } from "../panels/Submissions";
import { useDuel, useDuelController, useSnapshot } from "../play/context";
import { RematchButton } from "./RematchButton";

/** Who won and why, and both solutions side by side. */
export function ResultView() {
  const { myId } = useDuelController();
  const snapshot = useSnapshot();
  const [first, second] = sides(snapshot, myId);
  return (
    <main className="flex min-h-0 flex-1 flex-col overflow-y-auto" data-testid="result">
      <Banners />
      <Headline snapshot={snapshot} />
      <div className="grid min-h-0 flex-1 gap-4 px-4 pb-4 sm:px-6 lg:grid-cols-2">
        {first && <Solution player={first} side="mine" />}
        {second && <Solution player={second} side="theirs" />}
      </div>
    </main>
  );
}

function Headline({ snapshot }: { snapshot: Snapshot }) {
  const { myId } = useDuelController();
  const { result, challenge } = snapshot;
  if (!result) return null;
  const won = result.winner_id === myId;
  return (
    <div className="animate-rise flex flex-wrap items-end justify-between gap-x-8 gap-y-4 px-4 py-6 sm:px-6">
      <div role="status">
        <h1
          data-testid="headline"
          className={classes("text-4xl font-bold tracking-tight sm:text-5xl", won && "text-mine")}
        >
          {headline(snapshot, result, myId)}
        </h1>
        <p className="text-soft mt-2 text-lg" data-testid="reason">
          {reasonWords(snapshot, result, myId)}
        </p>
        {challenge && <p className="text-soft mt-1 text-sm">{t.result.problem(challenge.title)}</p>}
      </div>
      <div className="flex items-center gap-3">
        {snapshot.role === "player" && <RematchButton />}
        <Link
          to="/"
          data-testid="to-lobby"
          className="border-line bg-raised hover:border-soft inline-flex h-9 items-center rounded-lg border px-4 text-sm"
        >
          {t.result.backToLobby}
        </Link>
      </div>
    </div>
  );
}

function Solution({ player, side }: { player: DuelPlayer; side: "mine" | "theirs" }) {
  const { result } = useSnapshot();
  const rating = useDuel((state) => state.ratings[player.id]);
  return (
    <section
      aria-label={t.result.solutionOf(player.nickname)}
      className="border-line bg-panel flex min-h-80 min-w-0 flex-col overflow-hidden rounded-xl border"
    >
      <header className="border-line flex h-11 shrink-0 items-center gap-3 border-b px-4">
        <h2 className={classes("truncate font-semibold", side === "mine" ? "text-mine" : "text-theirs")}>
          {player.nickname}
        </h2>
        {result?.winner_id === player.id && (
          <span className="bg-ok-wash text-ok rounded px-2 py-0.5 text-xs font-bold">{t.result.winner}</span>
        )}
        {rating && (
          <span className="tabular text-soft ml-auto text-sm">
            {rating.before} → {rating.after}
          </span>
        )}
      </header>
      <div className="min-h-0 flex-1 overflow-hidden" data-testid={`solution-${side}`}>
        <StaticCode text={player.text ?? ""} language={player.language} label={t.result.solutionOf(player.nickname)} />
      </div>
      <Submissions players={[player]} title={t.console.submissions} />
    </section>
  );
}
