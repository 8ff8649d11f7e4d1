import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { connect, disconnect, hurry, useLink } from "@/lib/connection";
import { meQuery, useMe } from "@/lib/session";

/** Keeps the socket with the session: connected while there is one, connected anew when it is another. Shows nothing. */
export function LinkKeeper() {
  const client = useQueryClient();
  const { data: me } = useMe();
  const playerId = me?.player.id;
  const link = useLink((state) => state.link);

  useEffect(() => {
    if (!playerId) return;
    connect();
    return disconnect;
  }, [playerId]);

  useEffect(() => {
    window.addEventListener("online", hurry);
    return () => window.removeEventListener("online", hurry);
  }, []);

  useEffect(() => {
    if (link === "unauthenticated") void client.invalidateQueries(meQuery);
  }, [link, client]);

  return null;
}
