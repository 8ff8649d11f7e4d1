import { elapsedTime, plural } from "@/lib/format";
import type { Result, Snapshot, SubmissionView, Verdict } from "@/protocol/wire.gen";

export const VERDICTS: Record<Verdict, string> = {
  AC: "Accepted",
  WA: "Wrong answer",
  TLE: "Too slow",
  MLE: "Too much memory",
  OLE: "Too much output",
  RE: "Runtime error",
  CE: "Does not compile",
  REJ: "Not allowed",
  IE: "Judge failed",
};

/** What may be said in a duel: the key travels, the words are shown. */
export const REACTIONS: Record<string, string> = {
  luck: "Good luck!",
  nice: "Nice one",
  close: "So close…",
  hmm: "Hmm…",
  wow: "Wow!",
  gg: "Good game",
};

export const verdictTone = (verdict: Verdict): "ok" | "bad" | "warn" =>
  verdict === "AC" ? "ok" : verdict === "IE" ? "warn" : "bad";

/** The state of a submission in words. */
export function submissionWords(it: SubmissionView): string {
  if (it.held) return `All ${it.total ?? ""} cases passed; waits for an earlier submission`;
  if (!it.verdict) return "Being judged";
  const cases = it.total ? ` · ${it.passed ?? 0} of ${plural(it.total, "case")}` : "";
  return VERDICTS[it.verdict] + cases;
}

const name = (snapshot: Snapshot, id: string | null | undefined) =>
  snapshot.players.find((player) => player.id === id)?.nickname ?? "Nobody";

/** The headline of a finished duel, to this viewer. */
export function headline(snapshot: Snapshot, result: Result, myId: string): string {
  if (result.outcome === "draw") return "A draw";
  if (result.outcome === "aborted") return "Called off";
  if (snapshot.role === "spectator") return `${name(snapshot, result.winner_id)} wins`;
  return result.winner_id === myId ? "You win" : "You lose";
}

/** Why it ended so, in one sentence. */
export function reasonWords(snapshot: Snapshot, result: Result): string {
  const winner = name(snapshot, result.winner_id);
  const loser = snapshot.players.find((player) => player.id !== result.winner_id)?.nickname ?? "The other";
  switch (result.reason) {
    case "solved":
      return `${winner} solved it first${solvedAt(snapshot, result)}.`;
    case "most_cases":
      return `Time ran out; ${winner} had passed the most cases${mostCases(snapshot, result)}.`;
    case "resigned":
      return `${loser} resigned.`;
    case "abandoned":
      return result.winner_id ? `${loser} was away for too long.` : "Both players were away for too long.";
    case "agreed":
      return "The players agreed on it.";
    case "timeout":
      return "Time ran out, and neither was ahead.";
    case "aborted":
      return "The duel could not be finished. It does not count.";
  }
}

function solvedAt(snapshot: Snapshot, result: Result): string {
  const winner = snapshot.players.find((player) => player.id === result.winner_id);
  const pass = winner?.submissions.find((it) => it.verdict === "AC");
  return pass ? `, at ${elapsedTime(pass.received_at - snapshot.starts_at)}` : "";
}

function mostCases(snapshot: Snapshot, result: Result): string {
  const winner = snapshot.players.find((player) => player.id === result.winner_id);
  const best = Math.max(0, ...(winner?.submissions.map((it) => it.passed ?? 0) ?? []));
  return best ? ` (${best})` : "";
}
