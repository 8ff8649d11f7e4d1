import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, request } from "@/lib/api";
import type { Me, SessionOpened } from "@/protocol/wire.gen";

/** Who this browser is; null without a session. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await request<Me>("GET", "/api/v1/me");
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 401) return null;
      throw error;
    }
  },
});

export const useMe = () => useQuery(meQuery);

/** What `me` becomes with a fresh session, until the server says more. */
export const freshMe = ({ player }: SessionOpened): Me => ({ player, active_duel_id: null });

/** Starts a session as a guest. The server sets the cookie; the token of the answer is not kept. */
export function useBecomeGuest() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (nickname: string) => request<SessionOpened>("POST", "/api/v1/session/guest", { nickname }),
    onSuccess: (session) => client.setQueryData<Me | null>(meQuery.queryKey, freshMe(session)),
  });
}

/** Ends the session. */
export function useLeave() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request("DELETE", "/api/v1/session"),
    onSuccess: () => client.setQueryData<Me | null>(meQuery.queryKey, null),
  });
}
