import { Annotation, ChangeSet, EditorState, type Extension, Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { inLanguage } from "@/components/code/languages";
import { type Refusal, refusalMarks, setRefusal } from "@/components/code/refusal";
import { writableCode } from "@/components/code/setup";
import { ask, type Refused } from "@/lib/connection";
import { newId } from "@/lib/ids";
import type { Language } from "@/lib/language";
import type { DuelEdit } from "@/protocol/wire.gen";
import { Ledger } from "../sync/ledger";
import { type EditReply, Pump, type PumpState } from "../sync/pump";
import type { Draft, Drafts } from "./drafts";

/** Marks changes that came from the server, so that they are not sent back to it. */
const fromServer = Annotation.define<boolean>();

const CURSOR_MS = 100;

interface Options {
  duelId: string;
  drafts: Drafts;
  codeBytes: number;
  reopen(): void;
  stateChanged(state: PumpState): void;
  tooLong(): void;
}

/** The own side as a snapshot shows it. */
interface Joined {
  seq: number;
  text: string;
  language: Language;
  /** Whether this page writes; another one of the same player else. */
  pen: boolean;
  /** Whether its user, or its being opened, asked for that. */
  asked: boolean;
}

/** The own document: its editor, if one is shown, and the pump that sends what is typed. */
export class MyDocument {
  readonly pump: Pump;
  private view: EditorView | null = null;
  private cursorTimer: ReturnType<typeof setTimeout> | undefined;
  private state: PumpState = "closed";
  private written: Language;
  /** This page's part of the names of what it puts by. */
  private readonly page = newId();
  private typedAt: number;
  private tookUp: string[];
  /** Whether something has kept what is typed here from being sent, until all of it is. */
  private behind: boolean;
  private finished = false;

  constructor(
    private readonly options: Options,
    { seq, text, language }: Joined,
    draft: Draft | null,
  ) {
    const ledger = draft && restored(draft);
    this.written = ledger ? draft.language : language;
    this.typedAt = ledger ? draft.at : 0;
    this.tookUp = ledger ? upTo(draft) : [];
    this.behind = ledger !== null;
    this.pump = new Pump(ledger ?? Ledger.at(seq, text), {
      send: (number, changes) => this.send(number, changes),
      reopen: options.reopen,
      show: (changes) => this.view?.dispatch({ changes, annotations: fromServer.of(true) }),
      save: () => this.save(),
      stateChanged: (state) => this.stateChanged(state),
    });
  }

  get text(): string {
    return this.pump.ledger.local.toString();
  }

  /** What the text is written in. */
  get language(): Language {
    return this.written;
  }

  /** The server let this page join: its newest edit and text, and its language, unless a change is still on its way. */
  opened({ seq, text, language, pen, asked }: Joined): void {
    if (this.fenced || !pen) this.turnTo(language); // what is left is added to a text in that one
    this.pump.opened(seq, text, pen, asked);
    if (this.pump.ledger.clean) this.turnTo(language);
  }

  /**
   * What lies in the store, before the server is asked. Another page that took up what is typed here sends it. Who takes the
   * pen (`take`) and has nothing unsent goes on from what another page left.
   */
  meet(draft: Draft, take: boolean): void {
    if (draft.from?.includes(this.id)) {
      this.typedAt = 0;
      this.pump.resume(this.pump.ledger.withoutUnsent(), this.fenced ? "fenced" : "closed");
    }
    if (take && !this.unsent && draft.at > this.typedAt) this.takeUp(draft);
  }

  private takeUp(draft: Draft): void {
    const ledger = restored(draft);
    if (!ledger) return;
    this.typedAt = draft.at;
    this.tookUp = upTo(draft);
    this.pump.resume(ledger, "closed");
    this.turnTo(draft.language);
  }

  /** Whether something was typed here that the server is not known to have. */
  get unsent(): boolean {
    return !this.pump.ledger.clean;
  }

  /** Goes over to another language, by an edit like any other that puts `starter` in the place of the text. */
  writeIn(language: Language, starter: string): void {
    this.turnTo(language);
    const insert = Text.of(starter.split("\n"));
    const { length } = this.pump.ledger.local;
    if (this.view) this.view.dispatch({ changes: { from: 0, to: length, insert }, selection: { anchor: 0 } });
    else this.typed(ChangeSet.of({ from: 0, to: length, insert }, length));
  }

  /** The author typed. */
  typed(changes: ChangeSet): void {
    this.typedAt = Math.max(Date.now(), this.typedAt + 1);
    this.pump.typed(changes);
  }

  private turnTo(language: Language): void {
    if (language === this.written) return;
    this.written = language;
    this.view?.dispatch({ effects: inLanguage(language) });
  }

  /** What CodeMirror starts from. */
  setup(label: string): { doc: Text; extensions: Extension } {
    return {
      doc: this.pump.ledger.local,
      extensions: [
        writableCode(label, this.language),
        refusalMarks,
        withinBytes(this.options.codeBytes, this.options.tooLong),
        EditorState.transactionFilter.of((tr) =>
          tr.docChanged && !this.writable && !tr.annotation(fromServer) ? [] : tr,
        ),
        EditorView.updateListener.of((update) => {
          for (const tr of update.transactions) {
            if (tr.docChanged && !tr.annotation(fromServer)) this.typed(tr.changes);
          }
          if (update.selectionSet || update.docChanged) this.cursorMoved();
        }),
      ],
    };
  }

  attach = (view: EditorView): (() => void) => {
    this.view = view;
    return () => {
      this.view = null;
    };
  };

  /** Marks where the judge refused the program; null takes the mark away. */
  refuse(refusal: Refusal | null): void {
    this.view?.dispatch({ effects: setRefusal.of(refusal), ...(refusal && { scrollIntoView: false }) });
  }

  focus(): void {
    this.view?.focus();
  }

  private save(): void {
    if (this.writable) this.options.drafts.save(this.draft);
    this.behind &&= this.unsent;
  }

  /** Keeps what was not sent yet over a refresh. */
  keep(): void {
    if (!this.finished) this.options.drafts.keep(this.draft, this.writable);
  }

  private draft = (): Draft => ({
    ...this.pump.ledger.save(),
    language: this.language,
    at: this.typedAt,
    id: this.id,
    from: this.tookUp,
  });

  /** What is typed here, by name: another one with every keystroke. */
  private get id(): string {
    return `${this.page}:${this.typedAt}`;
  }

  /** The connection is lost. */
  cutOff(): void {
    this.behind = true;
    this.pump.close();
  }

  /** The duel is over: nothing is sent any more. Keeps and gives what was not, but for the keystrokes that were on their way. */
  finish(): Draft | null {
    const draft = this.behind ? this.draft() : null;
    if (draft) this.keep();
    this.finished = true;
    this.pump.close("over");
    return draft;
  }

  /** Whether another page of this player writes. */
  get fenced(): boolean {
    return this.state === "fenced";
  }

  private get writable(): boolean {
    return this.state !== "fenced" && this.state !== "over";
  }

  private stateChanged(state: PumpState): void {
    this.state = state;
    if (state === "fenced") this.options.drafts.cancel();
    if (state === "fenced" || state === "paused" || state === "refused") this.behind = true;
    this.options.stateChanged(state);
  }

  private async send(seq: number, changes: unknown): Promise<EditReply> {
    try {
      const { duelId: duel_id } = this.options;
      const edit = { duel_id, seq, changes: changes as DuelEdit["changes"], language: this.language };
      return { seq: (await ask("duel:edit", edit)).seq };
    } catch (error) {
      const { code, message, retryAfterMs } = error as Refused;
      if (code === "lost") this.behind = true;
      return code === "lost" ? null : { code, message, retryAfterMs };
    }
  }

  private cursorMoved(): void {
    this.cursorTimer ??= setTimeout(() => {
      this.cursorTimer = undefined;
      if (!this.view || this.state !== "open") return;
      const { anchor, head } = this.view.state.selection.main;
      ask("duel:cursor", { duel_id: this.options.duelId, anchor, head }).catch(() => {}); // the next move makes up for it
    }, CURSOR_MS);
  }
}

const upTo = ({ from = [], id }: Draft): string[] => [...from, id];

/** The code of a draft on top of the server's last edit and text; null when the server has all of it. */
export function leftOver(draft: Draft, seq: number, text: string): string | null {
  const ledger = restored(draft);
  ledger?.rebase(seq, text);
  return ledger?.clean === false ? ledger.local.toString() : null;
}

function restored(draft: Draft): Ledger | null {
  try {
    return Ledger.restore(draft);
  } catch {
    return null; // What was stored does not fit itself: the server's text it is.
  }
}

const utf8 = new TextEncoder();

/** Refuses changes that would make the text larger than the server takes. */
function withinBytes(limit: number, tooLong: () => void): Extension {
  return EditorState.transactionFilter.of((tr) => {
    // A UTF-16 unit is at most three bytes of UTF-8, so small texts need no count.
    if (!tr.docChanged || tr.annotation(fromServer) || tr.newDoc.length * 3 <= limit) return tr;
    if (tr.newDoc.length <= tr.startState.doc.length || utf8.encode(tr.newDoc.toString()).length <= limit) return tr;
    tooLong();
    return [];
  });
}
