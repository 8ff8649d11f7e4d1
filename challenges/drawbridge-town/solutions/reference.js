function fastest_walk(town) {
  // A ring of minutes, not a heap: no step takes longer than three.
  const soon = [[], [], [], []];
  town.forEach((row, y) => {
    if (row.includes("S")) soon[0].push([y, row.indexOf("S")]);
  });
  const arrived = new Set();
  for (let minute = 0; soon.some((squares) => squares.length); minute++) {
    const now = soon.shift();
    soon.push([]);
    for (const [y, x] of now) {
      if (arrived.has(100 * y + x)) continue;
      arrived.add(100 * y + x);
      if (town[y][x] === "E") return minute;
      for (const [v, u] of [[y + 1, x], [y - 1, x], [y, x + 1], [y, x - 1]]) {
        const square = town[v]?.[u] ?? "#";
        if (square === "#") continue;
        const next = square === "=" ? Math.ceil((minute + 1) / 3) * 3 : minute + 1;
        soon[next - minute - 1].push([v, u]);
      }
    }
  }
  return -1;
}
