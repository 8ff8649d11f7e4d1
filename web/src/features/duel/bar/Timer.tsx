import { useEffect } from "react";
import { classes } from "@/components/classes";
import { useServerNow } from "@/lib/clock";
import { clockTime } from "@/lib/format";
import { t } from "@/lib/strings";
import { useDuelController, useSnapshot } from "../play/context";

const HURRY_MS = 60_000;
/** So long after the deadline without a result, the page asks. */
const PATIENCE_MS = 3000;
const SPOKEN = [300, 60, 30, 10];

/** What is left, on the server's clock. */
export function Timer() {
  const controller = useDuelController();
  const { status, starts_at, deadline } = useSnapshot();
  const now = useServerNow(status === "live" ? 200 : null);
  const left = status === "countdown" ? deadline - starts_at : deadline - now;
  const overdue = status === "live" && left < -PATIENCE_MS;
  useEffect(() => {
    if (!overdue) return;
    const timer = setInterval(controller.open, PATIENCE_MS);
    return () => clearInterval(timer);
  }, [overdue, controller]);
  if (status === "finished") return <span className="eyebrow">{t.duel.over}</span>;
  const seconds = Math.ceil(left / 1000);
  return (
    <div className="text-center">
      <time
        role="timer"
        data-testid="timer"
        className={classes("tabular text-2xl leading-none sm:text-3xl", left < HURRY_MS && "text-bad")}
      >
        {clockTime(left)}
      </time>
      <span className="sr-only" aria-live="polite">
        {SPOKEN.includes(seconds) ? t.duel.secondsLeft(seconds) : left <= 0 ? t.duel.timeUp : ""}
      </span>
    </div>
  );
}
