import { classes } from "@/components/classes";
import { t } from "@/lib/strings";
import type { Verdict } from "@/protocol/wire.gen";
import { verdictTone } from "../model/words";

const TONES = { ok: "bg-ok-wash text-ok", bad: "bg-bad-wash text-bad", warn: "bg-warn-wash text-warn" };

/** A verdict, or that it is still to come. */
export function Chip({ verdict, pending = "…" }: { verdict?: Verdict | null; pending?: string }) {
  return (
    <span
      title={verdict ? t.verdicts[verdict] : t.submission.pending}
      className={classes(
        "tabular inline-block min-w-10 shrink-0 rounded px-1.5 py-0.5 text-center text-xs font-bold",
        verdict ? TONES[verdictTone(verdict)] : "bg-raised text-soft animate-breathe",
      )}
    >
      {verdict ?? pending}
    </span>
  );
}
