import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { connect, disconnect, settle, useLink } from "./connection";

/** The library's socket, which tells what happens to it. */
const socket = vi.hoisted(() => ({ current: null as (EventEmitter & { io: { opts: { path: string } } }) | null }));

vi.mock("socket.io-client", () => ({
  io: (opts: { path: string }) => {
    const it = new EventEmitter();
    const acts = { connect: () => it, disconnect: () => it };
    socket.current = Object.assign(it, { id: "s", active: true, io: { opts }, ...acts });
    return it;
  },
}));

const happens = (event: string, payload?: unknown) => socket.current?.emit(event, payload);

beforeEach(() => {
  connect();
  happens("connect");
});

describe("a server that stops", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    happens("server:drain", { reconnect_within_ms: 1000 });
    vi.useRealTimers();
    happens("disconnect", "transport close");
  });

  it("for another is moved away from", () => {
    expect(useLink.getState()).toMatchObject({ link: "reconnecting", draining: true });
    happens("connect");
    expect(useLink.getState()).toMatchObject({ link: "online", draining: false, lostAt: null });
  });

  it("and leaves no other is just away, since the connection was lost", () => {
    const { lostAt } = useLink.getState();
    happens("connect_error", new Error("refused"));
    expect(useLink.getState()).toEqual({ link: "reconnecting", reason: null, draining: false, lostAt });
    expect(lostAt).not.toBeNull();
  });

  it.each([connect, disconnect])("is forgotten by who begins anew", (begin) => {
    begin();
    expect(useLink.getState()).toMatchObject({ draining: false, lostAt: null });
  });
});

describe("a home", () => {
  const home = "/home/1/socket.io";
  const at = () => socket.current?.io.opts.path;

  beforeEach(() => {
    settle(home);
    happens("connect");
  });

  it("is gone back to while it can be reached", () => {
    happens("disconnect", "ping timeout");
    expect(at()).toBe(home);
  });

  it.each([["timeout"], Array<string>(4).fill("websocket error")])(
    "that cannot is left for any other process, until one names it again: %s",
    (...errors) => {
      happens("disconnect", "ping timeout");
      for (const error of errors) {
        expect(at()).toBe(home);
        happens("connect_error", new Error(error));
      }
      expect(at()).toBe("/socket.io");
      happens("connect");
      settle(home);
      expect(at()).toBe(home);
    },
  );

  it("is not left for a short break", () => {
    for (const n of [1, 2]) {
      happens("disconnect", "transport close");
      for (const _ of [n, n, n]) happens("connect_error", new Error("websocket error"));
      expect(at()).toBe(home);
      happens("connect");
    }
  });
});
