import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/Button";
import { CopyField } from "@/components/CopyField";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { ask } from "@/lib/connection";
import { t } from "@/lib/strings";
import type { DuelCreate } from "@/protocol/wire.gen";
import { InviteOptions } from "./InviteOptions";

/** A duel by link. The page goes on by itself when the friend accepts. */
export function InviteCard() {
  const [wish, setWish] = useState<DuelCreate>({});
  const create = useMutation({ mutationFn: () => ask("duel:create", wish) });
  return (
    <Panel className="p-6">
      <h2 className="text-lg font-semibold">{t.invite.title}</h2>
      {create.data ? (
        <div className="mt-3 flex flex-col gap-3">
          <CopyField
            label={t.invite.send}
            value={`${location.origin}/invite/${create.data.invite}`}
            testId="invite-link"
          />
          <p className="text-soft text-sm" role="status">
            {t.invite.wait}
          </p>
        </div>
      ) : (
        <>
          <p className="text-soft mt-1 mb-4 text-sm">{t.invite.text}</p>
          <InviteOptions wish={wish} onChange={setWish} />
          <Button onClick={() => create.mutate()} disabled={create.isPending} data-testid="invite">
            {t.invite.make}
          </Button>
        </>
      )}
      {create.isError && (
        <Note tone="bad" className="mt-3">
          {create.error.message}
        </Note>
      )}
    </Panel>
  );
}
