import { useCallback } from "react";
import type { Language } from "@/lib/language";
import { readOnlyCode } from "./setup";
import { useCodeView } from "./useCodeView";

interface Props {
  text: string;
  language: Language;
  label: string;
}

/** A finished text. */
export function StaticCode({ text, language, label }: Props) {
  const setup = useCallback(() => ({ doc: text, extensions: readOnlyCode(label, language) }), [text, language, label]);
  return <div ref={useCodeView(setup)} className="h-full min-h-0" />;
}
