import type { HTMLAttributes } from "react";
import { classes } from "./classes";

export function Panel({ className, ...rest }: HTMLAttributes<HTMLElement>) {
  return <section className={classes("border-line bg-panel rounded-xl border", className)} {...rest} />;
}
