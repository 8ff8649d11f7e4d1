// A whole duel by a stock socket.io-client, written from docs/protocol.md alone.
// Environment: WEB (the folder whose node_modules has socket.io-client). Standard input: {urls, transports, solutions}.
// Standard output: one JSON report of what both players saw.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { io } = createRequire(`${process.env.WEB}/package.json`)("socket.io-client");
const { urls, transports, solutions } = JSON.parse(readFileSync(0, "utf8"));
const options = transports ? { transports } : {};
const WAIT_MS = 15_000;

/** The next payload of an event that passes the test, of those heard and those to come. */
function hears(socket) {
  const log = [];
  const waiting = new Set();
  socket.onAny((event, payload) => {
    log.push({ event, payload });
    for (const check of waiting) check();
  });
  const next = (event, test = () => true) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`never heard ${event}`)), WAIT_MS);
      const check = () => {
        const found = log.find((it) => it.event === event && test(it.payload));
        if (!found) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(found.payload);
      };
      waiting.add(check);
      check();
    });
  return { log, next };
}

async function player(url, nickname) {
  const answer = await fetch(`${url}/api/v1/session/guest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nickname }),
  });
  const { player, token } = await answer.json();
  const socket = io(url, { ...options, auth: { token } });
  const heard = hears(socket);
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  const ask = (event, payload = {}) => socket.timeout(WAIT_MS).emitWithAck(event, payload);
  return { ...player, socket, heard, ask };
}

async function refusal(url, auth) {
  const socket = io(url, { ...options, auth, reconnection: false });
  const error = await new Promise((resolve) => socket.once("connect_error", resolve));
  socket.close();
  return { message: error.message, data: error.data };
}

/** The text after a change set: numbers keep, [n, ...lines] replaces n. */
function applied(text, changes) {
  let at = 0;
  let result = "";
  for (const section of changes) {
    if (typeof section === "number") {
      result += text.slice(at, at + section);
      at += section;
    } else {
      const [deleted, ...lines] = section;
      result += lines.join("\n");
      at += deleted;
    }
  }
  return result + text.slice(at);
}

const side = (snapshot, id) => snapshot.players.find((it) => it.id === id);

const refused = [await refusal(urls[0], undefined), await refusal(urls[0], { token: "wrong" })];
const ada = await player(urls[0], "Ada 🦆");
const bob = await player(urls[1], "Bob");
const joined = [await ada.ask("queue:join", { mode: "casual" }), await bob.ask("queue:join", { mode: "casual" })];
const { duel_id } = await ada.heard.next("queue:matched");
const told = (await bob.heard.next("queue:matched")).duel_id;
const opened = [await ada.ask("duel:open", { duel_id }), await bob.ask("duel:open", { duel_id })];
const isLive = ({ snapshot }) => snapshot.status === "live";
const { snapshot } = await ada.heard.next("duel:state", isLive);
await bob.heard.next("duel:state", isLive);

let text = side(snapshot, ada.id).text;
const starter = text;
let seen = text;
const solution = solutions[snapshot.challenge.slug];
const edits = [
  (now) => [[now.length, ...solution.split("\n")]],
  (now) => [[0, "# 🦆 é 👩🏽‍🚀", ""], now.length],
  (now) => [2, [2, "🇩🇪"], now.length - 4],
  (now) => [now.length, [0, "", "# end"]],
];
const acks = [];
for (const [index, make] of edits.entries()) {
  const changes = make(text);
  acks.push(await ada.ask("duel:edit", { duel_id, seq: index + 1, changes }));
  text = applied(text, changes);
}
await bob.heard.next("duel:edit", (it) => it.seq === edits.length);
for (const { event, payload } of bob.heard.log) {
  if (event === "duel:edit" && payload.player_id === ada.id) seen = applied(seen, payload.changes);
}
const reopened = await bob.ask("duel:open", { duel_id });
const cursor = await ada.ask("duel:cursor", { duel_id, anchor: 0, head: 3 });
const moved = await bob.heard.next("duel:cursor");

const run = await ada.ask("duel:run", { duel_id, run_id: "run-1", language: "python" });
const ran = await ada.heard.next("duel:ran");
const submitted = await ada.ask("duel:submit", { duel_id, submission_id: "s-1", language: "python", seq: edits.length });
const verdicts = [await ada.heard.next("duel:verdict"), await bob.heard.next("duel:verdict")];
const finished = [await ada.heard.next("duel:finished"), await bob.heard.next("duel:finished")];
const over = await bob.ask("duel:open", { duel_id });
const unknown = await ada.ask("duel:fly", {});

const report = {
  players: [ada.id, bob.id],
  transport: ada.socket.io.engine.transport.name,
  refused,
  joined,
  duel_id,
  told,
  opened: opened.map((it) => ({ ok: it.ok, role: it.snapshot?.role })),
  challenge: snapshot.challenge,
  starter,
  acks,
  text,
  seen,
  stored: side(reopened.snapshot, ada.id).text,
  cursor,
  moved,
  run,
  ran,
  bob_ran: bob.heard.log.filter((it) => it.event === "duel:ran").length,
  submitted,
  verdicts,
  finished,
  final: { status: over.snapshot.status, text: side(over.snapshot, ada.id).text },
  unknown,
};
// Not a clean close: by long-polling that waits for the server's answer to the last poll.
process.stdout.write(JSON.stringify(report), () => process.exit(0));
