import { createStore, type StoreApi } from "zustand/vanilla";
import { serverClock } from "@/lib/clock";
import { ask, listen, type Refused, settle, useLink } from "@/lib/connection";
import { newId } from "@/lib/ids";
import { type Language, rememberedLanguage, rememberLanguage } from "@/lib/language";
import { t } from "@/lib/strings";
import type { DuelPlayer, DuelSubmit, DuelSubmitAck, ServerEvents, Snapshot } from "@/protocol/wire.gen";
import { type DuelState, emptyState, withPresence, withSubmission, withVerdict } from "../model/state";
import { Unsettled } from "../sync/pump";
import { type Draft, Drafts } from "./drafts";
import { leftOver, MyDocument } from "./MyDocument";
import { OtherDocument } from "./OtherDocument";

const RETRY_MS = 1500;
const SAID_MS = 6000;
const SETTLE_MS = 10_000;
/** A run without an answer for so long is lost: longer than a judge takes that has died over it, and each job before it. */
const RUN_MS = 60_000;
const EACH_MS = 3000;
/** What writes is this page, over all its sockets. */
const PAGE = newId();

interface Submittal {
  id: string;
  language: Language;
  code: string;
}

/** One duel as one page sees it: listens, opens it anew whenever that may be needed, and does what the player asks. */
export class DuelController {
  readonly store: StoreApi<DuelState> = createStore(() => emptyState);
  mine: MyDocument | null = null;
  readonly others = new Map<string, OtherDocument>();
  private undo: Array<() => void> = [];
  private readonly drafts: Drafts;
  /** What was left by an earlier page; undefined until that is known. */
  private draft: Draft | null | undefined;
  /** Whether the server gave this page the pen when it opened the duel last. */
  private pen = false;
  /** Whether it had asked for it, then. */
  private asked = false;
  /** Whether to take the pen from another page: by opening this one in sight, and when its user asks; never by coming back. */
  private take = document.visibilityState === "visible";
  private opening = false;
  private again = false;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  /** What was submitted last, until the server says that it was received: asked again, it is the same submission. */
  private inDoubt: Submittal | null = null;

  constructor(
    readonly duelId: string,
    readonly myId: string,
    private readonly moveTo: (duelId: string) => void,
  ) {
    this.drafts = new Drafts(duelId, myId);
  }

  start(): void {
    this.stopped = false;
    const keep = () => this.mine?.keep();
    const seen = () => {
      if (document.visibilityState === "hidden") keep();
      else if (this.mine?.fenced) this.open(); // the edits of the page that writes do not come here
    };
    window.addEventListener("pagehide", keep);
    document.addEventListener("visibilitychange", seen);
    this.undo = [
      () => window.removeEventListener("pagehide", keep),
      () => document.removeEventListener("visibilitychange", seen),
      useLink.subscribe(({ link }, before) => link !== before.link && this.linkChanged(link === "online")),
      this.on("duel:state", ({ snapshot }) => this.snapshot && this.show(snapshot)),
      this.on("duel:edit", (edit) => this.edited(edit)),
      this.on("duel:cursor", (it) => this.others.get(it.player_id)?.cursorMoved(it.anchor, it.head)),
      this.on("duel:presence", (it) => this.presence(it)),
      this.on("duel:said", (it) => this.said(it)),
      this.on("duel:ran", (it) => this.ran(it)),
      this.on("duel:verdict", (it) => this.judged(it)),
      this.on("duel:finished", ({ ratings }) => {
        this.set({ ratings: ratings ?? {} });
        this.open();
      }),
      listen("queue:matched", ({ duel_id }) => duel_id !== this.duelId && this.moveTo(duel_id)),
    ];
    if (useLink.getState().link === "online") this.open();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.mine?.keep();
    this.mine?.pump.close();
    for (const undo of this.undo.splice(0)) undo();
  }

  /** Takes the pen from another page of this player. */
  takePen = (): void => {
    this.take = true;
    this.open();
  };

  /** Joins anew. At most one request is under way, and one more waits. */
  open = (): void => {
    if (this.opening) {
      this.again = true;
      return;
    }
    this.opening = true;
    void this.openOnce().finally(() => {
      this.opening = false;
      if (this.again && !this.stopped) this.open();
    });
  };

  private async openOnce(): Promise<void> {
    this.again = false;
    clearTimeout(this.retry);
    if (this.draft === undefined) this.draft = await this.drafts.load();
    else await this.meetDraft();
    const { take } = this;
    this.take = false;
    // What the server took after it had answered would count as unsent here.
    this.mine?.pump.close();
    const askedAt = Date.now();
    try {
      const { snapshot, pen } = await ask("duel:open", { duel_id: this.duelId, page: PAGE, take });
      serverClock.sample(askedAt, Date.now(), snapshot.server_time);
      this.pen = pen ?? false;
      this.asked = take;
      if (!this.stopped) this.show(snapshot, true);
    } catch (error) {
      this.take ||= take;
      this.openFailed(error as Refused);
    }
  }

