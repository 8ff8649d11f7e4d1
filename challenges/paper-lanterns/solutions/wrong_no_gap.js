// expect: RE
// Fails when there is no gap at all: match() gives null then.
function dark_gap(lanterns) {
  const gaps = lanterns.match(/(?<=o)\.+(?=o)/g);
  return Math.max(...gaps.map((gap) => gap.length));
}
