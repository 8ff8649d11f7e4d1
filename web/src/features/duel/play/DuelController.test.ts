import "fake-indexeddb/auto";
import { ChangeSet } from "@codemirror/state";
import { createStore, del, get, set } from "idb-keyval";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Language } from "@/lib/language";
import type { Snapshot } from "@/protocol/wire.gen";
import { FakeServer } from "../sync/testing";
import { DuelController } from "./DuelController";
import { type Draft, Drafts } from "./drafts";
import { Storage, world } from "./testing";

vi.mock("@/lib/connection", async () => (await import("./testing")).connection);

const STARTER = "starter\n";
const KEY = "duel-draft:duel:ada";
const shelf = createStore("python-duel", "drafts");
let server: FakeServer;
let language: Language;
let status: Snapshot["status"];
let page: DuelController;
let sight: EventTarget & { visibilityState: string };

const snapshot = (): Snapshot =>
  ({
    duel_id: "duel",
    status,
    role: "player",
    server_time: Date.now(),
    challenge: { limits: { code_bytes: 65_536 }, starter: { python: STARTER, cpp: STARTER } },
    players: [{ id: "ada", nickname: "Ada", language, seq: server.seq, text: server.text, submissions: [] }],
  }) as unknown as Snapshot;

let epoch: number | null = null;

function answer(event: string, payload: Record<string, unknown>): unknown {
  if (event === "duel:open") {
    epoch = server.open(payload.page as string, payload.take as boolean);
    return { snapshot: snapshot(), pen: epoch !== null };
  }
  const reply = server.edit(epoch ?? 0, payload.seq as number, JSON.parse(JSON.stringify(payload.changes)));
  if (reply && "code" in reply) throw reply;
  return reply;
}

/** Another page of the same player writes, and the server has it. */
function another(...edits: unknown[]): void {
  const itsEpoch = server.open("another") as number;
  for (const changes of edits) server.edit(itsEpoch, server.seq + 1, changes);
}

const asked = (event: string) => world.asked.filter(([it]) => it === event);
const local = () => page.mine?.text;
const pen = () => page.store.getState().pen;
const become = (state: string) => vi.waitFor(() => expect(pen()).toBe(state));
const laidDown = async () => (await get<Draft>(KEY, shelf)) as Draft;

function type(text: string): void {
  const { length } = page.mine?.text ?? "";
  page.mine?.typed(ChangeSet.of({ from: length, insert: text }, length));
}

async function started(): Promise<void> {
  page.start();
  await vi.waitFor(() => expect(page.mine).not.toBeNull());
}

/** The connection goes, and `meanwhile` something happens. */
async function away(meanwhile: () => unknown): Promise<void> {
  world.link({ link: "reconnecting" }, { link: "online" });
  await meanwhile();
  const before = asked("duel:open").length;
  world.link({ link: "online" }, { link: "reconnecting" });
  await vi.waitFor(() => expect(asked("duel:open").length).toBeGreaterThan(before));
  await vi.waitFor(() => expect(pen()).not.toBe("closed"));
}

beforeEach(() => {
  sight = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", sight);
  vi.stubGlobal("window", Object.assign(new EventTarget(), { sessionStorage: new Storage() }));
  server = new FakeServer(STARTER);
  language = "python";
  status = "live";
  world.asked = [];
  world.answer = answer;
  page = new DuelController("duel", "ada", () => {});
});

afterEach(async () => {
  page.stop();
  vi.unstubAllGlobals();
  await shelf("readwrite", (store) => void store.clear());
});

