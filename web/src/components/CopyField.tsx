import { type ComponentProps, useId, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { t } from "@/lib/strings";
import { Button } from "./Button";
import { Icon } from "./Icon";

/** A text to hand on, with a button that copies it. */
export function CopyField({ label, value, testId }: { label: string; value: string; testId?: string }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="eyebrow">
        {label}
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          readOnly
          value={value}
          data-testid={testId}
          onFocus={(event) => event.currentTarget.select()}
          className="tabular border-line bg-raised h-9 min-w-0 flex-1 rounded-lg border px-3 text-sm"
        />
        <CopyButton value={value} />
      </div>
    </div>
  );
}

/** Copies a text that can be seen, and says whether it could. */
export function CopyButton({ value, size }: { value: string } & Pick<ComponentProps<typeof Button>, "size">) {
  const [said, setSaid] = useState("");
  const copy = async () => setSaid((await copyText(value)) ? t.common.copied : t.common.copyByHand);
  return (
    <Button size={size} onClick={copy} data-testid="copy">
      <Icon name={said === t.common.copied ? "check" : "copy"} />
      <span aria-live="polite">{said || t.common.copy}</span>
    </Button>
  );
}
