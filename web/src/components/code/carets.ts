import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";

/** Where another player's caret is; offsets in UTF-16 units. */
export interface Caret {
  anchor: number;
  head: number;
  name: string;
}

export const setCaret = StateEffect.define<Caret>();

class CaretWidget extends WidgetType {
  constructor(private readonly name: string) {
    super();
  }

  override eq(other: CaretWidget): boolean {
    return other.name === this.name;
  }

  toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "cm-other-caret";
    caret.setAttribute("aria-hidden", "true");
    const label = document.createElement("span");
    label.className = "cm-other-name";
    label.textContent = this.name;
    caret.append(label);
    return caret;
  }
}

function decorate({ anchor, head, name }: Caret, length: number): DecorationSet {
  const [a, h] = [Math.min(anchor, length), Math.min(head, length)];
  const caret = Decoration.widget({ widget: new CaretWidget(name), side: 1 }).range(h);
  if (a === h) return Decoration.set([caret]);
  const selection = Decoration.mark({ class: "cm-other-selection" }).range(Math.min(a, h), Math.max(a, h));
  return Decoration.set([selection, caret], true);
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(carets, tr) {
    const set = tr.effects.findLast((effect) => effect.is(setCaret));
    return set ? decorate(set.value, tr.newDoc.length) : carets.map(tr.changes);
  },
  provide: (f) => EditorView.decorations.from(f),
});

const look = EditorView.baseTheme({
  ".cm-other-caret": {
    position: "relative",
    borderLeft: "2px solid var(--theirs)",
    marginLeft: "-1px",
    marginRight: "-1px",
  },
  ".cm-other-name": {
    position: "absolute",
    left: "-1px",
    top: "-1.35em",
    padding: "0 5px",
    borderRadius: "4px 4px 4px 0",
    backgroundColor: "var(--theirs)",
    color: "var(--bg)",
    font: "600 10px/1.5 var(--font-sans)",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    zIndex: "2",
  },
  ".cm-line:first-of-type .cm-other-name": { top: "1.5em", borderRadius: "0 4px 4px 4px" },
  ".cm-other-selection": { backgroundColor: "color-mix(in srgb, var(--theirs) 25%, transparent)" },
});

/** Shows another player's caret and selection, set by the effect `setCaret`. */
export const otherCaret: Extension = [field, look];
