function bracelet(beads) {
  const count = {};
  for (const bead of beads) count[bead] = (count[bead] ?? 0) + 1;
  const sorted = [...beads].sort((a, b) => count[b] - count[a] || a.localeCompare(b));
  if (beads.length > 1 && count[sorted[0]] > beads.length / 2) return "";
  const threaded = [];
  let place = 0;
  for (const bead of sorted) {
    threaded[place] = bead;
    place = place + 2 < beads.length || place % 2 ? place + 2 : 1;
  }
  return threaded.join("");
}
