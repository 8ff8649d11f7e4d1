import { useCallback } from "react";
import { readOnlyCode } from "./setup";
import { useCodeView } from "./useCodeView";

/** A finished text of Python. */
export function StaticCode({ text, label }: { text: string; label: string }) {
  const setup = useCallback(() => ({ doc: text, extensions: readOnlyCode(label) }), [text, label]);
  return <div ref={useCodeView(setup)} className="h-full min-h-0" />;
}
