import { describe, expect, it } from "vitest";
import type { DuelPlayer, DuelVerdict, Snapshot } from "@/protocol/wire.gen";
import { progress, sides, withPresence, withSubmission, withVerdict } from "./state";
import { awayWords, headline, lostWords, reasonWords, submissionWords } from "./words";

const player = (id: string): DuelPlayer => ({
  id,
  nickname: id,
  rating: 1500,
  connected: true,
  language: "python",
  seq: 0,
  submissions: [],
});

const duel: Snapshot = {
  duel_id: "d",
  status: "live",
  role: "player",
  mode: "casual",
  ranked: false,
  visibility: "live",
  server_time: 0,
  starts_at: 10_000,
  deadline: 910_000,
  players: [player("ada"), player("guido")],
  grace_ms: 60_000,
};

const verdict = (news: Partial<DuelVerdict>): DuelVerdict => ({
  duel_id: "d",
  player_id: "ada",
  submission_id: "s1",
  receipt: 1,
  verdict: "WA",
  passed: 3,
  total: 8,
  time_ms: 5,
  memory_kb: 9000,
  ...news,
});

describe("the duel's state", () => {
  it("puts the viewer's own side first", () => {
    expect(sides(duel, "guido").map((it) => it?.id)).toEqual(["guido", "ada"]);
    expect(sides(duel, "somebody").map((it) => it?.id)).toEqual(["ada", "guido"]);
  });

  it("keeps the time of receipt and the order when verdicts come late", () => {
    const two = { submission_id: "s2", receipt: 2, received_at: 20 };
    let it = withSubmission(duel, "ada", two);
    it = withSubmission(it, "ada", { submission_id: "s1", receipt: 1, received_at: 10 });
    it = withVerdict(it, verdict({}), 99);
    const [ada] = sides(it, "ada");
    expect(ada?.submissions.map((s) => [s.submission_id, s.received_at, s.verdict])).toEqual([
      ["s1", 10, "WA"],
      ["s2", 20, undefined],
    ]);
    expect(ada && progress(ada)).toEqual({ passed: 3, total: 8 });
  });

  it("says of a held pass that it waits", () => {
    const it = withVerdict(duel, verdict({ verdict: "AC", passed: 8, held: true }), 1).players[0]?.submissions[0];
    expect(it && submissionWords(it)).toMatch(/waits for an earlier/);
  });

  it("marks who is away", () => {
    const it = withPresence(duel, { duel_id: "d", player_id: "guido", connected: false, grace_until: 9 });
    expect(it.players.map((p) => p.connected)).toEqual([true, false]);
    expect(it.players.map((p) => p.grace_until)).toEqual([undefined, 9]);
  });
});

describe("the result in words", () => {
  const won = { outcome: "win", winner_id: "ada", reason: "solved" } as const;
  const solved = withSubmission(duel, "ada", { submission_id: "s", receipt: 1, received_at: 211_900, verdict: "AC" });

  it("names the winner and the moment", () => {
    expect(headline(solved, won, "ada")).toBe("You win");
    expect(headline(solved, won, "guido")).toBe("You lose");
    expect(headline({ ...solved, role: "spectator" }, won, "x")).toBe("ada wins");
    expect(reasonWords(solved, won, "ada")).toBe("ada solved it first, at 3:21.");
  });

  it("names the loser where the loser decided it", () => {
    expect(reasonWords(duel, { ...won, reason: "resigned" }, "ada")).toBe("guido resigned.");
    expect(reasonWords(duel, { outcome: "aborted", reason: "abandoned" }, "ada")).toMatch(/^Both/);
  });

  it("says of a forfeit how long, and whose it was", () => {
    const result = { ...won, reason: "abandoned" } as const;
    expect(reasonWords(duel, result, "ada")).toBe("guido was away for more than 60 seconds: a forfeit.");
    expect(reasonWords(duel, result, "guido")).toBe("You were away for more than 60 seconds: a forfeit.");
    expect(reasonWords({ ...duel, role: "spectator" }, result, "x")).toMatch(/^guido was/);
  });
});

describe("who is away, in words", () => {
  const away = (it: Snapshot, player_id: string, grace_until: number) =>
    withPresence(it, { duel_id: "d", player_id, connected: false, grace_until });
  const one = away(duel, "guido", 60_000);

  it("says what follows, and until when", () => {
    expect(awayWords(duel, 0, "ada")).toBeNull();
    expect(awayWords(one, 0, "ada")).toEqual({
      text: expect.stringMatching(/^guido is away.* you win/),
      until: 60_000,
    });
    expect(awayWords({ ...one, role: "spectator" }, 0, "x")?.text).toMatch(/ada wins/);
  });

  it("takes the later of the two when both are away", () => {
    const both = awayWords(away(one, "ada", 70_000), 65_000, "x");
    expect(both).toEqual({ text: expect.stringMatching(/called off/), until: 70_000 });
  });

  it("does not count on when only a verdict is awaited", () => {
    expect(awayWords(one, 60_000, "ada")).toEqual({ text: expect.stringMatching(/verdict/), until: null });
  });

  it("leaves out who looks, whatever the server still says of them", () => {
    expect(awayWords(one, 0, "guido")).toBeNull();
    expect(awayWords(away(one, "ada", 70_000), 0, "ada")?.text).toMatch(/^guido is away.* you win/);
  });

  it("promises no forfeit that only the time after the deadline would bring", () => {
    const late = away(duel, "guido", duel.deadline + 1);
    expect(awayWords(late, duel.deadline - 1, "ada")).toEqual({ text: "guido is away.", until: null });
    expect(awayWords(away(late, "ada", 70_000), 0, "x")).toEqual({ text: "Both players are away.", until: null });
  });

  it("says to who has lost the connection what is at stake, and until when", () => {
    const words = (now: number, lostAt: number) => lostWords(duel, now, lostAt);
    expect(words(1, 0)).toEqual({
      text: expect.stringMatching(/back before time is up.*or you lose by forfeit/),
      until: 60_000,
    });
    expect(words(60_000, 0)).toEqual({
      text: expect.stringMatching(/if the duel still goes on.*may have lost/),
      until: null,
    });
    expect(words(850_001, 850_001)).toEqual({ text: expect.not.stringMatching(/forfeit/), until: null });
  });

  it("promises to send nothing once time is up, and a forfeit only where it came before", () => {
    const words = (lostAt: number) => lostWords(duel, duel.deadline, lostAt);
    expect(words(850_001)).toEqual({ text: expect.stringMatching(/time is up.*kept here for you\.$/), until: null });
    expect(words(850_000)).toEqual({ text: expect.stringMatching(/time is up.*may have lost/), until: null });
  });
});
