import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { t } from "@/lib/strings";
import type { Snapshot } from "@/protocol/wire.gen";
import { DuelController } from "./DuelController";
import { Storage, world } from "./testing";

vi.mock("@/lib/connection", async () => (await import("./testing")).connection);

const snapshot = {
  duel_id: "duel",
  status: "live",
  role: "player",
  server_time: Date.now(),
  challenge: { limits: { code_bytes: 65_536 }, starter: { python: "" } },
  players: [{ id: "ada", nickname: "Ada", language: "python", seq: 0, text: "", submissions: [] }],
} as unknown as Snapshot;
let page: DuelController;

describe("a run", () => {
  const shown = () => page.store.getState().run;
  const running = () => Boolean(shown() && !shown()?.answer && !shown()?.problem);
  const HONEST_MS = 40_000; // a judge died over it, another one took it
  const JOBS = 20;
  const FOR_EACH_MS = 2000;

  /** Presses Run, with so many jobs before it; its id. */
  async function run(queue_position = 0): Promise<string> {
    world.answer = () => ({ queue_position });
    await page.run(null);
    expect(running()).toBe(true);
    return shown()?.runId as string;
  }

  const answered = (run_id: string) => world.handlers.get("duel:ran")?.({ duel_id: "duel", run_id, verdict: "AC" });

  beforeEach(async () => {
    vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
    vi.stubGlobal("window", Object.assign(new EventTarget(), { sessionStorage: new Storage() }));
    world.answer = () => ({ snapshot, pen: true });
    page = new DuelController("duel", "ada", () => {});
    page.start();
    await vi.waitFor(() => expect(page.mine).not.toBeNull());
    vi.useFakeTimers();
  });

  afterEach(() => {
    page.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is lost when no answer comes, but not while it waits for others", async () => {
    await run(JOBS);
    vi.advanceTimersByTime(HONEST_MS + JOBS * FOR_EACH_MS);
    expect(running()).toBe(true);
    vi.advanceTimersByTime(HONEST_MS + JOBS * FOR_EACH_MS);
    expect(shown()?.problem).toBe(t.errors.runLost);
  });

  it("shows its answer also when that comes late, unless there is a newer one", async () => {
    const first = await run();
    vi.advanceTimersByTime(10 * HONEST_MS);
    answered(first);
    expect([shown()?.answer?.run_id, shown()?.problem]).toEqual([first, null]);
    vi.advanceTimersByTime(10 * HONEST_MS);
    expect(shown()?.problem).toBeNull();
    const second = await run();
    answered(first);
    expect([running(), shown()?.runId]).toEqual([true, second]);
  });

  it("is not lost with the one before it", async () => {
    answered(await run());
    vi.advanceTimersByTime(HONEST_MS);
    await run();
    vi.advanceTimersByTime(HONEST_MS);
    expect(running()).toBe(true);
  });

  it("is lost with the connection, unless its answer has come", async () => {
    const first = await run();
    world.link({ link: "reconnecting" }, { link: "online" });
    expect(shown()?.problem).toBe(t.errors.runLost);
    answered(first);
    world.link({ link: "reconnecting" }, { link: "online" });
    expect(shown()?.problem).toBeNull();
  });
});
