// Runs before the first paint, so that a stored theme does not flash. Kept out of the page: the CSP allows no inline script.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem("duel-theme");
  } catch {
    // Storage is refused: the system's preference it is.
  }
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  document.documentElement.dataset.theme = stored === "light" || stored === "dark" ? stored : system;
})();
