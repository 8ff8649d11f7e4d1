import { t } from "@/lib/strings";
import { classes } from "./classes";

/** One to five marks. */
export function Difficulty({ level }: { level: number }) {
  return (
    <span
      className="inline-flex gap-0.5"
      role="img"
      aria-label={t.common.difficulty(level)}
      title={t.common.difficulty(level)}
    >
      {[1, 2, 3, 4, 5].map((mark) => (
        <span key={mark} className={classes("h-3 w-1 rounded-sm", mark <= level ? "bg-mine" : "bg-line")} />
      ))}
    </span>
  );
}
