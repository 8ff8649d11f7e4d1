import { useState } from "react";
import { Confirm } from "@/components/Confirm";
import type { Language } from "@/lib/language";
import { t } from "@/lib/strings";
import { languagesOf } from "../model/state";
import { useDuel, useDuelController, useSnapshot } from "../play/context";

/** What the own code is written in. Another language begins with its starter code, so changed code is asked about first. */
export function LanguagePicker() {
  const controller = useDuelController();
  const offered = languagesOf(useSnapshot());
  const language = useDuel((state) => state.language);
  const locked = useDuel(({ pen }) => pen === "fenced" || pen === "over");
  const [wanted, setWanted] = useState<Language | null>(null);
  if (offered.length < 2 || !language) return null;
  const pick = (next: Language) => (controller.changed ? setWanted(next) : controller.writeIn(next));
  return (
    <>
      <select
        aria-label={t.editor.language}
        value={language}
        disabled={locked}
        onChange={(event) => pick(event.currentTarget.value as Language)}
        className="border-line bg-raised h-7 rounded-md border px-1.5 text-xs"
        data-testid="language"
      >
        {offered.map((it) => (
          <option key={it} value={it}>
            {t.languages[it]}
          </option>
        ))}
        {!offered.includes(language) && <option value={language}>{t.languages[language]}</option>}
      </select>
      <Confirm
        open={wanted !== null}
        onOpenChange={(open) => !open && setWanted(null)}
        title={t.editor.changeTitle(wanted ? t.languages[wanted] : "")}
        text={t.editor.changeText}
        yes={t.editor.changeYes}
        no={t.editor.changeNo}
        onYes={() => wanted && controller.writeIn(wanted)}
      />
    </>
  );
}
