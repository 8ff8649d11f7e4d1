function settle(paid) {
  const names = Object.keys(paid).sort();
  const total = names.reduce((sum, name) => sum + paid[name], 0);
  const left = total % names.length;
  const share = (total - left) / names.length;
  return Object.fromEntries(names.map((name, i) => [name, paid[name] - share - (i < left ? 1 : 0)]));
}
