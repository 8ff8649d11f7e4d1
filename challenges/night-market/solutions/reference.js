function brightest(lamps) {
  const changes = lamps.flatMap(([start, end]) => [[start, 1], [end + 1, -1]]);
  changes.sort(([a, up], [b, down]) => a - b || up - down);
  let [best, where, lit] = [0, 0, 0];
  for (const [metre, change] of changes) {
    lit += change;
    if (lit > best) [best, where] = [lit, metre];
  }
  return [best, where];
}
