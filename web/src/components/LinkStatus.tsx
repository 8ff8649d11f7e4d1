import { type Link, useLink } from "@/lib/connection";
import { classes } from "./classes";

const LOOKS: Record<Link, { word: string; dot: string }> = {
  idle: { word: "Not connected", dot: "bg-soft" },
  connecting: { word: "Connecting…", dot: "bg-warn animate-breathe" },
  online: { word: "Connected", dot: "bg-ok" },
  reconnecting: { word: "Reconnecting…", dot: "bg-warn animate-breathe" },
  unauthenticated: { word: "Signed out", dot: "bg-bad" },
  closed: { word: "Closed", dot: "bg-bad" },
};

/** Whether the live connection is up: a dot, with its word where there is room. */
export function LinkStatus({ compact = false }: { compact?: boolean }) {
  const link = useLink((state) => state.link);
  const { word, dot } = LOOKS[link];
  return (
    <span
      className="text-soft inline-flex items-center gap-2 text-sm"
      role="status"
      data-testid="connection"
      data-state={link}
      title={word}
    >
      <span className={classes("size-2 rounded-full", dot)} aria-hidden="true" />
      <span className={compact && link === "online" ? "sr-only" : "max-sm:sr-only"}>{word}</span>
    </span>
  );
}
