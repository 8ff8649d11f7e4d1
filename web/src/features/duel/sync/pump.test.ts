import { ChangeSet } from "@codemirror/state";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Ledger } from "./ledger";
import { type EditReply, type Port, Pump, type PumpState } from "./pump";
import { FakeServer, random, refusal, wire } from "./testing";
import { parseText } from "./text";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

let pages = 0;

/** One tab at a server, over a pipe with latency that can be cut: messages and answers on the way are then lost. */
class Tab implements Port {
  pump: Pump;
  epoch = 0;
  readonly page = `page ${pages++}`;
  connection = 1;
  states: PumpState[] = [];
  saves = 0;
  sent: unknown[] = [];
  latency = 5;

  constructor(
    readonly server: FakeServer,
    ledger: Ledger = Ledger.at(server.seq, server.text),
  ) {
    this.pump = new Pump(ledger, this);
  }

  /** As a page does that is opened, or whose user asks for the pen; without `take` as one that comes back. */
  open(take = true): void {
    const epoch = this.server.open(this.page, take);
    this.epoch = epoch ?? 0;
    this.pump.opened(this.server.seq, this.server.text, epoch !== null, take);
  }

  cut(): void {
    this.connection++;
    this.pump.close();
  }

  async send(seq: number, changes: unknown): Promise<EditReply> {
    const { connection, epoch } = this;
    this.sent.push([seq, JSON.parse(JSON.stringify(changes))]);
    await new Promise((resolve) => setTimeout(resolve, this.latency));
    if (connection !== this.connection) return null;
    const reply = this.server.edit(epoch, seq, JSON.parse(JSON.stringify(changes)));
    await new Promise((resolve) => setTimeout(resolve, this.latency));
    return connection === this.connection ? reply : null;
  }

  reopen(): void {
    const { connection } = this;
    setTimeout(() => connection === this.connection && this.open(false), 2 * this.latency);
  }

  show(): void {}
  save(): void {
    this.saves++;
  }
  stateChanged(state: PumpState): void {
    this.states.push(state);
  }

  type(text: string, at = this.pump.ledger.local.length): void {
    this.pump.typed(ChangeSet.of({ from: at, insert: parseText(text) }, this.pump.ledger.local.length));
  }
}

function connected(text = ""): Tab {
  const tab = new Tab(new FakeServer(text));
  tab.open();
  return tab;
}