  /** Another page of this browser may have gone on from what was typed here, or have left more. */
  private async meetDraft(): Promise<void> {
    const { mine } = this;
    if (useLink.getState().link !== "online" || (!mine?.unsent && !(mine?.fenced && this.take))) return;
    const draft = await this.drafts.load();
    if (draft) mine.meet(draft, this.take);
  }

  private openFailed({ code, message, retryAfterMs }: Refused): void {
    if (this.stopped || useLink.getState().link !== "online") return; // the next connection opens it again
    if (code === "not_found") this.drafts.remove();
    if (code === "not_found" || code === "forbidden") this.set({ failure: message });
    else this.retry = setTimeout(this.open, retryAfterMs || RETRY_MS);
  }

  private on<E extends keyof ServerEvents>(event: E, handler: (payload: ServerEvents[E]) => void): () => void {
    return listen(event, (payload) => {
      const about = "snapshot" in payload ? payload.snapshot.duel_id : "duel_id" in payload ? payload.duel_id : null;
      if (about === this.duelId) handler(payload);
    });
  }

  private set(news: Partial<DuelState>): void {
    this.store.setState(news);
  }

  private get snapshot(): Snapshot | null {
    return this.store.getState().snapshot;
  }

  private linkChanged(online: boolean): void {
    if (online) return this.open();
    this.mine?.cutOff();
    const { run } = this.store.getState();
    if (run) this.runFailed(run.runId, t.errors.runLost);
  }

  /** `joined`: the snapshot answers `duel:open`, so its text is the server's newest. */
  private show(snapshot: Snapshot, joined = false): void {
    for (const player of snapshot.players) {
      if (player.id !== this.myId) this.showOther(player);
      else if (snapshot.status === "finished") this.finish(player);
      else this.showMine(snapshot, joined);
    }
    this.set({ snapshot, failure: null });
    if (snapshot.role === "player") settle(snapshot.home);
  }

  /** Who writes here knows better than a snapshot that was not asked for; who only watches does not. */
  private showMine(snapshot: Snapshot, joined: boolean): void {
    const me = snapshot.players.find((player) => player.id === this.myId);
    if (!snapshot.challenge || me?.text == null || this.draft === undefined) return;
    if (this.mine && !this.mine.fenced && !joined) return;
    const { seq, language } = me;
    const pen = this.pen && (joined || !this.mine);
    const side = { seq, text: me.text, language, pen, asked: this.asked };
    this.mine ??= new MyDocument(
      {
        duelId: this.duelId,
        drafts: this.drafts,
        codeBytes: snapshot.challenge.limits.code_bytes,
        reopen: this.open,
        stateChanged: (pen) => this.set({ pen }),
        tooLong: () => this.set({ problem: t.errors.tooLong }),
      },
      side,
      this.draft,
    );
    this.mine.opened(side);
    this.set({ snapshot, language: this.mine.language, unsent: this.mine.unsent });
    if (!this.mine.fenced) this.takeUpHabit();
  }

  /** The duel is over. What could not be sent is offered and kept until it is dismissed. */
  private finish({ seq, text }: DuelPlayer): void {
    if (this.snapshot?.status === "finished") return;
    const draft = this.mine ? this.mine.finish() : this.draft;
    const left = draft ? leftOver(draft, seq, text ?? "") : null;
    if (left === null) this.drafts.remove();
    this.set({ leftOver: left });
  }

  dismissLeftOver = (): void => {
    this.drafts.remove();
    this.set({ leftOver: null });
  };

  /** Who has written nothing yet begins in the language they chose last. */
  private takeUpHabit(): void {
    const habit = rememberedLanguage();
    if (habit && habit !== this.mine?.language && this.mine?.pump.ledger.acked === 0 && !this.changed) {
      this.writeIn(habit);
    }
  }

  /** Whether the own text is more than starter code. */
  get changed(): boolean {
    const text = this.mine?.text ?? "";
    return text.trim() !== "" && text !== this.snapshot?.challenge?.starter[this.mine?.language ?? "python"];
  }

  /** Begins anew in another language, if it is offered. */
  writeIn(language: Language): void {
    const starter = this.snapshot?.challenge?.starter[language];
    if (!this.mine || starter === undefined) return;
    this.mine.refuse(null);
    this.mine.writeIn(language, starter);
    rememberLanguage(language);
    this.set({ language });
  }

  /** Every snapshot is the truth about the others: the edits it counts are not sent again. */
  private showOther({ id, nickname, seq, text, language }: Snapshot["players"][number]): void {
    const known = this.others.get(id);
    if (known) known.load(seq, text, language);
    else this.others.set(id, new OtherDocument(nickname, seq, text, language));
  }

  private edited({ player_id, seq, changes }: ServerEvents["duel:edit"]): void {
    const other = this.others.get(player_id);
    if (!other) return;
    this.store.setState((state) => ({ typedAt: { ...state.typedAt, [player_id]: serverClock.now() } }));
    if (!other.edited(seq, changes)) this.open();
  }

