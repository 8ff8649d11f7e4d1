import { createStore, del, delMany, entries, get, set } from "idb-keyval";
import type { Language } from "@/lib/language";
import { load, session, store } from "@/lib/storage";
import type { SavedLedger } from "../sync/ledger";

/** What outlives a page: the ledger, what its text is written in, and where that comes from. */
export type Draft = SavedLedger & {
  language: Language;
  /** When (local clock) its author typed last. */
  at: number;
  /** Names what was typed: on which page, and until when. */
  id: string;
  /** The ids of the drafts that it went on from. */
  from: string[];
};

/** A tab that is killed loses at most what was typed in so many milliseconds. */
const WRITE_MS = 150;
/** A browser that refuses IndexedDB without saying so is not waited for any longer. */
const PATIENCE_MS = 1000;
const OLD_MS = 24 * 3_600_000;

const shelf = createStore("python-duel", "drafts");

/**
 * The drafts of one player in one duel.
 *
 * They lie in IndexedDB, for all pages of this browser. While a page goes away only what is written synchronously is sure to
 * arrive, so `keep` also writes to the tab's own session storage; whatever is newest counts. Without either all goes on.
 */
export class Drafts {
  private readonly key: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private changed = false;

  constructor(duelId: string, playerId: string) {
    this.key = `duel-draft:${duelId}:${playerId}`;
  }

  /** The newest draft, null for none. */
  async load(): Promise<Draft | null> {
    const here = load<Draft>(session, this.key);
    const shared = await quietly(() => get<Draft>(this.key, shelf));
    return here && (here.at ?? 0) > (shared?.at ?? 0) ? here : (shared ?? here);
  }

  /** Puts by what `draft` gives: at once, or a moment after the last time. */
  save(draft: () => Draft): void {
    this.changed = true;
    if (this.timer !== undefined) return;
    this.write(draft);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.changed) this.save(draft);
    }, WRITE_MS);
  }

  /** Nothing waits to be written any more. */
  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changed = false;
  }

  private write(draft: () => Draft): void {
    this.changed = false;
    void quietly(() => set(this.key, draft(), shelf));
  }

  /** The page may go away. `shared`: not only for this tab. */
  keep(draft: () => Draft, shared: boolean): void {
    store(session, this.key, draft());
    if (shared) this.write(draft);
  }

  remove(): void {
    this.cancel();
    store(session, this.key, null);
    void quietly(() => del(this.key, shelf));
  }
}

/** Removes the drafts that nobody has come back for in a day. */
export const removeOldDrafts = () =>
  quietly(async () => {
    const before = Date.now() - OLD_MS;
    const all = await entries<string, Draft>(shelf);
    await delMany(
      all.filter(([, draft]) => draft.at < before).map(([key]) => key),
      shelf,
    );
  });

/** Drafts are a comfort: where the browser refuses to keep them, or says nothing, there are none. */
async function quietly<T>(act: () => Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS);
  });
  try {
    return await Promise.race([act(), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
