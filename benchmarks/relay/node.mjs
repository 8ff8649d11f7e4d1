// Node's socket.io, WebSocket only, without compression. Run in a folder whose node_modules has socket.io.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(`${process.cwd()}/package.json`)("socket.io");
const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, httpCompression: false });
const waiting = new Map();

io.on("connection", (socket) => {
  const { token } = socket.handshake.auth;
  const other = waiting.get(token);
  if (other) {
    waiting.delete(token);
    socket.peer = other;
    other.peer = socket;
  } else waiting.set(token, socket);
  socket.on("duel:edit", (payload, answer) => {
    socket.peer?.emit("duel:edit", payload);
    answer?.({ ok: true, seq: payload.seq });
  });
});
http.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