describe("a page of a duel", () => {
  it("takes the pen as it starts, but not out of sight", async () => {
    another();
    await started();
    expect(pen()).toBe("open");
    page.stop();
    another();
    sight.visibilityState = "hidden";
    page = new DuelController("duel", "ada", () => {});
    await started();
    expect(pen()).toBe("fenced");
  });

  it("shows nothing before it has joined", async () => {
    let join = () => {};
    const joined = new Promise<void>((resolve) => {
      join = resolve;
    });
    world.answer = (event, payload) => joined.then(() => answer(event, payload));
    page.start();
    await vi.waitFor(() => expect(asked("duel:open")).toHaveLength(1));
    world.handlers.get("duel:state")?.({ snapshot: snapshot() });
    expect([page.mine, page.store.getState().snapshot]).toEqual([null, null]);
    join();
    await become("open");
  });

  it("sends nothing while it joins anew: the server would take it after it has answered", async () => {
    await started();
    let answered = () => {};
    world.answer = (event, payload) => {
      const it = answer(event, payload);
      if (event !== "duel:open") return it;
      return new Promise((resolve) => {
        answered = () => resolve(it);
      });
    };
    page.open();
    await vi.waitFor(() => expect(asked("duel:open")).toHaveLength(2));
    type("typed meanwhile");
    expect(asked("duel:edit")).toEqual([]);
    answered();
    await vi.waitFor(() => expect(server.text).toBe(`${STARTER}typed meanwhile`));
  });

  it("puts nothing by for a duel that is not there", async () => {
    await set(KEY, { at: Date.now() }, shelf);
    world.answer = () => {
      throw { code: "not_found", message: "gone", retryAfterMs: 0 };
    };
    page.start();
    await vi.waitFor(async () => expect(await laidDown()).toBeUndefined());
    expect(page.store.getState().failure).toBe("gone");
  });
});

describe("a page that only shows", () => {
  /** It has typed and sent "mine"; then another page has the pen. */
  async function fenced(): Promise<void> {
    await started();
    type("mine\n");
    await vi.waitFor(() => expect(page.mine?.unsent).toBe(false));
    await away(another);
    expect(pen()).toBe("fenced");
  }

  /** What another page has put by: typed after all that was typed here, and not sent. */
  async function left(text: string): Promise<void> {
    const { length } = server.text;
    const pending = ChangeSet.of({ from: length, insert: text }, length).toJSON();
    const at = Date.now() + 1;
    await set(KEY, { ...(await laidDown()), acked: server.seq, base: server.text, sent: [], pending, at }, shelf);
  }

  it("gives way to what was typed later on the other, when it goes", async () => {
    await fenced();
    await left("theirs");
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
    page.stop();
    vi.restoreAllMocks();
    expect((await new Drafts("duel", "ada").load())?.pending).not.toBeNull();
  });

  it("begins with what the other has left when it takes the pen", async () => {
    await fenced();
    await left("theirs");
    page.takePen();
    await vi.waitFor(() => expect(server.text).toBe(`${STARTER}mine\ntheirs`));
    expect(local()).toBe(server.text);
  });

  it("writes nothing over what the other has put by", async () => {
    await started();
    type("a");
    type("b"); // waits to be written
    server.open("another");
    await become("fenced");
    await left("theirs");
    const { at } = await laidDown();
    await new Promise((resolve) => setTimeout(resolve, 200)); // longer than a draft waits
    expect((await laidDown()).at).toBe(at);
  });

  it("does not add what the other took up and sent before it wrote on in several places", async () => {
    await started();
    await away(async () => {
      type("mine\n");
      type("too\n");
      await vi.waitFor(async () =>
        expect((await laidDown()).pending).toEqual([STARTER.length, [0, "mine", "too", ""]]),
      );
      const draft = await laidDown();
      await set(KEY, { ...draft, id: "another:1", from: [draft.id], at: draft.at + 1 }, shelf);
      another([STARTER.length, [0, "mine", "too", ""]], [[0, "top", ""], STARTER.length + 9], [21, [0, "end"]]);
    });
    expect([pen(), page.mine?.unsent]).toEqual(["fenced", false]);
    expect(local()).toBe(`top\n${STARTER}mine\ntoo\nend`);
  });

  it("adds what was typed here in the language that the text is in now", async () => {
    await started();
    await away(() => {
      type("mine");
      language = "cpp";
      another([[0, "// cpp", ""], STARTER.length]);
    });
    expect([page.mine?.language, page.mine?.unsent]).toEqual(["cpp", true]);
    page.takePen();
    await vi.waitFor(() => expect(server.text).toBe(`// cpp\n${STARTER}mine`));
    expect(asked("duel:edit").map(([, edit]) => edit.language)).toEqual(["cpp"]);
  });

  it("looks for what was written since when it comes into sight", async () => {
    await fenced();
    another([server.text.length, [0, "theirs"]]);
    sight.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => expect(local()).toBe(`${STARTER}mine\ntheirs`));
    expect(pen()).toBe("fenced");
  });
});

