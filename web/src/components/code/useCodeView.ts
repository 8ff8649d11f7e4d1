import { EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type RefObject, useEffect, useRef } from "react";

/**
 * Holds one CodeMirror view in an element for as long as `setup` is the same function.
 *
 * `setup` gives the text and the extensions; `attach` gets the view and returns what undoes the attachment.
 */
export function useCodeView(
  setup: () => { doc: Text | string; extensions: Extension },
  attach?: (view: EditorView) => () => void,
): RefObject<HTMLDivElement | null> {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return;
    const view = new EditorView({ state: EditorState.create(setup()), parent: host.current });
    const detach = attach?.(view);
    return () => {
      detach?.();
      view.destroy();
    };
  }, [setup, attach]);
  return host;
}
