import { type Extension, Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { otherCaret, setCaret } from "@/components/code/carets";
import { inLanguage } from "@/components/code/languages";
import { readOnlyCode } from "@/components/code/setup";
import type { Language } from "@/lib/language";
import { RemoteDocument } from "../sync/remote";
import { diff } from "../sync/text";

/** Somebody else's document and, if it is shown, its editor. */
export class OtherDocument {
  private doc: RemoteDocument;
  private view: EditorView | null = null;
  private caret: { anchor: number; head: number } | null = null;

  constructor(
    readonly name: string,
    seq: number,
    text: string | null | undefined,
    private language: Language,
  ) {
    this.doc = new RemoteDocument(seq, text);
  }

  /** A snapshot came. */
  load(seq: number, text: string | null | undefined, language: Language): void {
    if (language !== this.language) this.view?.dispatch({ effects: inLanguage(language) });
    this.language = language;
    const before = this.doc.text ?? Text.empty;
    this.doc = new RemoteDocument(seq, text);
    const after = this.doc.text ?? Text.empty;
    if (!before.eq(after)) this.view?.dispatch({ changes: diff(before, after) });
  }

  /** An edit came. False when a snapshot is needed to go on. */
  edited(seq: number, changes: unknown): boolean {
    const change = this.doc.apply(seq, changes);
    if (change.kind === "applied") this.view?.dispatch({ changes: change.changes });
    return change.kind !== "gap";
  }

  cursorMoved(anchor: number, head: number): void {
    this.caret = { anchor, head };
    this.view?.dispatch({ effects: setCaret.of({ anchor, head, name: this.name }) });
  }

  setup(label: string): { doc: Text; extensions: Extension } {
    return { doc: this.doc.text ?? Text.empty, extensions: [readOnlyCode(label, this.language), otherCaret] };
  }

  attach = (view: EditorView): (() => void) => {
    this.view = view;
    if (this.caret) this.cursorMoved(this.caret.anchor, this.caret.head);
    return () => {
      this.view = null;
    };
  };
}
