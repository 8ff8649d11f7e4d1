import type { Language } from "@/lib/language";
import type {
  DuelPlayer,
  DuelPresence,
  DuelRan,
  DuelVerdict,
  RatingChange,
  Snapshot,
  SubmissionView,
} from "@/protocol/wire.gen";
import type { PumpState } from "../sync/pump";

/** A run of the samples or of the own input. */
export interface Run {
  runId: string;
  ownInput: boolean;
  answer: DuelRan | null;
  problem: string | null;
}

export interface Said {
  key: number;
  playerId: string;
  reaction: string;
}

/** All that the duel's page shows, but for the texts of the editors. */
export interface DuelState {
  snapshot: Snapshot | null;
  /** Why the duel cannot be shown. */
  failure: string | null;
  pen: PumpState;
  /** Whether there was something typed here that the server has not got, when the pen went to another page. */
  unsent: boolean;
  /** The own code as it would be, had all that was typed here been sent before the duel's end; null when it was. */
  leftOver: string | null;
  /** What the own code is written in; null before there is any. */
  language: Language | null;
  run: Run | null;
  submitting: boolean;
  /** Why the last act was refused. */
  problem: string | null;
  /** The judge's words to this player, by submission. */
  details: Record<string, DuelVerdict>;
  /** Server time of the last keystroke, by player. */
  typedAt: Record<string, number>;
  said: Said[];
  ratings: Record<string, RatingChange>;
}

export const emptyState: DuelState = {
  snapshot: null,
  failure: null,
  pen: "closed",
  unsent: false,
  leftOver: null,
  language: null,
  run: null,
  submitting: false,
  problem: null,
  details: {},
  typedAt: {},
  said: [],
  ratings: {},
};

function changePlayer(snapshot: Snapshot, id: string, change: (player: DuelPlayer) => DuelPlayer): Snapshot {
  return { ...snapshot, players: snapshot.players.map((player) => (player.id === id ? change(player) : player)) };
}

/** Adds a submission or what is new about it; the list stays in the order of receipt. A verdict is never taken back. */
export function withSubmission(snapshot: Snapshot, playerId: string, news: SubmissionView): Snapshot {
  return changePlayer(snapshot, playerId, (player) => {
    const known = player.submissions.find((it) => it.submission_id === news.submission_id);
    const others = player.submissions.filter((it) => it !== known);
    const merged = { ...known, ...news, received_at: known?.received_at ?? news.received_at };
    return { ...player, submissions: [...others, merged].sort((a, b) => a.receipt - b.receipt) };
  });
}

export function withVerdict(snapshot: Snapshot, verdict: DuelVerdict, now: number): Snapshot {
  const { duel_id, player_id, line, column, failed_sample, ...news } = verdict;
  return withSubmission(snapshot, player_id, { ...news, received_at: now });
}

export function withPresence(snapshot: Snapshot, { player_id, connected, grace_until }: DuelPresence): Snapshot {
  return changePlayer(snapshot, player_id, (player) => ({ ...player, connected, grace_until }));
}

/** The languages in which the duel's challenge may be solved, once it is told. */
export const languagesOf = ({ challenge }: Snapshot): Language[] => Object.keys(challenge?.starter ?? {}) as Language[];

/** The two sides as this viewer sees them: the own one first; for a spectator in the order of the seats. */
export function sides(snapshot: Snapshot, myId: string): [DuelPlayer | undefined, DuelPlayer | undefined] {
  const [first, second] = snapshot.players;
  return second?.id === myId ? [second, first] : [first, second];
}

/** The most cases one submission of the player has passed, of how many; null before any verdict. */
export function progress(player: DuelPlayer): { passed: number; total: number } | null {
  const judged = player.submissions.filter((it) => it.total != null && it.verdict !== "IE");
  if (!judged.length) return null;
  return {
    passed: Math.max(...judged.map((it) => it.passed ?? 0)),
    total: Math.max(...judged.map((it) => it.total ?? 0)),
  };
}
