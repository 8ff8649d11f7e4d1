// Who may import whom in src, and how long a module may be:
// app → features → components → lib → protocol; a feature never imports another one.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src", import.meta.url));
const LAYERS = ["protocol", "lib", "components", "features", "app"];
const MAX_LINES = 400;

const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((f) => /\.(ts|tsx|css)$/.test(f) && !f.endsWith(".gen.ts"));

const layer = (path) => LAYERS.indexOf(path.split("/")[0]);
const feature = (path) => path.match(/^features\/([^/]+)/)?.[1];

function imports(file, text) {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)]
    .map(([, target]) => target)
    .filter((target) => target.startsWith("@/") || target.startsWith("."))
    .map((target) =>
      target.startsWith("@/") ? target.slice(2) : relative(src, resolve(join(src, dirname(file)), target)),
    );
}

function faults(file) {
  const text = readFileSync(join(src, file), "utf8");
  const lines = text.split("\n").length - 1;
  const found = lines > MAX_LINES ? [`${file}: ${lines} lines, over ${MAX_LINES}: it is two things`] : [];
  if (layer(file) < 0) return found; // main.tsx and what lies beside it compose everything
  for (const target of imports(file, text)) {
    if (layer(target) > layer(file)) found.push(`${file} imports ${target}: a lower layer imports a higher one`);
    const [mine, theirs] = [feature(file), feature(target)];
    if (mine && theirs && mine !== theirs) found.push(`${file} imports ${target}: a feature imports another`);
  }
  return found;
}

const found = files.flatMap(faults);
for (const fault of found) console.error(fault);
process.exit(found.length ? 1 : 0);
