const waiting = new Set();
const songs = new Map();
const sung = (name) => songs.get(name) ?? 0;
const printed = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  const [event, name] = line.trim().split(" ");
  if (event === "join") waiting.add(name);
  if (event === "leave") waiting.delete(name);
  if (event === "next") {
    let singer = null;
    for (const other of waiting) if (singer === null || sung(other) < sung(singer)) singer = other;
    printed.push(singer ?? "-");
    if (waiting.delete(singer)) songs.set(singer, sung(singer) + 1);
  }
}
console.log(printed.join("\n"));
