import { useNavigate } from "@tanstack/react-router";
import { Button } from "@/components/Button";
import { t } from "@/lib/strings";
import { useDuelController, useSnapshot } from "../play/context";

/** Once more, if both want it; the page then moves on by itself. */
export function RematchButton() {
  const controller = useDuelController();
  const navigate = useNavigate();
  const { rematch_offers = [], rematch_id, players } = useSnapshot();
  const other = players.find((player) => player.id !== controller.myId);
  if (rematch_id) {
    const go = () => navigate({ to: "/duel/$duelId", params: { duelId: rematch_id } });
    return (
      <Button tone="primary" onClick={go} data-testid="rematch">
        {t.result.toRematch}
      </Button>
    );
  }
  const asked = rematch_offers.includes(controller.myId);
  const wanted = other !== undefined && rematch_offers.includes(other.id);
  return (
    <>
      {wanted && !asked && (
        <span role="status" data-testid="rematch-offered" className="text-theirs text-sm font-medium">
          {t.result.wantsRematch(other.nickname)}
        </span>
      )}
      <Button tone="primary" disabled={asked} onClick={controller.rematch} data-testid="rematch">
        {asked
          ? t.result.waitingFor(other?.nickname ?? t.duel.opponent)
          : wanted
            ? t.result.acceptRematch
            : t.result.rematch}
      </Button>
    </>
  );
}
