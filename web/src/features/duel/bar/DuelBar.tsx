import { Link } from "@tanstack/react-router";
import { LinkStatus } from "@/components/LinkStatus";
import { Logo } from "@/components/Logo";
import { ThemeToggle } from "@/components/ThemeToggle";
import { t } from "@/lib/strings";
import { sides } from "../model/state";
import { useDuelController, useSnapshot } from "../play/context";
import { ActionMenu } from "./ActionMenu";
import { SideScore } from "./SideScore";
import { Timer } from "./Timer";

/** Who, how far, and how long still. */
export function DuelBar() {
  const controller = useDuelController();
  const snapshot = useSnapshot();
  const [mine, theirs] = sides(snapshot, controller.myId);
  const heading = t.duel.title(mine?.nickname ?? "", theirs?.nickname ?? "");
  const playing = snapshot.role === "player" && snapshot.status === "live";
  return (
    <header className="border-line bg-panel flex shrink-0 items-center gap-3 border-b px-3 py-2 sm:gap-5 sm:px-4">
      <title>{`${heading} · ${t.common.name}`}</title>
      {snapshot.status !== "finished" && <h1 className="sr-only">{heading}</h1>}
      <Link to="/" aria-label={t.common.lobby} className="max-sm:hidden">
        <Logo withName={false} />
      </Link>
      <div className="grid min-w-0 flex-1 grid-cols-[1fr_auto_1fr] items-center gap-3 sm:gap-6">
        {mine ? <SideScore player={mine} side="mine" /> : <span />}
        <Timer />
        {theirs ? <SideScore player={theirs} side="theirs" /> : <span />}
      </div>
      <div className="flex items-center gap-1">
        <LinkStatus compact />
        <span className="max-sm:hidden">
          <ThemeToggle />
        </span>
        {playing && <ActionMenu />}
      </div>
    </header>
  );
}
