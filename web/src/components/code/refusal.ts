import { type Extension, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";

/** Where the judge stopped reading. Lines and columns from 1, columns in characters; without one the whole line is meant. */
export interface Refusal {
  line: number;
  column?: number | null;
  message: string;
}

/** Marks the place, or takes the mark away. */
export const setRefusal = StateEffect.define<Refusal | null>();

class Message extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: Message): boolean {
    return other.text === this.text;
  }

  toDOM(): HTMLElement {
    const box = document.createElement("div");
    box.className = "cm-refusal-message";
    box.setAttribute("role", "note");
    box.textContent = this.text;
    return box;
  }
}

/** The offset of a line and column, kept inside the text. */
export function offsetOf(doc: Text, { line, column }: Refusal): number {
  const it = doc.line(Math.min(Math.max(1, line), doc.lines));
  const before = [...it.text].slice(0, Math.max(0, (column ?? 1) - 1)).join("");
  return it.from + before.length;
}

function decorate(refusal: Refusal, doc: Text): DecorationSet {
  const at = offsetOf(doc, refusal);
  const line = doc.lineAt(at);
  const message = Decoration.widget({ widget: new Message(refusal.message), block: true, side: 1 }).range(line.to);
  const whole = Decoration.line({ class: "cm-refusal-line" }).range(line.from);
  if (at >= line.to) return Decoration.set([whole, message], true);
  return Decoration.set([whole, Decoration.mark({ class: "cm-refusal" }).range(at, line.to), message], true);
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, tr) {
    const set = tr.effects.findLast((effect) => effect.is(setRefusal));
    if (set) return set.value ? decorate(set.value, tr.newDoc) : Decoration.none;
    return marks.map(tr.changes);
  },
  provide: (f) => EditorView.decorations.from(f),
});

const look = EditorView.baseTheme({
  ".cm-refusal-line": { backgroundColor: "color-mix(in srgb, var(--bad) 12%, transparent)" },
  ".cm-refusal": { textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".cm-refusal-message": {
    padding: "3px 14px 3px 18px",
    boxShadow: "inset 3px 0 var(--bad)",
    backgroundColor: "var(--bad-wash)",
    color: "var(--ink)",
    font: "13px/1.5 var(--font-sans)",
    whiteSpace: "pre-wrap",
  },
});

/** Shows why a program was refused, at its place. */
export const refusalMarks: Extension = [field, look];
