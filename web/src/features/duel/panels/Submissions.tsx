import { classes } from "@/components/classes";
import { elapsedTime } from "@/lib/format";
import { t } from "@/lib/strings";
import type { DuelPlayer, SubmissionView } from "@/protocol/wire.gen";
import { submissionWords } from "../model/words";
import { useDuel, useSnapshot } from "../play/context";
import { CaseView } from "./CaseView";
import { Chip } from "./Chip";

interface Props {
  players: DuelPlayer[];
  title?: string;
  /** Without a frame of its own, and with a word when there is nothing. */
  bare?: boolean;
}

/** Submissions, newest first. */
export function Submissions({ players, title, bare }: Props) {
  const { starts_at } = useSnapshot();
  const all = players.flatMap((player) => player.submissions).sort((a, b) => b.receipt - a.receipt);
  if (!all.length) return bare ? <p className="text-soft px-4 py-3 text-sm">{t.console.noSubmissions}</p> : null;
  return (
    <div className={classes(!bare && "border-line max-h-40 shrink-0 overflow-y-auto border-t py-1")}>
      {title && <h3 className="eyebrow px-4 pt-1.5">{title}</h3>}
      <ul aria-live="polite">
        {all.map((it) => (
          <Row key={it.submission_id} it={it} startsAt={starts_at} />
        ))}
      </ul>
    </div>
  );
}

function Row({ it, startsAt }: { it: SubmissionView; startsAt: number }) {
  const detail = useDuel((state) => state.details[it.submission_id]);
  return (
    <li
      className="px-4 py-1.5 text-sm"
      data-testid="verdict"
      data-verdict={it.held ? "held" : (it.verdict ?? "pending")}
    >
      <div className="flex items-center gap-3">
        <Chip verdict={it.held ? null : it.verdict} pending={it.held ? t.submission.heldChip : "…"} />
        <span className="min-w-0 flex-1 truncate">{submissionWords(it)}</span>
        <span className="tabular text-soft text-xs">{elapsedTime(it.received_at - startsAt)}</span>
      </div>
      {it.message && <pre className="text-soft mt-1 font-mono text-[13px] whitespace-pre-wrap">{it.message}</pre>}
      {detail?.failed_sample && <CaseView it={detail.failed_sample} />}
    </li>
  );
}
