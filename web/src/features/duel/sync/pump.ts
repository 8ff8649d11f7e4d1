import type { ChangeSet } from "@codemirror/state";
import type { Ledger, SentEdit } from "./ledger";
import { diff } from "./text";

/** The answer to one edit; `null` when none came: the connection was lost or slow. */
export type EditReply = { seq: number } | { code: string; message: string; retryAfterMs: number } | null;

/** What the pump needs of the world. */
export interface Port {
  /** Sends one edit; never rejects. */
  send(seq: number, changes: unknown): Promise<EditReply>;
  /** Asks for a fresh snapshot, by which `opened` is called if the connection is up. */
  reopen(): void;
  /** Shows a change that did not come from the author. */
  show(changes: ChangeSet): void;
  /** The ledger has changed. */
  save(): void;
  stateChanged(state: PumpState): void;
}

/**
 * `closed`: no connection, or a snapshot is awaited. `open`: edits flow. `paused`: the server asked to wait. `fenced`: another
 * page has the pen, until a snapshot says otherwise. `over`: the duel takes no edits. `refused`: the server cannot take this text.
 */
export type PumpState = "closed" | "open" | "paused" | "fenced" | "over" | "refused";

/** Why the server will not get every edit. */
export class Unsettled extends Error {
  constructor(readonly state: "fenced" | "over" | "refused") {
    super(state);
  }
}

const BATCH_MS = 40;
const WINDOW = 16;
const PAUSE_MS = 250;
/** So many snapshots in a row without one accepted edit mean that the server will not take this text. */
const PATIENCE = 3;

/** Sends the author's edits: batched, in order, each until it is acknowledged. */
export class Pump {
  private state: PumpState = "closed";
  /** Answers to edits of an earlier life are ignored: the snapshot that began this one already counts them. */
  private life = 0;
  private inFlight = 0;
  private lastSent = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private resumeAt = 0;
  private failures = 0;
  private waiters: Array<{ resolve: (seq: number) => void; reject: (error: Error) => void }> = [];

  constructor(
    public ledger: Ledger,
    private readonly port: Port,
  ) {}

  /** Goes on from another ledger, until a snapshot comes. */
  resume(ledger: Ledger, state: "closed" | "fenced"): void {
    const changes = diff(this.ledger.local, ledger.local);
    this.ledger = ledger;
    this.startLife(state);
    if (!changes.empty) this.port.show(changes);
  }

  /** The author typed. */
  typed(changes: ChangeSet): void {
    this.ledger.type(changes);
    this.port.save();
    if (this.state === "refused") this.lost();
    else this.schedule();
  }

  /**
   * A snapshot came: the server's last edit and text, whether the pen is here now, and whether its author asked for it.
   *
   * A server that has lost the text waits for the page that wrote last: no other takes the pen unasked, or the starter for news.
   */
  opened(seq: number, text: string, given = true, asked = false): void {
    const pen = given && (asked || this.state !== "fenced" || seq > 0);
    const lost = !pen && seq === 0 && this.ledger.acked > 0;
    const changes = lost ? null : this.ledger.rebase(seq, text, this.state === "fenced");
    this.startLife(pen ? "open" : "fenced");
    this.port.save();
    if (changes) this.port.show(changes);
    if (!pen) return this.rejectWaiters("fenced");
    this.flush();
    this.settleWaiters();
  }

  /** The connection went away, or the pen, or the duel ended. */
  close(state: "closed" | "fenced" | "over" = "closed"): void {
    const stays = state === "closed" && (this.state === "fenced" || this.state === "over");
    this.startLife(stays ? this.state : state);
    if (state !== "closed") this.rejectWaiters(state);
  }

  /** Resolves with the last seq once the server has every edit; rejects when that cannot come to be. */
  settled(): Promise<number> {
    if (this.state === "fenced" || this.state === "over") return Promise.reject(new Unsettled(this.state));
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      this.flush();
      this.settleWaiters();
    });
  }

  private startLife(state: PumpState): void {
    this.life++;
    this.inFlight = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.setState(state);
  }

  private setState(state: PumpState): void {
    if (state === this.state) return;
    this.state = state;
    this.port.stateChanged(state);
  }

  /** At once when idle, else when 40 ms have passed since the last edit. */
  private schedule(): void {
    if (this.timer !== undefined || this.state !== "open") return;
    const wait = this.lastSent + BATCH_MS - performance.now();
    if (wait <= 0) return this.flush();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, wait);
  }

  private flush(): void {
    if (this.state !== "open" || this.inFlight >= WINDOW) return;
    const edit = this.ledger.cut();
    if (!edit) return;
    this.port.save();
    this.transmit(edit);
  }

  private transmit(edit: SentEdit): void {
    const life = this.life;
    this.inFlight++;
    this.lastSent = performance.now();
    void this.port.send(edit.seq, edit.changes.toJSON()).then((reply) => {
      if (life === this.life) this.replied(reply);
    });
  }

  private replied(reply: EditReply): void {
    this.inFlight--;
    if (reply === null) return this.lost();
    if ("seq" in reply) this.acknowledged(reply.seq);
    else if (this.state === "open") this.failed(reply.code, reply.retryAfterMs);
    if (this.state === "paused" && this.inFlight === 0) this.resumeLater();
  }

  private acknowledged(seq: number): void {
    this.failures = 0;
    this.ledger.ack(seq);
    this.port.save();
    if (this.ledger.hasPending) this.schedule();
    this.settleWaiters();
  }

  private failed(code: string, retryAfterMs: number): void {
    if (code === "pen_taken") return this.fenced();
    if (code === "not_live") return this.close("over");
    if (code === "too_large" || this.failures >= PATIENCE) return this.refuse();
    if (code !== "rate_limited" && code !== "busy" && code !== "unavailable") {
      this.failures++;
      return this.lost();
    }
    this.resumeAt = performance.now() + (retryAfterMs || PAUSE_MS);
    this.setState("paused");
  }

  /** Only another text can mend it: what is typed is kept, and tried again at the next keystroke. */
  private refuse(): void {
    this.startLife("refused");
    this.rejectWaiters("refused");
  }

  /** What the other page has written is shown here, too. */
  private fenced(): void {
    this.close("fenced");
    this.port.reopen();
  }

  private lost(): void {
    this.startLife("closed");
    this.port.reopen();
  }

  /** Every answer is in and the wait is known: then all that is unacknowledged goes out again, with the same numbers. */
  private resumeLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.setState("open");
        for (const edit of this.ledger.sent) this.transmit(edit);
        this.flush();
      },
      Math.max(0, this.resumeAt - performance.now()),
    );
  }

  private settleWaiters(): void {
    if (!this.ledger.clean || this.state !== "open") return;
    for (const waiter of this.waiters.splice(0)) waiter.resolve(this.ledger.acked);
  }

  private rejectWaiters(state: Unsettled["state"]): void {
    for (const waiter of this.waiters.splice(0)) waiter.reject(new Unsettled(state));
  }
}
