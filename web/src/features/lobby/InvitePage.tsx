import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { ask, useLink } from "@/lib/connection";
import { t } from "@/lib/strings";

/** Accepting an invitation. It is a button, not the mere visit: link previews must not start duels. */
export function InvitePage({ code }: { code: string }) {
  const navigate = useNavigate();
  const online = useLink((state) => state.link === "online");
  const accept = useMutation({
    mutationFn: () => ask("duel:accept", { invite: code }),
    onSuccess: ({ duel_id }) => navigate({ to: "/duel/$duelId", params: { duelId: duel_id } }),
  });
  return (
    <Panel className="shadow-lift mx-auto mt-16 max-w-md p-8 text-center">
      <h1 className="text-3xl font-bold tracking-tight">{t.invite.challenged}</h1>
      <p className="text-soft mt-2 mb-7">{t.invite.soon}</p>
      <Button
        tone="primary"
        size="large"
        disabled={!online || accept.isPending}
        onClick={() => accept.mutate()}
        data-testid="accept-invite"
      >
        {t.invite.accept}
      </Button>
      {accept.isError && (
        <Note tone="bad" className="mt-5 text-left">
          {accept.error.message}
        </Note>
      )}
      <p className="mt-5 text-sm">
        <Link to="/" className="text-soft underline">
          {t.invite.notNow}
        </Link>
      </p>
    </Panel>
  );
}
