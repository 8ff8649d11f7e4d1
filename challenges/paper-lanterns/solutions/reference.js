function dark_gap(lanterns) {
  const gaps = lanterns.replace(/^\.+|\.+$/g, "").split("o");
  return Math.max(...gaps.map((gap) => gap.length));
}
