'use strict';
// Runs one program of a player: started ahead, waits for its job on descriptor 3. Nothing here is trusted by the parent:
// a program can reach this code and forge what it sends, and so gains nothing but the right to answer.

const fs = require('node:fs');
const vm = require('node:vm');

const CHANNEL = 3;
const FILE = 'solution.js';
const FRAMES_SHOWN = 6;
const TEXT_CHARS = 1000;
const MODULES = new Set(
  ('assert assert/strict buffer crypto events fs fs/promises os path perf_hooks process querystring readline ' +
    'readline/promises stream stream/promises string_decoder timers timers/promises url util zlib').split(' '),
);
const NO_ROOM = /^(Array buffer allocation failed|Invalid string length|(Map|Set) maximum size exceeded)$/;

// ---- the channel: frames of four bytes of length, big-endian, and so many bytes ----

function receive() {
  return exactly(exactly(4).readUInt32BE());
}

function exactly(size) {
  const data = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; ) {
    const got = fs.readSync(CHANNEL, data, at, size - at, null);
    if (got === 0) process.exit(0); // the parent is gone, or wants no more
    at += got;
  }
  return data;
}

function send(message) {
  const text = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(text.length);
  const frame = Buffer.concat([header, text]);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(CHANNEL, frame, at);
}

// ---- types of the challenge format: int, float, bool, str, list[T], dict[str, T], T | None ----

class Unfit extends Error {}

/** A function that gives a value of this type as JSON, or throws Unfit. */
function writer(type) {
  if (type.endsWith(' | None')) {
    const item = writer(type.slice(0, -' | None'.length));
    return (value) => (value === null || value === undefined ? 'null' : item(value));
  }
  if (type.startsWith('list[')) return listWriter(writer(type.slice('list['.length, -1)));
  if (type.startsWith('dict[str, ')) return dictWriter(writer(type.slice('dict[str, '.length, -1)));
  return { int: writtenInt, float: writtenFloat, bool: writtenBool, str: writtenText }[type];
}

function listWriter(item) {
  return (value) => {
    if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value)) unfit(value, 'an array');
    return `[${Array.from(value, (one) => item(one)).join(', ')}]`;
  };
}

function dictWriter(item) {
  return (value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) unfit(value, 'an object or a Map');
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return `{${entries.map(([key, one]) => `${writtenText(key)}: ${item(one)}`).join(', ')}}`;
  };
}

function writtenInt(value) {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) unfit(value, 'an integer');
  return String(value);
}

