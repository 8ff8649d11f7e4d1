import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { challengesQuery } from "@/lib/queries";
import { t } from "@/lib/strings";
import type { DuelCreate } from "@/protocol/wire.gen";

type Visibility = NonNullable<DuelCreate["visibility"]>;

const MINUTES = [5, 10, 15, 30, 60, 90];
const VISIBILITIES: Visibility[] = ["live", "veiled", "hidden"];

/** What a duel by invitation may be: its problem, its length, and what each sees of the other. */
export function InviteOptions({ wish, onChange }: { wish: DuelCreate; onChange(wish: DuelCreate): void }) {
  const { data: challenges = [] } = useQuery(challengesQuery);
  return (
    <details className="mb-4 text-sm">
      <summary className="text-soft hover:text-ink cursor-pointer">{t.invite.options}</summary>
      <div className="mt-3 flex flex-col gap-3">
        <Choice
          label={t.invite.challenge}
          value={wish.challenge ?? ""}
          onChange={(slug) => onChange({ ...wish, challenge: slug || null })}
          testId="invite-challenge"
        >
          <option value="">{t.invite.anyChallenge}</option>
          {challenges.map(({ slug, title }) => (
            <option key={slug} value={slug}>
              {title}
            </option>
          ))}
        </Choice>
        <Choice
          label={t.invite.length}
          value={String(wish.minutes ?? "")}
          onChange={(minutes) => onChange({ ...wish, minutes: minutes ? Number(minutes) : null })}
          testId="invite-minutes"
        >
          <option value="">{t.invite.usualLength}</option>
          {MINUTES.map((minutes) => (
            <option key={minutes} value={minutes}>
              {t.invite.minutes(minutes)}
            </option>
          ))}
        </Choice>
        <Choice
          label={t.invite.visibility}
          value={wish.visibility ?? "live"}
          onChange={(visibility) => onChange({ ...wish, visibility: visibility as Visibility })}
          testId="invite-visibility"
        >
          {VISIBILITIES.map((it) => (
            <option key={it} value={it}>
              {t.invite.visibilities[it]}
            </option>
          ))}
        </Choice>
      </div>
    </details>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  testId: string;
  onChange(value: string): void;
  children: ReactNode;
}

function Choice({ label, value, testId, onChange, children }: ChoiceProps) {
  return (
    <label className="flex flex-col gap-1">
      <span className="eyebrow">{label}</span>
      <select
        value={value}
        data-testid={testId}
        onChange={(event) => onChange(event.currentTarget.value)}
        className="border-line bg-raised h-9 rounded-lg border px-2"
      >
        {children}
      </select>
    </label>
  );
}
