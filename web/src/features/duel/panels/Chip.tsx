import { classes } from "@/components/classes";
import type { Verdict } from "@/protocol/wire.gen";
import { VERDICTS, verdictTone } from "../model/words";

const TONES = { ok: "bg-ok-wash text-ok", bad: "bg-bad-wash text-bad", warn: "bg-warn-wash text-warn" };

/** A verdict, or that it is still to come. */
export function Chip({ verdict, pending = "…" }: { verdict?: Verdict | null; pending?: string }) {
  return (
    <span
      title={verdict ? VERDICTS[verdict] : "Being judged"}
      className={classes(
        "tabular inline-block min-w-10 shrink-0 rounded px-1.5 py-0.5 text-center text-xs font-bold",
        verdict ? TONES[verdictTone(verdict)] : "bg-raised text-soft animate-breathe",
      )}
    >
      {verdict ?? pending}
    </span>
  );
}