function writtenFloat(value) {
  if (typeof value !== 'number') unfit(value, 'a number');
  if (!Number.isFinite(value)) throw new Unfit('the answer holds a number that is not finite');
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function writtenBool(value) {
  if (typeof value !== 'boolean') unfit(value, 'a boolean');
  return String(value);
}

function writtenText(value) {
  if (typeof value !== 'string') unfit(value, 'a string');
  return JSON.stringify(value);
}

function unfit(value, wanted) {
  const shown = typeof value === 'number' ? String(value) : value === null ? 'null' : `a value of type ${typeof value}`;
  throw new Unfit(`the answer holds ${shown} where ${wanted} belongs`);
}

// ---- errors as a player wants to read them: the own lines, short ----

function described(error) {
  const name = attempt(() => error.constructor.name) ?? typeof error;
  const message = attempt(() => (error instanceof Error ? String(error.message) : String(error))) ?? '';
  if (error instanceof RangeError && NO_ROOM.test(message)) return outOfMemory(message);
  const own = ownLines(attempt(() => String(error.stack)) ?? '');
  const shown = own.slice(0, FRAMES_SHOWN).map(([where, line]) => `    at ${where} (line ${line})`);
  const more = own.length > FRAMES_SHOWN ? ['    ... more'] : [];
  const text = [`${name}: ${message.slice(0, TEXT_CHARS)}`, ...shown, ...more, ''].join('\n');
  return { type: name, line: own.length ? own[0][1] : null, text: text.toWellFormed?.() ?? text };
}

function outOfMemory(message) {
  return { type: 'MemoryError', line: null, text: `${message}: the program uses more memory than it may\n` };
}

/** Places in the player's source, from the innermost: where and line. */
function ownLines(stack) {
  const found = stack.matchAll(/^ +at (?:(.*?) \()?solution\.js:(\d+):\d+\)?$/gm);
  return [...found].map(([, where, line]) => [where ?? 'the program', Number(line)]);
}

function attempt(action) {
  try {
    return action();
  } catch {
    return undefined; // the player's code makes names and texts of its own errors
  }
}

// ---- the program ----

/** The source as node runs a file of a program. A source that is none ends the process here. */
function compiled(source, ending) {
  try {
    vm.compileFunction(source, PARAMETERS, { filename: FILE });
    return vm.compileFunction(`${source}\n${ending}`, PARAMETERS, { filename: FILE });
  } catch (error) {
    send({ refused: { kind: 'syntax', ...place(attempt(() => String(error.stack)) ?? '', source), message: said(error) } });
    process.exit(0);
  }
}

const PARAMETERS = ['require', 'module', 'exports', '__filename', '__dirname'];

function said(error) {
  const module = /import statement|import\.meta|'export'/.test(error.message);
  const hint = module ? '; this is no module: use require()' : '';
  return `${error.name}: ${error.message}${hint}`;
}

/** Line and column, from 1, of a syntax error: node says them above the error's own text. */
function place(stack, source) {
  const found = /^solution\.js:(\d+)\n(?:.*\n([ \t]*)\^)?/.exec(stack);
  const last = source.split('\n').length; // where the input ended too early
  return { line: Math.min(Number(found?.[1] ?? last), last), column: found?.[2] === undefined ? null : found[2].length + 1 };
}

function allowed(name) {
  const plain = String(name).replace(/^node:/, '');
  if (!MODULES.has(plain)) throw new Error(`Cannot find module '${plain}': here are ${[...MODULES].join(', ')}`);
  return require(plain);
}

/** /dev/stdin is a link into /proc, which is not here. */
function giveStdinItsName() {
  for (const name of ['readFileSync', 'openSync']) {
    const plain = fs[name];
    fs[name] = (path, ...rest) => (path === '/dev/stdin' ? (name === 'openSync' ? 0 : plain(0, ...rest)) : plain(path, ...rest));
  }
}

function ended(error) {
  send({ fatal: described(error) });
  process.exit(1);
}

function run(program) {
  const module = { exports: {} };
  allowed.main = module; // as in `if (require.main === module) main()`
  return program.call(module.exports, allowed, module, module.exports, FILE, '.');
}

/** One frame a case, and one answer. A promise is waited for. */
async function calls(program, job, first) {
  let target;
  try {
    target = run(program);
    if (typeof target !== 'function') {
      throw new ReferenceError(`the function ${job.function} is not defined: keep its name as the starter code has it`);
    }
  } catch (error) {
    ended(error);
  }
  const written = writer(job.returns);
  for (let data = first; ; data = receive()) send(await answer(target, written, data, job.output_bytes));
}

async function answer(target, written, data, outputBytes) {
  try {
    const value = target(...JSON.parse(data.toString()));
    const text = written(value instanceof Promise ? await value : value);
    return text.length > outputBytes ? { too_long: true } : { answer: text };
  } catch (error) {
    return error instanceof Unfit ? { unfit: error.message } : { error: described(error) };
  }
}

/** Loads, ahead of the job, what it will need. */
function warmUp() {
  vm.compileFunction('const f = (a) => a;\nreturn f', PARAMETERS, { filename: FILE })();
  writer('dict[str, list[float | None]]')({ a: [1.5, null] });
  described(new Error('warm'));
  // A program that prints faster than it is read waits: it would fill its memory with what it has printed.
  for (const stream of [process.stdout, process.stderr]) stream._handle.setBlocking(true);
}

warmUp();
giveStdinItsName();
const job = JSON.parse(receive().toString());
const program = compiled(job.source, job.function ? `return typeof ${job.function} === 'undefined' ? undefined : ${job.function};` : '');
send({ ready: true });
const first = receive(); // the parent's clock starts with it
process.on('uncaughtException', ended);
if (job.function) calls(program, job, first);
else run(program);
