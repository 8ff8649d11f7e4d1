import { io, type Socket } from "socket.io-client";
import { create } from "zustand";
import { t } from "@/lib/strings";
import type { Acks, ClientEvents, ErrorBody, ServerEvents } from "@/protocol/wire.gen";

export type Link = "idle" | "connecting" | "online" | "reconnecting" | "unauthenticated" | "closed";

interface LinkState {
  link: Link;
  /** Goes with `closed`. */
  reason: string | null;
  /** The server is about to stop and has asked this page to connect anew; true until it has, or could not. */
  draining: boolean;
  /** When (local clock) the connection was lost; null while there is one. */
  lostAt: number | null;
}

const UNTROUBLED = { reason: null, draining: false, lostAt: null };

/** The state of the one socket of this page. */
export const useLink = create<LinkState>(() => ({ link: "idle", ...UNTROUBLED }));

const online = () => useLink.setState({ link: "online", ...UNTROUBLED });
const interrupted = () => useLink.setState(({ lostAt }) => ({ link: "reconnecting", lostAt: lostAt ?? Date.now() }));

/** A client event that the server refused, or that got no answer (`code` "lost"). */
export class Refused extends Error {
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(readonly body: ErrorBody) {
    super(body.message);
    this.code = body.code;
    this.retryAfterMs = body.retry_after_ms ?? 0;
  }
}

const ANSWER_MS = 8000;
const lost = () => new Refused({ code: "lost", message: t.errors.lost });

let socket: Socket | null = null;
/** On its way to a duel's home; takes the place of `socket` once it is open. */
let moving: Socket | null = null;
const ANYWHERE = "/socket.io";
let path = ANYWHERE;
/** After so many failures in a row a home is left: after a short break all players would connect twice. */
const TRIES = 4;
let failures = 0;
const listeners = new Set<[event: string, handler: (payload: unknown) => void]>();

function made(at: string): Socket {
  return io({
    path: at,
    forceNew: true,
    autoConnect: false,
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    withCredentials: true,
    auth: {},
    reconnectionDelay: 250,
    reconnectionDelayMax: 4000,
    timeout: 8000,
  });
}

/** The socket, made at first use; it connects by `connect()`, with the session cookie. */
function theSocket(): Socket {
  socket ??= watched(made(path));
  return socket;
}

/** Goes over to the home of a duel: opens there first, so that nobody is away meanwhile; where that fails, stays. */
export function settle(home: string | null | undefined): void {
  if (!home || home === path || moving) return;
  const next = made(home);
  moving = next;
  next.once("connect", () => moved(next, home));
  next.once("connect_error", stay);
  next.connect();
}

function stay(): void {
  moving?.removeAllListeners().disconnect();
  moving = null;
}

function moved(next: Socket, home: string): void {
  socket?.removeAllListeners().disconnect();
  moving = null;
  path = home;
  socket = watched(next.removeAllListeners());
  for (const [event, handler] of listeners) next.on(event, handler);
  // What was asked on the old one has no answer any more: whoever depends on it begins anew.
  useLink.setState({ link: "connecting", reason: null });
  online();
}

function watched(it: Socket): Socket {
  it.on("connect", () => {
    failures = 0;
    online();
  });
  it.on("disconnect", (reason) => {
    if (useLink.getState().link === "closed" || reason === "io client disconnect") return;
    interrupted();
    if (!it.active) setTimeout(() => useLink.getState().link === "reconnecting" && it.connect(), 500);
  });
  it.on("connect_error", (error: Error & { data?: { code?: string } }) => {
    if (error.data?.code === "unauthenticated") useLink.setState({ link: "unauthenticated" });
    else {
      interrupted();
      useLink.setState({ draining: false }); // there is no other to move to yet
      // A home that says nothing, or cannot be reached again and again, may be lost: any other process will do.
      if (error.message === "timeout" || ++failures >= TRIES) path = it.io.opts.path = ANYWHERE;
      if (!it.active) setTimeout(() => it.connect(), 2000);
    }
  });
  it.on("queue:matched", ({ home }: ServerEvents["queue:matched"]) => settle(home));
  it.on("session:closed", ({ reason, reconnect }: ServerEvents["session:closed"]) => {
    if (reconnect) return; // Only this socket goes: the library opens the next one.
    useLink.setState({ link: "closed", reason });
    it.disconnect();
  });
  it.on("server:drain", ({ reconnect_within_ms }: ServerEvents["server:drain"]) => {
    const drained = it.id;
    useLink.setState({ draining: true });
    setTimeout(() => {
      if (it.id !== drained) return; // It has moved already.
      interrupted();
      it.disconnect().connect();
    }, Math.random() * reconnect_within_ms);
  });
  return it;
}

/** Connects (anew) with the session that the cookie holds now. */
export function connect(): void {
  useLink.setState({ link: "connecting", ...UNTROUBLED });
  stay();
  theSocket().disconnect().connect();
}

export function disconnect(): void {
  stay();
  theSocket().disconnect();
  useLink.setState({ link: "idle", ...UNTROUBLED });
}

/** Tries at once instead of waiting for the next turn, for example when the network came back. */
export function hurry(): void {
  if (useLink.getState().link === "reconnecting" && !theSocket().connected) theSocket().disconnect().connect();
}

/** Emits an event and gives the fields of its acknowledgement. Throws `Refused`; nothing is queued while offline. */
export async function ask<E extends keyof ClientEvents>(event: E, payload: ClientEvents[E]): Promise<Acks[E]> {
  const it = theSocket();
  if (!it.connected) throw lost();
  const ack = await answered(it, event, payload);
  if (ack.ok === false) throw new Refused(ack.error);
  return ack as Acks[E];
}

type AnyAck = { ok: true } | { ok: false; error: ErrorBody };

async function answered(it: Socket, event: string, payload: unknown): Promise<AnyAck> {
  try {
    return (await it.timeout(ANSWER_MS).emitWithAck(event, payload)) as AnyAck;
  } catch {
    throw lost();
  }
}

/** Listens to a server event; returns the undo. */
export function listen<E extends keyof ServerEvents>(event: E, handler: (payload: ServerEvents[E]) => void) {
  const entry: [string, (payload: unknown) => void] = [event, handler as (payload: unknown) => void];
  listeners.add(entry);
  theSocket().on(...entry);
  return () => {
    listeners.delete(entry);
    theSocket().off(...entry);
  };
}
