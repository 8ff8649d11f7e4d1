import type { ReactNode } from "react";
import { Button } from "@/components/Button";
import { Note } from "@/components/Note";
import { useMe } from "@/lib/session";
import { t } from "@/lib/strings";
import { Welcome } from "./Welcome";

interface Props {
  /** The first lines a visitor without a session reads. */
  title: readonly string[];
  /** Whether the page has no frame of its own and this one has to keep its distance. */
  framed?: boolean;
  children: ReactNode;
}

/** Lets those with a session pass, and asks the others for a nickname. */
export function SessionGate({ title, framed, children }: Props) {
  const me = useMe();
  if (me.data) return children;
  if (me.isPending) return <p className="text-soft p-8 text-center">{t.common.loading}</p>;
  const content = me.isError ? (
    <Note tone="bad" className="mt-8" action={<Button onClick={() => me.refetch()}>{t.common.tryAgain}</Button>}>
      {me.error.message}
    </Note>
  ) : (
    <Welcome title={title} />
  );
  return framed ? <main className="mx-auto max-w-6xl px-5 sm:px-8">{content}</main> : content;
}