  private presence(it: ServerEvents["duel:presence"]): void {
    if (it.pen != null && it.pen !== PAGE) this.open(); // perhaps it is not here any more
    this.set({ snapshot: this.snapshot && withPresence(this.snapshot, it) });
  }

  private said({ player_id, reaction }: ServerEvents["duel:said"]): void {
    const it = { key: Date.now() + Math.random(), playerId: player_id, reaction };
    this.store.setState((state) => ({ said: [...state.said.slice(-4), it] }));
    setTimeout(() => this.store.setState((s) => ({ said: s.said.filter(({ key }) => key !== it.key) })), SAID_MS);
  }

  private ran(answer: ServerEvents["duel:ran"]): void {
    const { run } = this.store.getState();
    if (run?.runId !== answer.run_id) return;
    this.set({ run: { ...run, answer, problem: null } });
    this.markRefusal(answer);
  }

  private judged(it: ServerEvents["duel:verdict"]): void {
    if (!this.snapshot) return;
    this.set({ snapshot: withVerdict(this.snapshot, it, serverClock.now()) });
    if (it.player_id !== this.myId) return;
    this.store.setState((state) => ({ details: { ...state.details, [it.submission_id]: it } }));
    this.markRefusal(it);
  }

  private markRefusal({ line, column, message }: ServerEvents["duel:ran"] | ServerEvents["duel:verdict"]): void {
    if (line != null) this.mine?.refuse({ line, column, message: message ?? t.editor.refusedHere });
  }

  /** Waits until the server has every edit; gives its last seq, the language, and the code. */
  private async settled(): Promise<{ seq: number; language: Language; code: string }> {
    const { mine } = this;
    if (!mine) throw new Error(t.errors.notStarted);
    const tooSlow = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(t.errors.notSaved)), SETTLE_MS),
    );
    try {
      const seq = await Promise.race([mine.pump.settled(), tooSlow]);
      return { seq, language: mine.language, code: mine.text };
    } catch (error) {
      throw error instanceof Unsettled ? new Error(t.errors[error.state]) : error;
    }
  }

  async run(input: string | null): Promise<void> {
    const runId = newId();
    this.mine?.refuse(null);
    this.set({ run: { runId, ownInput: input !== null, answer: null, problem: null }, problem: null });
    try {
      const { language } = await this.settled();
      const { queue_position } = await ask("duel:run", { duel_id: this.duelId, run_id: runId, language, input });
      setTimeout(() => this.runFailed(runId, t.errors.runLost), RUN_MS + queue_position * EACH_MS);
    } catch (error) {
      this.runFailed(runId, (error as Error).message);
    }
  }

  /** What came before stands; an answer may still come. */
  private runFailed(runId: string, problem: string): void {
    const { run } = this.store.getState();
    if (run?.runId === runId && !run.answer && !run.problem) this.set({ run: { ...run, problem } });
  }

  async submit(): Promise<void> {
    if (this.store.getState().submitting) return;
    this.mine?.refuse(null);
    this.set({ submitting: true, problem: null });
    try {
      const { seq, language, code } = await this.settled();
      const submission_id = this.submissionId(language, code);
      const ack = await this.submitOnce({ duel_id: this.duelId, submission_id, language, seq });
      this.inDoubt = null;
      const received = { submission_id: ack.submission_id, receipt: ack.receipt, received_at: serverClock.now() };
      if (this.snapshot) this.set({ snapshot: withSubmission(this.snapshot, this.myId, received) });
    } catch (error) {
      this.set({ problem: (error as Error).message });
    } finally {
      this.set({ submitting: false });
    }
  }

  /** A refusal may follow a receipt, so the id stays with its code; with other code the server would take it for the first. */
  private submissionId(language: Language, code: string): string {
    const known = this.inDoubt;
    if (known?.language === language && known.code === code) return known.id;
    this.inDoubt = { id: newId(), language, code };
    return this.inDoubt.id;
  }

  /** Asks again with the same id when the answer was lost: twice the same submission is one. */
  private async submitOnce(payload: DuelSubmit, attempts = 4): Promise<DuelSubmitAck> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask("duel:submit", payload);
      } catch (error) {
        if ((error as Refused).code !== "lost" || attempt >= attempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** An act without an answer of its own; a refusal is shown. */
  private async act(event: "duel:resign" | "duel:offer_draw" | "duel:rematch"): Promise<void> {
    try {
      await ask(event, { duel_id: this.duelId });
    } catch (error) {
      this.set({ problem: (error as Error).message });
    }
  }

  resign = () => this.act("duel:resign");
  offerDraw = () => this.act("duel:offer_draw");
  rematch = () => this.act("duel:rematch");
  dismiss = () => this.set({ problem: null });

  say(reaction: string): void {
    ask("duel:say", { duel_id: this.duelId, reaction }).catch((error: Refused) => this.set({ problem: error.message }));
  }
}