describe("the pump", () => {
  it("sends the first keystroke at once and batches the next within 40 ms", async () => {
    const tab = connected();
    tab.type("a");
    expect(tab.sent).toEqual([[1, [[0, "a"]]]]);
    tab.type("b");
    tab.type("c");
    await vi.advanceTimersByTimeAsync(39);
    expect(tab.sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(tab.sent[1]).toEqual([2, [1, [0, "bc"]]]);
  });

  it("says when the server has everything, and which edit is the last", async () => {
    const tab = connected("x");
    tab.type("a");
    tab.type("b");
    const settled = tab.pump.settled();
    await vi.advanceTimersByTimeAsync(100);
    expect(await settled).toBe(2);
    expect(tab.server.text).toBe("xab");
    expect(await tab.pump.settled()).toBe(2);
  });

  it("keeps what is typed offline and sends it once after a reconnect, though the answer was lost", async () => {
    const tab = connected();
    tab.type("sent ");
    await vi.advanceTimersByTimeAsync(6);
    tab.cut();
    tab.type("offline");
    tab.open();
    await vi.advanceTimersByTimeAsync(100);
    expect(tab.server.text).toBe("sent offline");
    expect(tab.server.accepted).toEqual([1, 2]);
  });

  it("waits as long as a rate limit says and then sends everything again in order", async () => {
    const tab = connected();
    tab.server.credit = 1;
    for (const letter of "abcdef") {
      tab.type(letter);
      await vi.advanceTimersByTimeAsync(41);
    }
    expect([tab.server.text, tab.states.at(-1)]).toEqual(["a", "paused"]);
    tab.server.credit = 100;
    await vi.advanceTimersByTimeAsync(300);
    expect([tab.server.text, tab.states.at(-1)]).toEqual(["abcdef", "open"]);
  });

  it("loses the pen to a second tab, and gets it back with both tabs' work", async () => {
    const first = connected("print()\n");
    const second = new Tab(first.server);
    second.open();
    first.type("# first\n");
    await vi.advanceTimersByTimeAsync(50);
    expect(first.states.at(-1)).toBe("fenced");
    await expect(first.pump.settled()).rejects.toThrow("fenced");
    second.type("# second\n", 0);
    await vi.advanceTimersByTimeAsync(50);
    // Coming back is no reason to take it.
    first.cut();
    first.open(false);
    await vi.advanceTimersByTimeAsync(50);
    expect(first.states.at(-1)).toBe("fenced");
    expect(first.pump.ledger.local.toString()).toBe("# second\nprint()\n# first\n");
    expect(first.server.text).toBe("# second\nprint()\n");
    first.open();
    await vi.advanceTimersByTimeAsync(50);
    expect(first.server.text).toBe("# second\nprint()\n# first\n");
    expect(first.pump.ledger.local.toString()).toBe(first.server.text);
  });

  it("does not send again what another tab took up and sent", async () => {
    const first = connected("print()\n");
    first.cut();
    first.type("# typed offline\n");
    const second = new Tab(first.server, Ledger.restore(first.pump.ledger.save()));
    second.open();
    second.type("# and on\n");
    await vi.advanceTimersByTimeAsync(100);
    first.open(false);
    expect([first.states.at(-1), first.pump.ledger.clean]).toEqual(["fenced", true]);
    first.open();
    await vi.advanceTimersByTimeAsync(100);
    expect(first.server.text).toBe("print()\n# typed offline\n# and on\n");
  });

  /** Two tabs that know the same text, of which the second writes; then the server forgets all. */
  async function forgotten(): Promise<[Tab, Tab]> {
    const first = connected("# starter\n");
    first.type("first\n");
    await vi.advanceTimersByTimeAsync(50);
    const second = new Tab(first.server);
    second.open();
    first.open(false);
    second.type("top\n", 0);
    second.type("end\n");
    await vi.advanceTimersByTimeAsync(100);
    first.server.empty("# starter\n");
    return [first, second];
  }

  it("shows nothing of a server that has lost the text until the page that writes has brought it back", async () => {
    const [first, second] = await forgotten();
    first.pump.opened(0, "# starter\n", false); // by `duel:state`
    expect([first.states.at(-1), first.pump.ledger.clean]).toEqual(["fenced", true]);
    second.type("!");
    await vi.advanceTimersByTimeAsync(100);
    first.pump.opened(second.server.seq, second.server.text, false);
    expect([first.pump.ledger.clean, first.pump.ledger.local.toString()]).toEqual([true, second.server.text]);
    first.open();
    await vi.advanceTimersByTimeAsync(100);
    expect(first.server.text).toBe("top\n# starter\nfirst\nend\n!");
  });

  it("does not take, unasked, the pen that a server which has lost the text gives to whoever comes first", async () => {
    const [first, second] = await forgotten();
    first.open(false);
    await vi.advanceTimersByTimeAsync(100);
    expect([first.states.at(-1), first.server.text]).toEqual(["fenced", "# starter\n"]);
    second.open(false);
    expect(second.states.at(-1)).toBe("fenced");
    second.open();
    await vi.advanceTimersByTimeAsync(100);
    expect(second.server.text).toBe("top\n# starter\nfirst\nend\n");
  });

  it("puts by what is typed without a connection", () => {
    const tab = connected();
    tab.cut();
    const { saves } = tab;
    tab.type("offline");
    expect(tab.saves).toBe(saves + 1);
  });

  it("stops at the end of the duel", async () => {
    const tab = connected();
    tab.send = async () => refusal("not_live");
    tab.type("late");
    await vi.advanceTimersByTimeAsync(20);
    expect(tab.states.at(-1)).toBe("over");
    tab.cut();
    expect(tab.states.at(-1)).toBe("over");
  });

  it("does not ask for ever when the server refuses the text", async () => {
    const tab = connected();
    const reopen = vi.spyOn(tab, "reopen");
    tab.send = async () => refusal("invalid");
    tab.type("?");
    await vi.advanceTimersByTimeAsync(5000);
    expect([reopen.mock.calls.length, tab.states.at(-1)]).toEqual([3, "refused"]);
  });

  it("goes on after a refresh with what lay in the storage", async () => {
    const tab = connected();
    tab.type("typed, ");
    tab.cut();
    tab.type("lost connection");
    const saved = tab.pump.ledger.save();
    const again = new Tab(tab.server, Ledger.restore(JSON.parse(JSON.stringify(saved))));
    again.open();
    await vi.advanceTimersByTimeAsync(50);
    expect(tab.server.text).toBe("typed, lost connection");
  });
});

describe("over a flaky pipe", () => {
  const GLYPHS = ["a", "é", "😀", "👩‍💻", "\n    ", "=="];

  it.each(Array.from({ length: 60 }, (_, seed) => seed))("ends with both texts the same (seed %i)", async (seed) => {
    const next = random(seed);
    let tab = connected("def solve():\n    pass\n");
    const { server } = tab;
    for (let step = 0; step < 120; step++) {
      tab.latency = 1 + Math.floor(next() * 60);
      tab = act(tab, next, step);
      await vi.advanceTimersByTimeAsync(next() * 50);
    }
    server.credit = Number.POSITIVE_INFINITY;
    tab.open();
    await vi.advanceTimersByTimeAsync(2000);
    expect(tab.pump.ledger.clean).toBe(true);
    expect(server.text).toBe(tab.pump.ledger.local.toString());
    for (const token of typed) expect(server.text).toContain(token);
    expect(server.text.split("<").length - 1).toBe(typed.length);
    expect(server.accepted).toEqual(server.accepted.map((_, i) => i + 1));
    typed.length = 0;
  });

  const typed: string[] = [];

  function act(tab: Tab, next: () => number, step: number): Tab {
    const dice = next();
    if (dice < 0.6) typeToken(tab, next, step);
    else if (dice < 0.7) replaceGlyph(tab, next);
    else if (dice < 0.76) tab.cut();
    else if (dice < 0.84) tab.open();
    else if (dice < 0.9) tab.server.credit = Math.floor(next() * 5);
    else if (dice < 0.95) tab.server.credit = 1000;
    else return refreshed(tab);
    return tab;
  }

  /** Tokens are never cut, so each must be in the end text exactly once. */
  function typeToken(tab: Tab, next: () => number, step: number): void {
    const token = `<${step}${GLYPHS[Math.floor(next() * GLYPHS.length)]}>`;
    const text = tab.pump.ledger.local.toString();
    const ends = [...text.matchAll(/^|>|\)/g)].map((m) => m.index + m[0].length);
    tab.type(token, ends[Math.floor(next() * ends.length)] ?? 0);
    typed.push(token);
  }

  /** Swaps the word "pass", wherever it is: a replacement with an emoji. */
  function replaceGlyph(tab: Tab, next: () => number): void {
    const doc = tab.pump.ledger.local;
    const at = doc.toString().search(/pass|😀😁/);
    if (at < 0) return;
    tab.pump.typed(ChangeSet.of({ from: at, to: at + 4, insert: next() < 0.5 ? "pass" : "😀😁" }, doc.length));
  }

  function refreshed(tab: Tab): Tab {
    tab.cut();
    const again = new Tab(tab.server, Ledger.restore(JSON.parse(JSON.stringify(tab.pump.ledger.save()))));
    again.open();
    return again;
  }
});

describe("the wire form", () => {
  it("is what CodeMirror's toJSON gives", () => {
    const changes = ChangeSet.of({ from: 1, to: 2, insert: parseText("x\ny") }, 4);
    expect(wire(changes)).toEqual([1, [1, "x", "y"], 2]);
  });
});
