import { ChangeSet, type Text } from "@codemirror/state";
import { parseText } from "./text";

export type RemoteChange =
  /** Show these changes. */
  | { kind: "applied"; changes: ChangeSet }
  /** The code is hidden: something was typed, that is all. */
  | { kind: "activity" }
  /** Already known. */
  | { kind: "stale" }
  /** An edit is missing, or does not fit: a snapshot is needed. */
  | { kind: "gap" };

/** Another player's document, as far as this viewer may see it. `text` is null when the code is hidden. */
export class RemoteDocument {
  text: Text | null;

  constructor(
    public seq: number,
    text: string | null | undefined,
  ) {
    this.text = text == null ? null : parseText(text);
  }

  apply(seq: number, changes: unknown): RemoteChange {
    if (seq <= this.seq) return { kind: "stale" };
    if (changes == null || this.text === null) {
      this.seq = seq;
      return { kind: "activity" };
    }
    if (seq > this.seq + 1) return { kind: "gap" };
    return this.applyNext(seq, this.text, changes);
  }

  private applyNext(seq: number, text: Text, json: unknown): RemoteChange {
    try {
      const changes = ChangeSet.fromJSON(json);
      this.text = changes.apply(text);
      this.seq = seq;
      return { kind: "applied", changes };
    } catch (error) {
      if (error instanceof RangeError) return { kind: "gap" };
      throw error;
    }
  }
}
