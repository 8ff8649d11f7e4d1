import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { t } from "@/lib/strings";
import { useDuel, useDuelController } from "../play/context";

const ITEM = "data-highlighted:bg-raised cursor-pointer rounded-md px-3 py-1.5 text-sm outline-none";

/** What is rarely done: a word to the other side, a draw, giving up. */
export function ActionMenu() {
  const controller = useDuelController();
  const [resigning, setResigning] = useState(false);
  const offered = useDuel((state) => state.snapshot?.draw_offers?.includes(controller.myId) ?? false);
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button tone="quiet" size="small" className="px-2" aria-label={t.menu.more} data-testid="menu">
            <Icon name="more" className="size-5" />
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            align="end"
            sideOffset={6}
            className="animate-rise border-line bg-panel shadow-lift z-30 w-56 rounded-xl border p-1.5"
          >
            <DropdownMenu.Label className="eyebrow px-3 py-1.5">{t.menu.say}</DropdownMenu.Label>
            <div className="grid grid-cols-2">
              {Object.entries(t.reactions).map(([key, words]) => (
                <DropdownMenu.Item
                  key={key}
                  className={ITEM}
                  onSelect={() => controller.say(key)}
                  data-testid={`say-${key}`}
                >
                  {words}
                </DropdownMenu.Item>
              ))}
            </div>
            <DropdownMenu.Separator className="bg-line my-1.5 h-px" />
            <DropdownMenu.Item
              className={`${ITEM} data-disabled:opacity-50`}
              disabled={offered}
              onSelect={controller.offerDraw}
              data-testid="offer-draw"
            >
              {offered ? t.menu.drawOffered : t.menu.draw}
            </DropdownMenu.Item>
            <DropdownMenu.Item className={`${ITEM} text-bad`} onSelect={() => setResigning(true)} data-testid="resign">
              {t.menu.resign}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Confirm
        open={resigning}
        onOpenChange={setResigning}
        title={t.menu.resignTitle}
        text={t.menu.resignText}
        yes={t.menu.resignYes}
        no={t.menu.resignNo}
        onYes={controller.resign}
      />
    </>
  );
}
