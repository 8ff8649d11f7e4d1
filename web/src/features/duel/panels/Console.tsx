import { Tabs } from "radix-ui";
import { useEffect, useState } from "react";
import { t } from "@/lib/strings";
import { sides } from "../model/state";
import { useDuel, useDuelController, useSnapshot } from "../play/context";
import { OwnInput } from "./OwnInput";
import { RunResult } from "./RunResult";
import { Submissions } from "./Submissions";

const TAB =
  "text-soft data-[state=active]:text-ink data-[state=active]:border-mine border-b-2 border-transparent px-3 py-1.5 text-sm";

/** Below the own editor: results of runs, own input, submissions. Shows what came last. */
export function Console() {
  const { myId } = useDuelController();
  const [mine] = sides(useSnapshot(), myId);
  const [tab, setTab] = useState("run");
  const runId = useDuel((state) => state.run?.runId);
  const count = mine?.submissions.length ?? 0;
  useEffect(() => {
    if (runId) setTab("run");
  }, [runId]);
  useEffect(() => {
    if (count) setTab("submissions");
  }, [count]);
  return (
    <Tabs.Root
      value={tab}
      onValueChange={setTab}
      className="border-line flex h-[38%] max-h-96 min-h-36 shrink-0 flex-col border-t"
    >
      <Tabs.List aria-label={t.console.results} className="border-line flex shrink-0 border-b px-2">
        <Tabs.Trigger value="run" className={TAB}>
          {t.console.run}
        </Tabs.Trigger>
        <Tabs.Trigger value="input" className={TAB} data-testid="tab-input">
          {t.console.ownInput}
        </Tabs.Trigger>
        <Tabs.Trigger value="submissions" className={TAB} data-testid="tab-submissions">
          {t.console.submissions}
          {count ? ` ${count}` : ""}
        </Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="run" className="min-h-0 flex-1 overflow-y-auto px-4 py-3">
        <RunResult />
      </Tabs.Content>
      <Tabs.Content
        value="input"
        className="min-h-0 flex-1 overflow-y-auto px-4 py-3"
        forceMount
        hidden={tab !== "input"}
      >
        <OwnInput />
      </Tabs.Content>
      <Tabs.Content value="submissions" className="min-h-0 flex-1 overflow-y-auto">
        <Submissions players={mine ? [mine] : []} bare />
      </Tabs.Content>
    </Tabs.Root>
  );
}
