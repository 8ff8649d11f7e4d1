import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/Button";
import { useBecomeGuest } from "@/lib/session";
import { load, local, store } from "@/lib/storage";
import { t } from "@/lib/strings";
import { Duelists } from "./Duelists";

const KEY = "duel-nickname";

/** The door: what this is, and a nickname to enter by. */
export function Welcome({ title }: { title: readonly string[] }) {
  return (
    <div className="grid items-center gap-12 py-8 lg:min-h-[74vh] lg:grid-cols-[1fr_1.1fr]">
      <div>
        <h1 className="max-w-lg text-5xl leading-[1.06] font-bold tracking-tight text-balance xl:text-6xl">
          {title.map((line) => (
            <span key={line} className="block">
              {line}
            </span>
          ))}
        </h1>
        <p className="text-soft mt-5 max-w-md text-lg text-pretty">{t.door.text}</p>
        <NicknameForm />
      </div>
      <Duelists />
    </div>
  );
}

function NicknameForm() {
  const [nickname, setNickname] = useState(() => load<string>(local, KEY) ?? "");
  const guest = useBecomeGuest();
  const [fieldId, errorId] = [useId(), useId()];
  const enter = (event: FormEvent) => {
    event.preventDefault();
    store(local, KEY, nickname.trim());
    guest.mutate(nickname.trim());
  };
  return (
    <form onSubmit={enter} className="mt-9 max-w-md">
      <label htmlFor={fieldId} className="eyebrow">
        {t.door.nickname}
      </label>
      <div className="mt-2 flex gap-2">
        <input
          id={fieldId}
          value={nickname}
          onChange={(event) => setNickname(event.target.value)}
          maxLength={24}
          required
          // biome-ignore lint/a11y/noAutofocus: the one field of this page, and what the page is for
          autoFocus
          autoComplete="nickname"
          spellCheck={false}
          placeholder={t.door.example}
          aria-describedby={guest.isError ? errorId : undefined}
          aria-invalid={guest.isError}
          data-testid="nickname-input"
          className="border-line bg-raised h-13 min-w-0 flex-1 rounded-lg border px-4 text-lg"
        />
        <Button
          type="submit"
          tone="primary"
          size="large"
          disabled={guest.isPending || !nickname.trim()}
          data-testid="enter"
        >
          {t.door.enter}
        </Button>
      </div>
      {guest.isError && (
        <p id={errorId} role="alert" className="text-bad mt-2 text-sm">
          {guest.error.message}
        </p>
      )}
      <p className="text-soft mt-3 text-sm">{t.door.hint}</p>
    </form>
  );
}
