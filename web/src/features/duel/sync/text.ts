import { ChangeSet, Text } from "@codemirror/state";

/** The document of a text as the wire carries it: lines are parted by "\n" alone. Offsets are UTF-16 code units. */
export const parseText = (text: string): Text => Text.of(text.split("\n"));

const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;
/** Whether an offset lies between the two halves of a character outside the BMP. */
const splitsPair = (text: string, at: number) =>
  at > 0 && at < text.length && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));

function commonPrefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a.charCodeAt(n) === b.charCodeAt(n)) n++;
  return splitsPair(a, n) || splitsPair(b, n) ? n - 1 : n;
}

function commonSuffix(a: string, b: string, most: number): number {
  let n = 0;
  while (n < most && a.charCodeAt(a.length - 1 - n) === b.charCodeAt(b.length - 1 - n)) n++;
  return splitsPair(a, a.length - n) || splitsPair(b, b.length - n) ? n - 1 : n;
}

/** One replacement that turns `from` into `to`; it never cuts a surrogate pair in two. */
export function diff(from: Text, to: Text): ChangeSet {
  const [a, b] = [from.toString(), to.toString()];
  if (a === b) return ChangeSet.empty(a.length);
  const start = commonPrefix(a, b);
  const end = commonSuffix(a, b, Math.min(a.length, b.length) - start);
  const change = { from: start, to: a.length - end, insert: parseText(b.slice(start, b.length - end)) };
  return ChangeSet.of(change, a.length);
}

/** How many code units a change set touches: deleted plus inserted. */
export function weight(changes: ChangeSet): number {
  let units = 0;
  changes.iterChanges((fromA, toA, fromB, toB) => {
    units += toA - fromA + toB - fromB;
  });
  return units;
}

/** Whether every inserted text may travel as JSON in UTF-8, that is, has no lone half of a surrogate pair. */
export function insertsWholeCharacters(changes: ChangeSet): boolean {
  let whole = true;
  changes.iterChanges((_fromA, _toA, _fromB, _toB, inserted) => {
    whole &&= inserted.toString().isWellFormed();
  });
  return whole;
}
