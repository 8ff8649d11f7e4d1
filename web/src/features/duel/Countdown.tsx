import { useEffect } from "react";
import { useServerNow } from "@/lib/clock";
import { t } from "@/lib/strings";
import { sides } from "./model/state";
import { useDuelController, useSnapshot } from "./play/context";

/** Three, two, one, on the server's clock. */
export function Countdown() {
  const controller = useDuelController();
  const snapshot = useSnapshot();
  const left = snapshot.starts_at - useServerNow(100);
  const seconds = Math.max(0, Math.ceil(left / 1000));
  const [mine, theirs] = sides(snapshot, controller.myId);
  const late = left < -1000;
  useEffect(() => {
    if (late) controller.open(); // the word that it began was lost
  }, [late, controller]);
  return (
    <main className="grid flex-1 place-content-center gap-10 p-6 text-center">
      <p className="flex flex-wrap items-baseline justify-center gap-x-5 gap-y-1 text-2xl font-semibold sm:text-3xl">
        <span className="text-mine">{mine?.nickname}</span>
        <span className="text-soft text-base font-normal">{t.duel.against}</span>
        <span className="text-theirs">{theirs?.nickname}</span>
      </p>
      <p
        key={seconds}
        className="tabular animate-beat text-[9rem] leading-none"
        data-testid="countdown"
        aria-hidden="true"
      >
        {seconds || t.duel.go}
      </p>
      <p className="sr-only" role="status" aria-live="assertive">
        {seconds ? t.duel.startsIn(seconds) : t.duel.go}
      </p>
      <p className="text-soft">{snapshot.role === "spectator" ? t.duel.watching : t.duel.firstWins}</p>
    </main>
  );
}
