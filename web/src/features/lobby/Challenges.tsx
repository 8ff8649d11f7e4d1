import { useQuery } from "@tanstack/react-query";
import { Difficulty } from "@/components/Difficulty";
import { Note } from "@/components/Note";
import { Panel } from "@/components/Panel";
import { challengesQuery } from "@/lib/queries";
import { t } from "@/lib/strings";

/** What may come up: titles only, so that nobody starts with a head start. */
export function Challenges() {
  const { data: challenges, isError, error } = useQuery(challengesQuery);
  return (
    <Panel className="p-6">
      <h2 className="text-lg font-semibold">{t.lobby.challenges}</h2>
      {isError && (
        <Note tone="bad" className="mt-3">
          {error.message}
        </Note>
      )}
      {challenges?.length === 0 && <p className="text-soft mt-2 text-sm">{t.lobby.noChallenges}</p>}
      <ul className="mt-3 flex flex-col gap-2">
        {challenges?.map((challenge) => (
          <li key={challenge.slug} className="flex items-center gap-3 text-sm">
            <Difficulty level={challenge.difficulty} />
            <span className="min-w-0 flex-1 truncate">{challenge.title}</span>
            <span className="text-soft truncate text-xs max-sm:hidden">{challenge.tags.slice(0, 2).join(" · ")}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
