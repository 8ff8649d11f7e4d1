import { useEffect } from "react";

/** The name of the key that goes with shortcuts here. */
export const MOD = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

/** Mod+Enter runs and Mod+Shift+Enter submits, wherever the focus is. What handled the key before has the say. */
export function useShortcuts(run: () => void, submit: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      event.preventDefault();
      (event.shiftKey ? submit : run)();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [run, submit]);
}
