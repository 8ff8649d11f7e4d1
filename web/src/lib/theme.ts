import { create } from "zustand";

export type Theme = "dark" | "light";

const KEY = "duel-theme";

interface ThemeState {
  theme: Theme;
  toggle(): void;
}

/** The theme in force. `theme.js` has set it on the document before this runs. */
export const useTheme = create<ThemeState>((set, get) => ({
  theme: document.documentElement.dataset.theme === "light" ? "light" : "dark",
  toggle() {
    const theme = get().theme === "dark" ? "light" : "dark";
    set({ theme });
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Not stored: it lasts as long as the page.
    }
  },
}));

const show = (theme: Theme) => {
  document.documentElement.dataset.theme = theme;
};

/** Keeps the document at the chosen theme, and at the system's while none was chosen. Returns the undo. */
export function followTheme(): () => void {
  const system = matchMedia("(prefers-color-scheme: light)");
  const onSystem = () => {
    if (localStorage.getItem(KEY) === null) useTheme.setState({ theme: system.matches ? "light" : "dark" });
  };
  system.addEventListener("change", onSystem);
  const unsubscribe = useTheme.subscribe(({ theme }) => show(theme));
  return () => {
    system.removeEventListener("change", onSystem);
    unsubscribe();
  };
}
