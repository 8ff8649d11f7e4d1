import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { useMe } from "@/lib/session";
import { t } from "@/lib/strings";
import { Challenges } from "./Challenges";
import { HowItGoes } from "./HowItGoes";
import { InviteCard } from "./InviteCard";
import { LiveDuels } from "./LiveDuels";
import { PlayCard } from "./PlayCard";

export function LobbyPage() {
  const { data: me, refetch } = useMe();
  useEffect(() => void refetch(), [refetch]);
  return (
    <div className="flex flex-col gap-5 pt-4 sm:pt-8">
      {me?.active_duel_id && <ReturnNote duelId={me.active_duel_id} />}
      <div className="grid items-start gap-5 lg:grid-cols-[1.7fr_1fr]">
        <div className="flex flex-col gap-5">
          <PlayCard />
          <LiveDuels />
          <HowItGoes />
        </div>
        <div className="flex flex-col gap-5">
          <InviteCard />
          <Challenges />
        </div>
      </div>
    </div>
  );
}

function ReturnNote({ duelId }: { duelId: string }) {
  const navigate = useNavigate();
  const back = () => navigate({ to: "/duel/$duelId", params: { duelId } });
  return (
    <Note
      tone="warn"
      testId="active-duel"
      action={
        <Button tone="primary" onClick={back} data-testid="return-to-duel">
          {t.lobby.back}
        </Button>
      }
    >
      {t.lobby.active}
    </Note>
  );
}
