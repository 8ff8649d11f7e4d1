import { AlertDialog } from "radix-ui";
import { Button } from "./Button";

interface Props {
  open: boolean;
  onOpenChange(open: boolean): void;
  title: string;
  text: string;
  yes: string;
  no: string;
  onYes(): void;
}

/** A question before an act that cannot be undone. */
export function Confirm({ open, onOpenChange, title, text, yes, no, onYes }: Props) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <AlertDialog.Content className="animate-rise border-line bg-panel shadow-lift fixed top-1/2 left-1/2 z-50 w-[min(26rem,92vw)] -translate-x-1/2 -translate-y-1/2 rounded-xl border p-6">
          <AlertDialog.Title className="text-lg font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="text-soft mt-2">{text}</AlertDialog.Description>
          <div className="mt-6 flex justify-end gap-3">
            <AlertDialog.Cancel asChild>
              <Button>{no}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button tone="danger" onClick={onYes} data-testid="confirm">
                {yes}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
