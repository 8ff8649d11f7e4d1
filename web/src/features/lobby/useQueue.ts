import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { ask, listen, type Refused, useLink } from "@/lib/connection";
import { preferredLanguages } from "@/lib/language";
import type { QueueJoin } from "@/protocol/wire.gen";

type Mode = QueueJoin["mode"];

interface Waiting {
  mode: Mode;
  /** Local time at which the wait began. */
  since: number;
  estimateMs: number | null;
}

/** Waiting for an opponent: joins again after every reconnect, and goes to the duel once paired. `rejoined`: the server lost the queue meanwhile, and put this player back. */
export function useQueue() {
  const navigate = useNavigate();
  const online = useLink((state) => state.link === "online");
  const [mode, setMode] = useState<Mode | null>(null);
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const [rejoined, setRejoined] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const go = useCallback((duelId: string) => navigate({ to: "/duel/$duelId", params: { duelId } }), [navigate]);

  useEffect(() => listen("queue:matched", ({ duel_id }) => void go(duel_id)), [go]);

  useEffect(
    () =>
      listen("queue:rejoined", ({ waiting_ms, estimate_ms }) => {
        setRejoined(true);
        setWaiting((it) => it && { ...it, since: Date.now() - waiting_ms, estimateMs: estimate_ms });
      }),
    [],
  );

  useEffect(() => {
    if (!mode || !online) return;
    let current = true;
    ask("queue:join", { mode, languages: preferredLanguages() }).then(
      ({ waiting_ms, estimate_ms }) =>
        current && setWaiting({ mode, since: Date.now() - waiting_ms, estimateMs: estimate_ms ?? null }),
      (error: Refused) => {
        if (!current || error.code === "lost") return;
        setMode(null);
        setWaiting(null);
        if (error.code === "already_in_duel" && error.body.duel_id) void go(error.body.duel_id);
        else setProblem(error.message);
      },
    );
    return () => {
      current = false;
    };
  }, [mode, online, go]);

  const join = useCallback((wanted: Mode) => {
    setProblem(null);
    setRejoined(false);
    setMode(wanted);
  }, []);

  const leave = useCallback(() => {
    setMode(null);
    setWaiting(null);
  }, []);

  // Whoever cancels or leaves the page leaves the queue; offline, the server forgets the ticket by itself.
  useEffect(() => (mode ? () => void ask("queue:leave", {}).catch(() => {}) : undefined), [mode]);

  return { mode, waiting, rejoined, problem, online, join, leave };
}
