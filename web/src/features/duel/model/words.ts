import { elapsedTime, plural } from "@/lib/format";
import { t } from "@/lib/strings";
import type { Result, Snapshot, SubmissionView, Verdict } from "@/protocol/wire.gen";

export const verdictTone = (verdict: Verdict): "ok" | "bad" | "warn" =>
  verdict === "AC" ? "ok" : verdict === "IE" ? "warn" : "bad";

/** The state of a submission in words. */
export function submissionWords(it: SubmissionView): string {
  if (it.held) return t.submission.held(String(it.total ?? ""));
  if (!it.verdict) return t.submission.pending;
  const cases = it.total ? t.submission.cases(it.passed ?? 0, it.total) : "";
  return t.verdicts[it.verdict] + cases;
}

const name = (snapshot: Snapshot, id: string | null | undefined) =>
  snapshot.players.find((player) => player.id === id)?.nickname ?? t.result.nobody;

/** The headline of a finished duel, to this viewer. */
export function headline(snapshot: Snapshot, result: Result, myId: string): string {
  if (result.outcome === "draw") return t.result.draw;
  if (result.outcome === "aborted") return t.result.aborted;
  if (snapshot.role === "spectator") return t.result.wins(name(snapshot, result.winner_id));
  return result.winner_id === myId ? t.result.youWin : t.result.youLose;
}

/** Why it ended so, in one sentence, to this viewer. */
export function reasonWords(snapshot: Snapshot, result: Result, myId: string): string {
  const winner = name(snapshot, result.winner_id);
  const loser = snapshot.players.find((player) => player.id !== result.winner_id)?.nickname ?? t.result.theOther;
  switch (result.reason) {
    case "solved":
      return t.result.solved(winner, solvedAt(snapshot, result));
    case "most_cases":
      return t.result.mostCases(winner, mostCases(snapshot, result));
    case "resigned":
      return t.result.resigned(loser);
    case "abandoned":
      return abandonedWords(snapshot, result, loser, myId);
    case "agreed":
      return t.result.agreed;
    case "timeout":
      return t.result.timeout;
    case "aborted":
      return t.result.abortedWhy;
  }
}

function abandonedWords(snapshot: Snapshot, { winner_id }: Result, loser: string, myId: string): string {
  const span = plural(Math.round(snapshot.grace_ms / 1000), "second");
  if (!winner_id) return t.result.bothAway(span);
  return snapshot.role === "player" && winner_id !== myId ? t.result.iWasAway(span) : t.result.abandoned(loser, span);
}

/**
 * Who is away, until when (server time), and what follows: in words. Null while everybody is there, to who looks: they are.
 * An absence decides nothing that would only be over after the deadline.
 */
export function awayWords(
  snapshot: Snapshot,
  now: number,
  myId: string,
): { text: string; until: number | null } | null {
  const away = snapshot.players.filter((player) => !player.connected && player.id !== myId);
  const [first] = away;
  if (!first) return null;
  const there = snapshot.players.find((player) => !away.includes(player));
  const until = Math.max(...away.map((player) => player.grace_until ?? 0)) || null;
  if (until && until > snapshot.deadline)
    return { text: there ? t.away.only(first.nickname) : t.away.onlyBoth, until: null };
  if (until && now >= until) return { text: t.away.used, until: null };
  if (!there) return { text: t.away.both, until };
  const text = snapshot.role === "player" ? t.away.youWin(first.nickname) : t.away.wins(first.nickname, there.nickname);
  return { text, until };
}

/**
 * What becomes of a player whose connection was lost at `lostAt` (server time), and of what they type: in words, and until when
 * it can be mended. As in `awayWords`, only an absence that is over by the deadline decides.
 */
export function lostWords(snapshot: Snapshot, now: number, lostAt: number): { text: string; until: number | null } {
  const { deadline, grace_ms } = snapshot;
  const until = lostAt + grace_ms;
  const decides = until <= deadline;
  if (decides && now < until) return { text: `${t.link.typeOn} ${t.away.youLose}`, until };
  const text = now >= deadline ? t.link.timeUp : decides ? t.link.perhaps : t.link.typeOn;
  return { text: decides ? `${text} ${t.away.youLost}` : text, until: null };
}

function solvedAt(snapshot: Snapshot, result: Result): string {
  const winner = snapshot.players.find((player) => player.id === result.winner_id);
  const pass = winner?.submissions.find((it) => it.verdict === "AC");
  return pass ? t.result.at(elapsedTime(pass.received_at - snapshot.starts_at)) : "";
}

function mostCases(snapshot: Snapshot, result: Result): string {
  const winner = snapshot.players.find((player) => player.id === result.winner_id);
  const best = Math.max(0, ...(winner?.submissions.map((it) => it.passed ?? 0) ?? []));
  return best ? ` (${best})` : "";
}
