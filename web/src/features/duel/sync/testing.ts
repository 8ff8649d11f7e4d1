import type { ChangeSet } from "@codemirror/state";
import type { EditReply } from "./pump";

/** A small seeded generator (mulberry32), so that a failing round can be played again. */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Applies the wire's change set to a plain string: an independent reading of the format. */
export function applyWire(text: string, changes: unknown): string {
  let at = 0;
  let out = "";
  for (const part of changes as Array<number | [number, ...string[]]>) {
    if (typeof part === "number") {
      out += text.slice(at, at + part);
      at += part;
    } else {
      const [deleted, ...lines] = part;
      at += deleted;
      out += lines.join("\n");
    }
  }
  if (at !== text.length) throw new RangeError(`covers ${at} of ${text.length} units`);
  return out;
}

/** A server's side of one document: seq, replays, gaps and the pen, as protocol.md says. */
export class FakeServer {
  seq = 0;
  epoch = 0;
  credit = Number.POSITIVE_INFINITY;
  accepted: number[] = [];

  constructor(public text = "") {}

  private page = "";

  /** A new pen for the page; null when another page has it and keeps it. */
  open(page = "", take = true): number | null {
    if (!take && this.epoch > 0 && page !== this.page) return null;
    this.page = page;
    return ++this.epoch;
  }

  /** Its store is gone: the text, and who may write. */
  empty(starter: string): void {
    this.seq = 0;
    this.text = starter;
    this.epoch = 0;
    this.page = "";
    this.accepted = [];
  }

  edit(epoch: number, seq: number, changes: unknown): EditReply {
    if (epoch !== this.epoch) return refusal(this.epoch ? "pen_taken" : "resync");
    if (seq <= this.seq) return { seq };
    if (this.credit <= 0) return refusal("rate_limited", 100);
    if (seq > this.seq + 1) return refusal("resync");
    this.text = applyWire(this.text, changes);
    this.credit--;
    this.accepted.push(seq);
    this.seq = seq;
    return { seq };
  }
}

export const refusal = (code: string, retryAfterMs = 0) => ({ code, message: code, retryAfterMs });

export const wire = (changes: ChangeSet): unknown => JSON.parse(JSON.stringify(changes));
