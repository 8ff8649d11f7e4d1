import "fake-indexeddb/auto";
import { createStore, get, keys, set } from "idb-keyval";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Draft, Drafts, removeOldDrafts } from "./drafts";
import { Storage } from "./testing";

const shelf = createStore("python-duel", "drafts");
const KEY = "duel-draft:duel:ada";
const draft = (base: string, at = Date.now()): Draft => ({
  acked: 1,
  base,
  sent: [],
  pending: null,
  language: "python",
  at,
  id: "page:1",
  from: [],
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  vi.stubGlobal("window", { sessionStorage: new Storage() });
});

afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  await shelf("readwrite", (store) => void store.clear());
});

const laidDown = async () => (await get<Draft>(KEY, shelf))?.base;

describe("a draft", () => {
  it("is written at the first keystroke, and again a moment after the last", async () => {
    const drafts = new Drafts("duel", "ada");
    let text = "a";
    const save = () => drafts.save(() => draft(text));
    save();
    expect(await laidDown()).toBe("a");
    text = "ab";
    save();
    text = "abc";
    save();
    expect(await laidDown()).toBe("a");
    vi.advanceTimersByTime(150);
    expect(await laidDown()).toBe("abc");
  });

  it("is read by another page of this browser", async () => {
    new Drafts("duel", "ada").save(() => draft("here"));
    await laidDown();
    expect((await new Drafts("duel", "ada").load())?.base).toBe("here");
    expect(await new Drafts("duel", "bob").load()).toBeNull();
  });

  it("that a page kept as it went away counts, if it is the newest", async () => {
    const now = Date.now();
    const drafts = new Drafts("duel", "ada");
    await set(KEY, draft("earlier", now - 2), shelf);
    drafts.keep(() => draft("at the last moment", now - 1), false);
    expect((await drafts.load())?.base).toBe("at the last moment");
    await set(KEY, draft("later, on another page", now), shelf);
    expect((await drafts.load())?.base).toBe("later, on another page");
  });

  it("is gone with the duel, also one that waits to be written", async () => {
    const drafts = new Drafts("duel", "ada");
    drafts.save(() => draft("a"));
    drafts.save(() => draft("ab"));
    drafts.keep(() => draft("ab"), true);
    drafts.remove();
    vi.advanceTimersByTime(1000);
    expect(await drafts.load()).toBeNull();
  });

  it("that nobody came back for in a day is removed", async () => {
    await set("duel-draft:old:ada", draft("old", Date.now() - 25 * 3_600_000), shelf);
    await set(KEY, draft("of today"), shelf);
    await removeOldDrafts();
    expect(await keys(shelf)).toEqual([KEY]);
  });
});

describe("where the browser keeps nothing", () => {
  const drafts = new Drafts("duel", "ada");
  const refuse = () => {
    throw new DOMException("private", "SecurityError");
  };

  it.each([
    ["refuses", refuse],
    ["does not know what that is", undefined],
  ])("and %s, the tab's own storage will do", async (_, open) => {
    const broken = await brokenDrafts(open && { open });
    broken.save(() => draft("a"));
    expect(await broken.load()).toBeNull();
    broken.keep(() => draft("kept for this tab"), true);
    expect((await broken.load())?.base).toBe("kept for this tab");
    broken.remove();
  });

  it("and says nothing, it is not waited for", async () => {
    const silent = await brokenDrafts({ open: () => ({}) });
    const loaded = silent.load();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await loaded).toBeNull();
  });

  it("and no session storage either, all goes on", async () => {
    vi.stubGlobal("window", {});
    drafts.keep(() => draft("nowhere"), false);
    expect(await drafts.load()).toBeNull();
  });
});

/** The module as it is in a browser whose IndexedDB is this one. */
async function brokenDrafts(indexedDB: unknown): Promise<Drafts> {
  vi.stubGlobal("indexedDB", indexedDB);
  vi.resetModules();
  const fresh = await import("./drafts");
  return new fresh.Drafts("duel", "ada");
}
