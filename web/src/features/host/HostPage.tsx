import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { request } from "@/lib/api";
import { liveDuelsQuery } from "@/lib/queries";
import { freshMe, meQuery } from "@/lib/session";
import { t } from "@/lib/strings";
import type { Me, SessionOpened } from "@/protocol/wire.gen";
import { HealthTable } from "./HealthTable";

/** The one-time token of the start-up link. It is in the fragment, which no server sees, and leaves the address bar at once. */
function takeToken(): string | null {
  const token = decodeURIComponent(location.hash.slice(1)).replace(/^token=/, "");
  if (token) history.replaceState(null, "", location.pathname);
  return token || null;
}

/** For whoever runs the server: how it does, and what goes on. */
export function HostPage() {
  const client = useQueryClient();
  const [token] = useState(takeToken);
  const { mutate, isError, error } = useMutation({
    mutationFn: (it: string) => request<SessionOpened>("POST", "/api/v1/session/admin", { token: it }),
    onSuccess: (session) => client.setQueryData<Me | null>(meQuery.queryKey, freshMe(session)),
  });
  useEffect(() => {
    if (token) mutate(token);
  }, [token, mutate]);
  return (
    <div className="flex flex-col gap-5 pt-6">
      <h1 className="text-3xl font-bold tracking-tight">{t.host.title}</h1>
      {isError && <Note tone="bad">{error.message}</Note>}
      <HealthTable />
      <RunningDuels />
    </div>
  );
}

function RunningDuels() {
  const { data: duels } = useQuery(liveDuelsQuery);
  return (
    <Panel className="p-6">
      <h2 className="text-lg font-semibold">{t.host.duels}</h2>
      {!duels?.length && <p className="text-soft mt-2 text-sm">{t.host.none}</p>}
      <ul className="mt-3 flex flex-col gap-1.5 text-sm">
        {duels?.map((duel) => (
          <li key={duel.duel_id}>
            <Link to="/duel/$duelId" params={{ duelId: duel.duel_id }} className="underline">
              {duel.players.map((player) => player.nickname).join(" – ")}
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
