import { cpp } from "@codemirror/lang-cpp";
import { java } from "@codemirror/lang-java";
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { indentUnit, type LanguageSupport } from "@codemirror/language";
import { Compartment, type Extension, type StateEffect } from "@codemirror/state";
import type { Language } from "@/lib/language";

const GRAMMARS: Record<Language, { grammar(): LanguageSupport; indent: string }> = {
  python: { grammar: python, indent: "    " },
  cpp: { grammar: cpp, indent: "    " },
  java: { grammar: java, indent: "    " },
  javascript: { grammar: javascript, indent: "  " },
};

const part = new Compartment();

const mode = (language: Language): Extension => {
  const { grammar, indent } = GRAMMARS[language];
  return [grammar(), indentUnit.of(indent)];
};

/** Colours and indentation of a language; `inLanguage` changes it later. */
export const languageMode = (language: Language): Extension => part.of(mode(language));

/** The effect that makes an editor one of another language. */
export const inLanguage = (language: Language): StateEffect<unknown> => part.reconfigure(mode(language));
