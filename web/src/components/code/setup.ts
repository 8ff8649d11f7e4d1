import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags as t } from "@lezer/highlight";
import type { Language } from "@/lib/language";
import { languageMode } from "./languages";

/** Colours come from the page's variables, so one style serves both themes. */
const highlighting = HighlightStyle.define([
  { tag: [t.keyword, t.operatorKeyword, t.controlKeyword, t.definitionKeyword], color: "var(--code-keyword)" },
  { tag: [t.string, t.special(t.string)], color: "var(--code-string)" },
  { tag: [t.number, t.bool, t.null], color: "var(--code-number)" },
  { tag: [t.comment, t.lineComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [t.function(t.variableName), t.function(t.definition(t.variableName))], color: "var(--code-name)" },
  { tag: [t.className, t.definition(t.className), t.typeName, t.self], color: "var(--code-type)" },
  { tag: [t.meta, t.annotation], color: "var(--code-type)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "14px", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", fontVariantLigatures: "none" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--mine)" },
  ".cm-line": { padding: "0 14px 0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--mine)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--soft)", border: "none", paddingLeft: "6px" },
  ".cm-lineNumbers .cm-gutterElement": { opacity: "0.7", minWidth: "2.2em" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--ink) 4%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--mine) 24%, transparent)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--theirs) 26%, transparent)",
    outline: "1px solid color-mix(in srgb, var(--theirs) 55%, transparent)",
  },
});

/** What every view of code shares: its language, colours, numbers, long lines wrapped. */
export function codeBase(language: Language): Extension {
  return [
    lineNumbers(),
    languageMode(language),
    syntaxHighlighting(highlighting),
    look,
    EditorView.lineWrapping,
    EditorState.tabSize.of(4),
  ];
}

/** Code to look at. It can be scrolled, selected and reached by keyboard, not changed. */
export function readOnlyCode(label: string, language: Language): Extension {
  return [
    codeBase(language),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
}

/** Without Mod+Enter: that belongs to the page. */
const ownKeys = defaultKeymap.filter(({ key }) => key !== "Mod-Enter");

/** Code to write: indentation, brackets, undo. Escape and then Tab leaves the editor. */
export function writableCode(label: string, language: Language): Extension {
  return [
    codeBase(language),
    history(),
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    bracketMatching(),
    indentOnInput(),
    keymap.of([...ownKeys, ...historyKeymap, indentWithTab]),
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
  ];
}
