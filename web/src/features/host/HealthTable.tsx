import { useQuery } from "@tanstack/react-query";
import { classes } from "@/components/classes";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { t } from "@/lib/strings";
import type { Ready } from "@/protocol/wire.gen";

/** `/readyz` answers 503 with the same shape when something is amiss, so the status is not an error here. */
async function fetchReady(): Promise<Ready> {
  const answer = await fetch("/readyz", { headers: { Accept: "application/json" } });
  return (await answer.json()) as Ready;
}

async function fetchAlive(): Promise<boolean> {
  return (await fetch("/healthz")).ok;
}

export function HealthTable() {
  const alive = useQuery({ queryKey: ["healthz"], queryFn: fetchAlive, refetchInterval: 5000 });
  const ready = useQuery({ queryKey: ["readyz"], queryFn: fetchReady, refetchInterval: 5000 });
  if (ready.isError) return <Note tone="bad">{t.host.silent}</Note>;
  const checks = ready.data?.checks;
  const judge = checks?.judge;
  return (
    <Panel className="p-6" data-testid="health">
      <h2 className="mb-3 text-lg font-semibold">{t.host.health}</h2>
      <dl className="grid grid-cols-[auto_1fr] gap-x-8 gap-y-2">
        <Row name={t.host.web} good={alive.data === true} text={alive.data ? t.host.answers : "…"} />
        <Row name={t.host.postgres} good={checks?.postgres === "ok"} text={checks?.postgres ?? "…"} />
        <Row name={t.host.redis} good={checks?.redis === "ok"} text={checks?.redis ?? "…"} />
        <Row
          name={t.host.judge}
          good={Boolean(judge?.workers)}
          text={judge ? t.host.judgeState(judge.workers, judge.level ?? null, judge.queue) : "…"}
        />
      </dl>
    </Panel>
  );
}

function Row({ name, good, text }: { name: string; good: boolean; text: string }) {
  return (
    <>
      <dt className="text-soft">{name}</dt>
      <dd className="flex items-center gap-2.5">
        <span className={classes("size-2 rounded-full", good ? "bg-ok" : "bg-bad")} aria-hidden="true" />
        {text}
      </dd>
    </>
  );
}
