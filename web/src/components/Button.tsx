import type { ButtonHTMLAttributes, Ref } from "react";
import { classes } from "./classes";

type Tone = "primary" | "plain" | "quiet" | "danger";

const TONES: Record<Tone, string> = {
  primary: "bg-mine text-bg font-semibold hover:brightness-110 border-transparent",
  plain: "bg-raised text-ink border-line hover:border-soft",
  quiet: "bg-transparent text-soft border-transparent hover:text-ink hover:bg-raised",
  danger: "bg-bad text-bg font-semibold hover:brightness-110 border-transparent",
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: Tone;
  size?: "small" | "normal" | "large";
  ref?: Ref<HTMLButtonElement>;
}

const SIZES = { small: "h-8 px-3 text-sm", normal: "h-9 px-4 text-sm", large: "h-13 px-8 text-lg" };

export function Button({ tone = "plain", size = "normal", className, type = "button", ...rest }: Props) {
  return (
    <button
      type={type}
      className={classes(
        "inline-flex items-center justify-center gap-2 rounded-lg border whitespace-nowrap transition",
        "disabled:cursor-not-allowed disabled:opacity-50",
        TONES[tone],
        SIZES[size],
        className,
      )}
      {...rest}
    />
  );
}
