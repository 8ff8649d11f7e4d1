import { useCallback } from "react";
import { classes } from "@/components/classes";
import { useCodeView } from "@/components/code/useCodeView";
import { Icon } from "@/components/Icon";
import { useServerNow } from "@/lib/clock";
import { t } from "@/lib/strings";
import type { DuelPlayer } from "@/protocol/wire.gen";
import { useDuel, useDuelController, useSnapshot } from "../play/context";
import { Submissions } from "./Submissions";

interface Props {
  player: DuelPlayer;
  side: "mine" | "theirs";
}

/** What another player writes, as far as it may be seen. */
export function OtherPanel({ player, side }: Props) {
  const { visibility } = useSnapshot();
  return (
    <section aria-label={t.editor.codeOf(player.nickname)} className="flex min-h-0 flex-1 flex-col">
      <header className="border-line flex h-10 shrink-0 items-center gap-3 border-b px-4">
        <h2 className={classes("truncate text-sm font-semibold", side === "mine" ? "text-mine" : "text-theirs")}>
          {player.nickname}
        </h2>
        <span className="text-soft text-xs" data-testid="opponent-language">
          {t.languages[player.language]}
        </span>
        <Typing playerId={player.id} />
        {visibility !== "live" && (
          <span className="text-soft ml-auto text-xs">
            {visibility === "veiled" ? t.editor.veiled : t.editor.hidden}
          </span>
        )}
      </header>
      {player.text == null ? <Hidden player={player} /> : <LiveCode player={player} />}
      <Submissions players={[player]} title={t.console.submissions} />
    </section>
  );
}

function LiveCode({ player }: { player: DuelPlayer }) {
  const other = useDuelController().others.get(player.id);
  const label = t.editor.codeOfReadOnly(player.nickname);
  const setup = useCallback(() => other?.setup(label) ?? { doc: "", extensions: [] }, [other, label]);
  return <div ref={useCodeView(setup, other?.attach)} className="min-h-0 flex-1" data-testid="opponent-editor" />;
}

function Hidden({ player }: { player: DuelPlayer }) {
  return (
    <div
      className="text-soft grid min-h-0 flex-1 place-content-center gap-2 p-6 text-center"
      data-testid="opponent-editor"
    >
      <Icon name="eye" className="mx-auto size-6" />
      <p>{t.editor.hiddenText(player.nickname)}</p>
    </div>
  );
}

const TYPING_MS = 2000;

function Typing({ playerId }: { playerId: string }) {
  const at = useDuel((state) => state.typedAt[playerId] ?? 0);
  const now = useServerNow(at ? 500 : null);
  if (now - at > TYPING_MS) return null;
  return <span className="text-soft animate-breathe text-xs">{t.editor.typing}</span>;
}
