// expect: WA
// Rounds the share to the nearest cent instead of sharing out what is left over.
function settle(paid) {
  const amounts = Object.values(paid);
  const share = Math.round(amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length);
  return Object.fromEntries(Object.entries(paid).map(([name, amount]) => [name, amount - share]));
}
