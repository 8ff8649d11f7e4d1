import { useNavigate } from "@tanstack/react-router";
import { createContext, useContext, useEffect, useState } from "react";
import { useStore } from "zustand";
import type { Snapshot } from "@/protocol/wire.gen";
import type { DuelState } from "../model/state";
import { DuelController } from "./DuelController";

const Context = createContext<DuelController | null>(null);

export const DuelProvider = Context.Provider;

/** Makes the controller of a duel's page and runs it as long as the page is there. */
export function useController(duelId: string, myId: string): DuelController {
  const navigate = useNavigate();
  const [controller] = useState(
    () => new DuelController(duelId, myId, (next) => navigate({ to: "/duel/$duelId", params: { duelId: next } })),
  );
  useEffect(() => {
    controller.start();
    return () => controller.stop();
  }, [controller]);
  return controller;
}

export function useDuelController(): DuelController {
  const controller = useContext(Context);
  if (!controller) throw new Error("There is no duel around this component.");
  return controller;
}

export function useDuel<T>(select: (state: DuelState) => T): T {
  return useStore(useDuelController().store, select);
}

/** The snapshot, for what is shown only once there is one. */
export function useSnapshot(): Snapshot {
  const snapshot = useDuel((state) => state.snapshot);
  if (!snapshot) throw new Error("There is no snapshot yet.");
  return snapshot;
}
