import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { classes } from "@/components/classes";
import { Difficulty } from "@/components/Difficulty";
import { t } from "@/lib/strings";
import type { ChallengeView, Sample } from "@/protocol/wire.gen";
import { useSnapshot } from "../play/context";

/** The challenge: statement, samples, limits. */
export function ProblemPanel() {
  const { challenge } = useSnapshot();
  return challenge ? <Problem challenge={challenge} /> : null;
}

function Problem({ challenge }: { challenge: ChallengeView }) {
  return (
    <section
      aria-label={t.duel.problem}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
      tabIndex={0}
      className="bg-panel min-h-0 flex-1 overflow-y-auto px-5 py-5"
      data-testid="statement"
    >
      <div className="flex items-center gap-3">
        <h2 className="text-xl font-bold tracking-tight">{challenge.title}</h2>
        <Difficulty level={challenge.difficulty} />
      </div>
      <Prose markdown={challenge.statement} className="mt-4" />
      <h3 className="eyebrow mt-7 mb-2">{t.problem.samples}</h3>
      <div className="flex flex-col gap-3">
        {challenge.samples.map((sample) => (
          <SampleCard key={sample.name} sample={sample} />
        ))}
      </div>
      <Limits challenge={challenge} />
    </section>
  );
}

/** Markdown from a challenge. Raw HTML in it is dropped, never rendered. */
function Prose({ markdown, className }: { markdown: string; className: string }) {
  return (
    <div className={classes("prose", className)}>
      <Markdown remarkPlugins={[remarkGfm]} skipHtml>
        {markdown}
      </Markdown>
    </div>
  );
}

function SampleCard({ sample }: { sample: Sample }) {
  return (
    <div className="border-line bg-raised rounded-lg border text-sm" data-testid="sample">
      <dl>
        <Line term={t.problem.in} text={sample.input} />
        <Line term={t.problem.out} text={sample.expected} last />
      </dl>
      {sample.note && <Prose markdown={sample.note} className="border-line text-soft border-t px-3 py-2" />}
    </div>
  );
}

function Line({ term, text, last }: { term: string; text: string; last?: boolean }) {
  return (
    <div className={last ? "flex" : "border-line flex border-b"}>
      <dt className="text-soft w-11 shrink-0 px-3 py-2 text-xs leading-6">{term}</dt>
      <dd className="min-w-0 flex-1 py-2 pr-3">
        <pre className="font-mono text-[13px] leading-6 [overflow-wrap:anywhere] whitespace-pre-wrap">{text}</pre>
      </dd>
    </div>
  );
}

function Limits({ challenge: { limits, tags } }: { challenge: ChallengeView }) {
  return (
    <p className="text-soft mt-6 flex flex-wrap gap-x-4 gap-y-1 text-xs">
      <span>{t.problem.cpu(limits.cpu_ms / 1000)}</span>
      <span>{t.problem.memory(limits.memory_mb)}</span>
      {tags?.map((tag) => (
        <span key={tag}>#{tag}</span>
      ))}
    </p>
  );
}