describe("a submission", () => {
  /** Presses Submit; how the server answers, if it is not received. */
  async function submit(refused?: string): Promise<string> {
    world.answer = (event, payload) => {
      if (event !== "duel:submit") return answer(event, payload);
      if (refused) throw { code: refused, message: refused, retryAfterMs: 0 };
      return { submission_id: payload.submission_id, receipt: 1, queue_position: 0 };
    };
    await page.submit();
    expect(page.store.getState().problem).toBe(refused ?? null);
    return asked("duel:submit").at(-1)?.[1].submission_id as string;
  }

  it("is the same one until the server says that it was received", async () => {
    await started();
    const first = await submit("unavailable"); // perhaps committed, and its reply lost
    expect(await submit("rate_limited")).toBe(first); // says nothing about the first
    expect(await submit()).toBe(first);
    expect(await submit()).not.toBe(first);
  });

  it("is another one with other code, or in another language", async () => {
    await started();
    const first = await submit("unavailable");
    page.writeIn("cpp");
    const second = await submit("unavailable");
    type("more");
    const ids = [first, second, await submit("unavailable")];
    expect(new Set(ids).size).toBe(3);
    expect(asked("duel:submit").map(([, it]) => [it.seq, it.language])).toEqual([
      [0, "python"],
      [1, "cpp"],
      [2, "cpp"],
    ]);
  });
});

describe("the end of a duel", () => {
  const leftOver = () => page.store.getState().leftOver;

  /** It comes, and who is there hears of it. */
  function ends(): void {
    status = "finished";
    world.handlers.get("duel:state")?.({ snapshot: snapshot() });
  }

  async function refresh(): Promise<void> {
    page.stop();
    page = new DuelController("duel", "ada", () => {});
    page.start();
    await vi.waitFor(() => expect(page.store.getState().snapshot).not.toBeNull());
  }

  /** The server refuses the next edit, and answers no other. */
  function refuseEdits(code: string): void {
    const before = asked("duel:edit").length;
    world.answer = (event, payload) => {
      if (event !== "duel:edit") return answer(event, payload);
      if (asked("duel:edit").length > before + 1) return new Promise(() => {});
      throw { code, message: code, retryAfterMs: 60_000 };
    };
  }

  it("offers what was typed while away, over a refresh too, until it is dismissed", async () => {
    await started();
    world.link({ link: "reconnecting" }, { link: "online" });
    type("mine");
    status = "finished";
    world.link({ link: "online" }, { link: "reconnecting" });
    await become("over");
    expect(leftOver()).toBe(`${STARTER}mine`);
    await refresh();
    expect(leftOver()).toBe(`${STARTER}mine`);
    page.dismissLeftOver();
    ends(); // as when a rematch is offered
    expect(leftOver()).toBeNull();
    expect(await new Drafts("duel", "ada").load()).toBeNull();
  });

  it("offers what was typed here before another page took the pen", async () => {
    await started();
    await away(() => {
      type("mine");
      another([[0, "theirs", ""], STARTER.length]);
    });
    ends();
    await del(KEY, shelf); // the other has nothing left
    await refresh();
    expect(leftOver()).toBe(`theirs\n${STARTER}mine`);
  });

  it("leaves nothing over that the server has all the same", async () => {
    await started();
    await away(() => {
      type("mine");
      another([STARTER.length, [0, "mine"]]);
      status = "finished";
    });
    expect([leftOver(), await laidDown()]).toEqual([null, undefined]);
  });

  it("offers what came too late, though before the last verdict", async () => {
    await started();
    refuseEdits("not_live");
    await away(() => type("mine"));
    await become("over");
    await refresh();
    ends();
    expect(leftOver()).toBe(`${STARTER}mine`);
  });

  it.each([
    ["asked to wait", "unavailable", "paused"],
    ["gave no answer", "lost", "open"],
  ])("offers what was not sent because the server %s", async (_, code, state) => {
    await started();
    refuseEdits(code);
    type("mine");
    await vi.waitFor(() => expect(asked("duel:edit").length).toBe(state === "open" ? 2 : 1));
    await become(state);
    ends();
    expect(leftOver()).toBe(`${STARTER}mine`);
  });

  it("says nothing of the keystrokes that were on their way", async () => {
    await started();
    await away(() => type("mine"));
    await vi.waitFor(() => expect(page.mine?.unsent).toBe(false));
    world.answer = () => new Promise(() => {});
    type("!");
    ends();
    expect([leftOver(), await laidDown()]).toEqual([null, undefined]);
  });
});
