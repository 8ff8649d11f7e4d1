import type { DuelSubmit } from "@/protocol/wire.gen";
import { load, local, store } from "./storage";

/** A language that solutions are written in. */
export type Language = DuelSubmit["language"];

const KEY = "duel-language";

/** What this player chose last, in this browser. */
export const rememberedLanguage = (): Language | null => load<Language>(local, KEY);

export const rememberLanguage = (language: Language): void => store(local, KEY, language);

/** By preference, for the queue: the server takes the first that it judges, and it always judges Python. */
export function preferredLanguages(): Language[] {
  const remembered = rememberedLanguage();
  return remembered && remembered !== "python" ? [remembered, "python"] : ["python"];
}
