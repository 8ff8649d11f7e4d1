import { t } from "@/lib/strings";
/** A duel in three sentences, for those who are here for the first time. */
export function HowItGoes() {
  return (
    <ol className="grid gap-x-8 gap-y-5 px-1 pt-3 sm:grid-cols-3">
      {t.lobby.steps.map(([title, text], index) => (
        <li key={title}>
          <span className="tabular text-theirs text-sm">{index + 1}</span>
          <h3 className="mt-1 font-semibold text-balance">{title}</h3>
          <p className="text-soft mt-1 text-sm text-pretty">{text}</p>
        </li>
      ))}
    </ol>
  );
}
