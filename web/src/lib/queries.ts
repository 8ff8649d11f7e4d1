import { queryOptions } from "@tanstack/react-query";
import { request } from "@/lib/api";
import type { ChallengeSummary, LiveDuel } from "@/protocol/wire.gen";

/** Duels that may be watched, asked for every few seconds. */
export const liveDuelsQuery = queryOptions({
  queryKey: ["duels", "live"],
  queryFn: () => request<LiveDuel[]>("GET", "/api/v1/duels/live"),
  refetchInterval: 5000,
});

export const challengesQuery = queryOptions({
  queryKey: ["challenges"],
  queryFn: () => request<ChallengeSummary[]>("GET", "/api/v1/challenges"),
  staleTime: 60_000,
});
