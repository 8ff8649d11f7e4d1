import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { InvitePage } from "@/features/lobby/InvitePage";
import { LobbyPage } from "@/features/lobby/LobbyPage";
import { t } from "@/lib/strings";
import { LinkKeeper } from "./LinkKeeper";
import { Lost } from "./Lost";
import { SessionGate } from "./SessionGate";
import { Shell } from "./Shell";

// The editor is most of the code: the lobby does not wait for it.
const DuelPage = lazyRouteComponent(() => import("@/features/duel/DuelPage"), "DuelPage");
const HostPage = lazyRouteComponent(() => import("@/features/host/HostPage"), "HostPage");

const root = createRootRoute({
  component: () => (
    <>
      <LinkKeeper />
      <Outlet />
    </>
  ),
  notFoundComponent: Lost,
});

const framed = createRoute({ getParentRoute: () => root, id: "framed", component: Shell });

const lobby = createRoute({
  getParentRoute: () => framed,
  path: "/",
  component: () => (
    <SessionGate title={t.door.lobby}>
      <LobbyPage />
    </SessionGate>
  ),
});

const invite = createRoute({
  getParentRoute: () => framed,
  path: "/invite/$code",
  component: function Invite() {
    const { code } = invite.useParams();
    return (
      <SessionGate title={t.door.invite}>
        <InvitePage code={code} />
      </SessionGate>
    );
  },
});

const host = createRoute({ getParentRoute: () => framed, path: "/host", component: HostPage });

const duel = createRoute({
  getParentRoute: () => root,
  path: "/duel/$duelId",
  component: function Duel() {
    const { duelId } = duel.useParams();
    return (
      <SessionGate title={t.door.duel} framed>
        <DuelPage key={duelId} duelId={duelId} />
      </SessionGate>
    );
  },
});

const tree = root.addChildren([framed.addChildren([lobby, invite, host]), duel]);

export const makeRouter = () => createRouter({ routeTree: tree });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
