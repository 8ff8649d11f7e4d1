import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Panel";
import { useServerNow } from "@/lib/clock";
import { clockTime } from "@/lib/format";
import { liveDuelsQuery } from "@/lib/queries";
import { t } from "@/lib/strings";
import type { LiveDuel } from "@/protocol/wire.gen";

/** Duels that may be watched now. Nothing is shown while there are none. */
export function LiveDuels() {
  const { data: duels = [] } = useQuery(liveDuelsQuery);
  if (!duels.length) return null;
  return (
    <Panel className="p-6" data-testid="live-duels">
      <h2 className="text-lg font-semibold">{t.lobby.live}</h2>
      <ul className="mt-3 flex flex-col gap-1">
        {duels.map((duel) => (
          <Row key={duel.duel_id} duel={duel} />
        ))}
      </ul>
    </Panel>
  );
}

function Row({ duel }: { duel: LiveDuel }) {
  const now = useServerNow(1000);
  return (
    <li>
      <Link
        to="/duel/$duelId"
        params={{ duelId: duel.duel_id }}
        className="hover:bg-raised -mx-2 flex items-center gap-3 rounded-lg px-2 py-1.5"
      >
        <Icon name="eye" className="text-soft size-4 shrink-0" />
        <span className="min-w-0 flex-1 truncate">{duel.players.map((player) => player.nickname).join(" – ")}</span>
        <span className="text-soft truncate text-sm max-sm:hidden">{duel.challenge}</span>
        <span className="tabular text-soft text-sm">{clockTime(duel.deadline - now)}</span>
      </Link>
    </li>
  );
}
