import { ChangeSet, type Text } from "@codemirror/state";
import { diff, insertsWholeCharacters, parseText, weight } from "./text";

/** An edit that was numbered and handed to the connection, and is not acknowledged yet. */
export interface SentEdit {
  seq: number;
  changes: ChangeSet;
}

/** A ledger as it is put by. */
export interface SavedLedger {
  acked: number;
  base: string;
  sent: unknown[];
  pending: unknown;
}

/**
 * What the author of a document has typed, and how much of it the server is known to have.
 *
 * The server's text at `acked`, then the `sent` edits in order, then the `pending` one give the local text. No I/O, no clock.
 */
export class Ledger {
  private pending: ChangeSet | null = null;
  private sentEdits: SentEdit[] = [];
  private localText: Text;

  private constructor(
    private ackedSeq: number,
    private base: Text,
  ) {
    this.localText = base;
  }

  static at(seq: number, text: string): Ledger {
    return new Ledger(seq, parseText(text));
  }

  /** What the author sees. */
  get local(): Text {
    return this.localText;
  }

  /** The last edit the server has acknowledged. */
  get acked(): number {
    return this.ackedSeq;
  }

  get sent(): readonly SentEdit[] {
    return this.sentEdits;
  }

  get hasPending(): boolean {
    return this.pending !== null;
  }

  /** Whether the server is known to have everything. */
  get clean(): boolean {
    return this.pending === null && this.sentEdits.length === 0;
  }

  /** The author typed. */
  type(changes: ChangeSet): void {
    this.localText = changes.apply(this.localText);
    this.pending = this.pending?.compose(changes) ?? changes;
  }

  /** Numbers what is pending and returns it for sending; null when there is nothing to send. */
  cut(): SentEdit | null {
    const changes = this.takePending();
    if (!changes || changes.empty) return null;
    const edit = { seq: this.ackedSeq + this.sentEdits.length + 1, changes };
    this.sentEdits.push(edit);
    return edit;
  }

  private takePending(): ChangeSet | null {
    const changes = this.pending;
    this.pending = null;
    if (!changes || insertsWholeCharacters(changes)) return changes;
    const before = this.sentEdits.reduce((text, edit) => edit.changes.apply(text), this.base);
    return diff(before, this.localText);
  }

  /** The server has all edits up to `seq`. Repeated and older acknowledgements change nothing. */
  ack(seq: number): void {
    while (this.sentEdits[0] && this.sentEdits[0].seq <= seq) {
      const edit = this.sentEdits.shift() as SentEdit;
      this.base = edit.changes.apply(this.base);
      this.ackedSeq = edit.seq;
    }
  }

  /**
   * Meets the server's truth, after which everything unacknowledged is pending again, as one edit.
   *
   * Edits the server has are dropped. What another page wrote is kept and the own edits are mapped over it. When the server
   * went back in time, the local text wins, unless another page has had the pen (`elsewhere`) and has brought its text.
   * Returns what the editor has to apply to show the new local text, null for nothing.
   * Only safe when no earlier edit of this ledger can still reach the server.
   */
  rebase(seq: number, text: string, elsewhere = false): ChangeSet | null {
    const server = parseText(text);
    const before = this.localText;
    const wentBack = seq < this.ackedSeq && !(elsewhere && seq > 0);
    const unsaved = wentBack ? diff(server, before) : this.mapOver(server);
    this.base = server;
    this.ackedSeq = seq;
    this.sentEdits = [];
    this.pending = unsaved.empty ? null : unsaved;
    this.localText = unsaved.apply(server);
    return this.localText.eq(before) ? null : diff(before, this.localText);
  }

  /** The unacknowledged edits, as one, on top of the server's text. */
  private mapOver(server: Text): ChangeSet {
    const { text, rest } = this.nearestPoint(server);
    return rest.map(diff(text, server));
  }

  /** The point of the own history from which the server's text differs least, and all edits after it. */
  private nearestPoint(server: Text): { text: Text; rest: ChangeSet } {
    const edits = [...this.sentEdits.map((edit) => edit.changes), ...(this.pending ? [this.pending] : [])];
    let text = this.base;
    let best = { text, from: 0, distance: weight(diff(text, server)) };
    this.sentEdits.forEach((edit, index) => {
      text = edit.changes.apply(text);
      const distance = weight(diff(text, server));
      if (distance <= best.distance) best = { text, from: index + 1, distance };
    });
    if (this.pending && this.broughtBy(server, best.distance))
      best = { text: this.localText, from: edits.length, distance: 0 };
    const none = ChangeSet.empty(best.text.length);
    return { text: best.text, rest: edits.slice(best.from).reduce((all, changes) => all.compose(changes), none) };
  }

  /** Whether another page took up this draft, the pending edit too, sent it, and perhaps wrote on: then nothing is left to send. */
  private broughtBy(server: Text, distance: number): boolean {
    const since = diff(this.localText, server);
    return weight(since) < distance && server.length - this.localText.length === weight(since);
  }

  /** The same without what the server is not known to have. */
  withoutUnsent(): Ledger {
    return new Ledger(this.ackedSeq, this.base);
  }

  save(): SavedLedger {
    return {
      acked: this.ackedSeq,
      base: this.base.toString(),
      sent: this.sentEdits.map((edit) => edit.changes.toJSON()),
      pending: this.pending?.toJSON() ?? null,
    };
  }

  /** The ledger that was saved. Throws when the saved edits do not fit each other. */
  static restore(saved: SavedLedger): Ledger {
    const ledger = Ledger.at(saved.acked, saved.base);
    for (const json of saved.sent) {
      ledger.type(ChangeSet.fromJSON(json));
      ledger.cut();
    }
    if (saved.pending) ledger.type(ChangeSet.fromJSON(saved.pending));
    return ledger;
  }
}
