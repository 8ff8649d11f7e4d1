import { type Link, useLink } from "@/lib/connection";
import { t } from "@/lib/strings";
import { classes } from "./classes";

const DOTS: Record<Link, string> = {
  idle: "bg-soft",
  connecting: "bg-warn animate-breathe",
  online: "bg-ok",
  reconnecting: "bg-warn animate-breathe",
  unauthenticated: "bg-bad",
  closed: "bg-bad",
};

/** Whether the live connection is up: a dot, with its word where there is room. */
export function LinkStatus({ compact = false }: { compact?: boolean }) {
  const link = useLink((state) => state.link);
  const word = t.link[link];
  return (
    <span
      className="text-soft inline-flex items-center gap-2 text-sm"
      role="status"
      data-testid="connection"
      data-state={link}
      title={word}
    >
      <span className={classes("size-2 rounded-full", DOTS[link])} aria-hidden="true" />
      <span className={compact && link === "online" ? "sr-only" : "max-sm:sr-only"}>{word}</span>
    </span>
  );
}
