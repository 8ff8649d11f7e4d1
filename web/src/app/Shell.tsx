import { Link, Outlet } from "@tanstack/react-router";
import { Button } from "@/components/Button";
import { LinkStatus } from "@/components/LinkStatus";
import { Logo } from "@/components/Logo";
import { Note } from "@/components/Note";
import { ThemeToggle } from "@/components/ThemeToggle";
import { connect, useLink } from "@/lib/connection";
import { useLeave, useMe } from "@/lib/session";
import { t } from "@/lib/strings";

/** The frame of every page but the duel. */
export function Shell() {
  return (
    <div className="mx-auto flex min-h-full w-full max-w-6xl flex-col px-5 sm:px-8">
      <title>{t.common.name}</title>
      <header className="flex h-16 shrink-0 items-center justify-between gap-4">
        <Link to="/" className="text-lg">
          <Logo />
        </Link>
        <div className="flex items-center gap-3 sm:gap-5">
          <Identity />
          <ThemeToggle />
        </div>
      </header>
      <ClosedNote />
      <main className="flex-1 pb-12">
        <Outlet />
      </main>
    </div>
  );
}

function Identity() {
  const { data: me } = useMe();
  const leave = useLeave();
  if (!me) return null;
  return (
    <>
      <LinkStatus />
      <span className="max-w-40 truncate font-medium" data-testid="me">
        {me.player.nickname} <span className="tabular text-soft text-sm">{me.player.rating}</span>
      </span>
      <Button tone="quiet" size="small" onClick={() => leave.mutate()} className="max-sm:hidden">
        {t.common.leave}
      </Button>
    </>
  );
}

function ClosedNote() {
  const { link, reason } = useLink();
  if (link !== "closed") return null;
  return (
    <Note
      tone="warn"
      className="mb-4"
      testId="session-closed"
      action={<Button onClick={connect}>{t.link.again}</Button>}
    >
      {t.link.closedBecause(reason)}
    </Note>
  );
}
