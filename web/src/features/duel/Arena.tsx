import { useState } from "react";
import { classes } from "@/components/classes";
import { t } from "@/lib/strings";
import { Banners } from "./Banners";
import { sides } from "./model/state";
import { MyPanel } from "./panels/MyPanel";
import { OtherPanel } from "./panels/OtherPanel";
import { ProblemPanel } from "./panels/ProblemPanel";
import { useDuelController, useSnapshot } from "./play/context";

type View = "problem" | "mine" | "theirs";

/**
 * The battle. Wide: problem, own code, other's code side by side. Middling: problem and other's code share the left column.
 * Narrow: one at a time. All three stay mounted, so no editor loses its place.
 */
export function Arena() {
  const { myId } = useDuelController();
  const snapshot = useSnapshot();
  const [view, setView] = useState<View>("problem");
  const [first, second] = sides(snapshot, myId);
  const playing = snapshot.role === "player";
  const mineName = playing ? t.editor.mine : (first?.nickname ?? "");
  const tabs: Array<[View, string]> = [
    ["problem", t.duel.problem],
    ["mine", mineName],
    ["theirs", second?.nickname ?? t.duel.opponent],
  ];
  return (
    <main className="flex min-h-0 flex-1 flex-col">
      <Banners />
      <ViewTabs tabs={tabs} view={view} onChange={setView} />
      <div className="grid min-h-0 flex-1 lg:grid-cols-[minmax(18rem,0.85fr)_minmax(0,1.35fr)] lg:grid-rows-[minmax(0,1fr)] xl:grid-cols-[minmax(20rem,0.9fr)_minmax(0,1.3fr)_minmax(0,1.05fr)]">
        <div
          className={classes(
            "min-h-0 min-w-0 flex-col xl:flex",
            view === "theirs" ? "lg:hidden" : "lg:flex",
            view === "problem" ? "flex" : "hidden",
          )}
        >
          <ProblemPanel />
        </div>
        <div
          className={classes(
            "border-line min-h-0 min-w-0 flex-col lg:order-2 lg:flex lg:border-l",
            view === "mine" ? "flex" : "hidden",
          )}
        >
          {playing ? (
            <MyPanel onRun={() => setView("mine")} />
          ) : (
            first && <OtherPanel key={first.id} player={first} side="mine" />
          )}
        </div>
        <div
          className={classes(
            "border-line min-h-0 min-w-0 flex-col lg:order-1 xl:order-3 xl:flex xl:border-l",
            view === "theirs" ? "flex" : "hidden",
          )}
        >
          {second && <OtherPanel key={second.id} player={second} side="theirs" />}
        </div>
      </div>
    </main>
  );
}

/** Chooses the panel where not all fit; gone on wide screens. On middling ones the own code is always there. */
function ViewTabs({ tabs, view, onChange }: { tabs: Array<[View, string]>; view: View; onChange(view: View): void }) {
  return (
    <nav aria-label={t.duel.panels} className="border-line bg-panel flex border-b xl:hidden">
      {tabs.map(([id, name]) => (
        <button
          key={id}
          type="button"
          aria-pressed={view === id}
          data-testid={`tab-${id}`}
          onClick={() => onChange(id)}
          className={classes(
            "min-w-0 flex-1 truncate border-b-2 px-4 py-2 text-sm lg:flex-none",
            id === "mine" && "lg:hidden",
            view === id ? "border-mine font-semibold" : "text-soft border-transparent",
          )}
        >
          {name}
        </button>
      ))}
    </nav>
  );
}
