import { randomInt } from "node:crypto";
import * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import { problemTitle } from "../../protocol/latex.js";
import type { ReviewAction, ReviewFromView, ReviewToView } from "../../protocol/review.js";
import { ErrataError } from "../../protocol/types.js";
import type { SessionMemory } from "../../review/needs.js";
import { ReviewSession } from "../../review/session.js";
import { setContext } from "../commands.js";
import type { Corrections } from "../correction.js";
import { KeptFile } from "../kept-file.js";
import { CONTEXT, PANELS } from "../names.js";
import { WorkspaceRubric } from "../rubric.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { UnsavedTexts } from "../unsaved-texts.js";
import { isSecond, Page } from "./page.js";

/** Their effect is in the view alone: text fields, the raw text, the lists that open and close. */
const VIEW_ACTIONS: ReadonlySet<ReviewAction> = new Set([
  "edit",
  "editInEditor",
  "save",
  "leave",
  "note",
  "raw",
  "siblings",
  "find",
  "errorType",
  "label",
  "help",
]);
/**
 * The tab's title follows once no key was pressed for so long: the workbench lays its tabs out anew for it, in the same
 * thread in which the page paints. Milliseconds.
 */
const REST_MS = 250;
/** The pool is read again no more often than this. */
const REFRESH_MS = 400;
const UNTRUSTED =
  "This workspace is in Restricted Mode: the pool can be read; nothing runs, and no judgement is stored.";
/** It does the same to a sample under way. */
const LIVE_ACTIONS: ReadonlySet<ReviewAction> = new Set(["raw", "leave"]);

type SavedText = Extract<ReviewFromView, { type: "text" }>;

/** The one Review panel of the window. It is made again from ids when it was hidden or the window reloaded. */
export class ReviewPanel implements vscode.Disposable {
  private page: Page<ReviewToView, ReviewFromView> | undefined;
  private readonly session: ReviewSession;
  private rubric: WorkspaceRubric | undefined;
  private query: AttemptQuery = {};
  /** A queue was asked for in this window. */
  private begun = false;
  /** Ends the messages of what is being sampled, while the panel shows it. */
  private unwatch: (() => void) | undefined;
  /** Says that what was sent of it last is drawn. */
  private drawn: (() => void) | undefined;
  private focused = { focused: false, typing: false };
  /** The page asked for its state. */
  private ready = false;
  /** Attempt whose group is to be opened once the page shows it. */
  private grouped: number | null = null;
  watching = false;
  /** Corrections that are written in editors of their own. */
  corrections: Pick<Corrections, "open" | "ready"> | undefined;
  /** Where to come back to after a reload of the window. */
  private readonly place: KeptFile<SessionMemory>;
  /** What was written in the page's text fields, and not saved. */
  private readonly unsaved: UnsavedTexts;
  private saidClosed = false;
  private resting: NodeJS.Timeout | undefined;
  private stale = false;
  private refreshing = false;
  private readonly subscriptions: vscode.Disposable[] = [];

  /** Asks for the Error Pool's filter; undefined where the person left it as it was. */
  askFilter: () => Promise<AttemptQuery | undefined> = async () => undefined;

  constructor(private readonly services: Services) {
    const { storageUri } = services.context;
    const file = (name: string) => storageUri && vscode.Uri.joinPath(storageUri, name).fsPath;
    const noted = (error: unknown): void => services.log.warn(`review: ${String(error)}`);
    this.place = new KeptFile(file("review.json"), noted);
    this.unsaved = new UnsavedTexts(new KeptFile(file("unsaved.json"), noted));
    this.session = new ReviewSession({
      pool: () => services.pool(),
      who: () => services.who(),
      // Trust may be given while the panel is open.
      get grade() {
        return services.trusted
          ? (text: string, gold: string) => services.grader().grade(text, gold)
          : undefined;
      },
      get equal() {
        return services.trusted
          ? async (a: string, b: string) => (await services.grader().equal(a, b)).equal
          : undefined;
      },
      get relations() {
        return services.trusted
          ? (solution: string, problem: string) => services.grader().equalities(solution, problem)
          : undefined;
      },
      repeats: () => services.setting("review.repeats"),
      seed: () => randomInt(2 ** 31),
      now: () => Date.now(),
      changed: () => this.draw(),
      judged: () => services.done("reviewed"),
      prefetched: (item) => this.page?.post({ type: "prefetch", item }),
      hinted: (attemptId, hints) => this.page?.post({ type: "hints", attemptId, hints }),
      graded: (attemptId, text, grade) => this.page?.post({ type: "graded", attemptId, text, grade }),
      failed: (error) => services.fail(error),
      noted: (error) => services.log.warn(`review: ${String(error)}`),
    });
    this.subscriptions.push(
      services.onDidChangePool(() => void this.refresh()),
      services.work.onDidChange(() => {
        this.session.busy = services.work.running ?? null;
        this.draw();
      }),
      {
        dispose: services.live.onDidChange(() => {
          this.session.watchable = services.live.active;
          this.draw();
        }),
      },
      vscode.window.registerWebviewPanelSerializer(PANELS.review, {
        deserializeWebviewPanel: async (panel) => {
          if (isSecond(this.page, panel)) return;
          this.adopt(panel);
          await this.load();
        },
      }),
    );
  }

  /** Shows the attempt, or goes on where the last sitting stopped; `query` is the queue. */
  async show(attemptId?: number, query?: AttemptQuery): Promise<void> {
    this.reveal();
    this.setWatching(false);
    const sameQueue = query === undefined || JSON.stringify(query) === JSON.stringify(this.query);
    if (sameQueue && this.session.attemptId !== null) {
      if (attemptId !== undefined) await this.session.go(attemptId);
    } else if (query && attemptId !== undefined && attemptId === this.session.attemptId) {
      this.query = query;
      await this.session.requeue(query);
    } else await this.load(query, attemptId);
  }

  /** What the open panel shows; null where there is none. */
  get attemptId(): number | null {
    return this.page && !this.watching ? this.session.attemptId : null;
  }

  /** Shows the attempt with its group open. */
  async showGroup(attemptId: number, query?: AttemptQuery): Promise<void> {
    this.grouped = attemptId;
    await this.show(attemptId, query);
    this.openGroup();
  }

  /** Once the page is there and shows the attempt. */
  private openGroup(): void {
    if (this.grouped === null || !this.ready || this.session.attemptId !== this.grouped) return;
    this.page?.post({ type: "group", attemptId: this.grouped });
    this.grouped = null;
  }

  /** Shows what is being sampled. The review stays where it is, behind it. */
  watch(): void {
    const fresh = this.page === undefined;
    this.setWatching(true);
    this.reveal();
    if (fresh) void this.load().catch((error: unknown) => this.services.fail(error));
  }

  /** Sampling changes the pool many times a second: one reading at a time, and none of what nobody sees. */
  private async refresh(): Promise<void> {
    this.stale = true;
    if (this.refreshing) return;
    this.refreshing = true;
    while (this.stale && this.page?.panel.visible && !this.watching) {
      this.stale = false;
      await this.session.refresh();
      await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    }
    this.refreshing = false;
  }

  private reveal(): void {
    if (this.page) {
      this.page.panel.reveal();
      return;
    }
    const place = { viewColumn: vscode.ViewColumn.Active, preserveFocus: false };
    this.adopt(vscode.window.createWebviewPanel(PANELS.review, "Review", place));
  }

  private setWatching(on: boolean): void {
    if (this.watching === on) return;
    this.watching = on;
    this.draw();
    this.follow();
    if (!on && this.stale) void this.refresh();
    // Keys of the review must not judge an item that nobody sees.
    this.focus(this.focused.focused, this.focused.typing);
  }

  /** Tells the view which of the two it shows, and follows what is being sampled only while that is seen. */
  private follow(): void {
    this.unwatch?.();
    this.unwatch = undefined;
    const { page, watching } = this;
    page?.post({ type: "watch", on: watching });
    if (!page || !watching) return;
    this.unwatch = this.services.live.attach((message, drawn) => {
      this.drawn = drawn;
      page.post(message);
    });
  }

  /** To the page, if it is there and seen. */
  tell(message: ReviewToView): void {
    this.page?.post(message);
  }

  /** A key's command: the page, which saw the key, is told what became of it. */
  async press(action: ReviewAction): Promise<void> {
    if (!this.page) return this.sayClosed();
    this.page.post({ type: "pressed", action });
    try {
      await this.act(action);
    } finally {
      this.page?.post({ type: "done", action });
    }
  }

  /** Once: a key that a person bound everywhere would say it at every press. */
  private sayClosed(): void {
    if (this.saidClosed) return;
    this.saidClosed = true;
    const open = "Open Review";
    void inform(
      "The Review panel is not open: its keys and commands act on the attempt that it shows.",
      open,
    ).then((chosen) => chosen && vscode.commands.executeCommand("errata.review"));
  }

  private async act(action: ReviewAction): Promise<void> {
    if (!this.page) return;
    if (this.watching && !LIVE_ACTIONS.has(action)) {
      throw new ErrataError(
        "The Review panel shows what is being sampled.",
        "Press Escape in it to go back to the review.",
        "watching",
      );
    }
    if (VIEW_ACTIONS.has(action)) this.page.post({ type: "act", action });
    else if (action === "reflect") await this.reflect();
    else if (action === "filter") await this.filter();
    else await this.session.act(action);
  }

  /** Begins a queue; in a new window with what the last sitting left: order, mode, and, of the same queue, the place. */
  private async load(asked?: AttemptQuery, attemptId?: number): Promise<void> {
    const { begun } = this;
    const comesBack = asked === undefined && attemptId === undefined;
    // In the middle of a sitting it shows that as it stands.
    if (comesBack && this.session.attemptId !== null) return this.draw();
    const kept = begun ? undefined : await this.place.read();
    const query = asked ?? kept?.query ?? this.query;
    // Looking at a folder that has no pool yet writes nothing into it.
    if (!(await this.services.poolIfAny())) {
      this.draw();
      return;
    }
    // What was asked for meanwhile goes before what was left.
    if (comesBack && this.begun !== begun) return;
    this.begun = true;
    this.query = query;
    if (!kept) return this.session.open(query, attemptId);
    const same = JSON.stringify(query) === JSON.stringify(kept.query ?? {});
    const goesOn = same && (attemptId === undefined || attemptId === kept.attemptId);
    const { cursor: _, axis: __, again: ___, repeats: ____, ...settings } = kept;
    await this.session.resume(goesOn ? kept : { ...settings, query, attemptId: attemptId ?? null });
  }

  private async filter(): Promise<void> {
    const query = await this.askFilter();
    // What is being read stays, if it is among what the tree shows now.
    if (query) await this.show(this.session.attemptId ?? undefined, query);
  }

  private async sibling(of: number, attemptId: number): Promise<void> {
    const sibling = await this.session.sibling(of, attemptId);
    if (sibling) this.page?.post({ type: "sibling", attemptId: of, sibling });
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.ready = false;
    // What is known need not be asked for.
    const first = this.session.item && !this.watching ? this.state() : undefined;
    const receive = (message: ReviewFromView): void => this.receive(message);
    this.page = new Page(panel, this.services.context.extensionUri, "review", "review", receive, first);
    this.followRubric();
    panel.onDidDispose(() => {
      this.page = undefined;
      this.watching = false;
      this.follow();
      this.focus(false, false);
    });
    panel.onDidChangeViewState(() => {
      if (!panel.active) this.focus(false, false);
      // A hidden page is gone; when it comes back it says that it is ready.
      if (!panel.visible) {
        this.ready = false;
        this.unwatch?.();
        this.unwatch = undefined;
      }
    });
  }

  private followRubric(): void {
    if (this.rubric) return;
    const rubric = new WorkspaceRubric(this.services);
    this.rubric = rubric;
    rubric.onDidChange((now) => this.session.setRubric(now));
    void rubric.read().then((now) => this.session.setRubric(now));
  }

  private receive(message: ReviewFromView): void {
    const { session } = this;
    const fail = (error: unknown): void => this.services.fail(error);
    switch (message.type) {
      case "ready":
        this.ready = true;
        if (!message.drawn) this.draw();
        void this.restore();
        this.openGroup();
        this.follow();
        session.shownAgain();
        this.corrections?.ready();
        if (this.stale) void this.refresh();
        break;
      case "watch":
        this.setWatching(message.on);
        break;
      case "drawn":
        this.drawn?.();
        break;
      case "hold":
        this.services.live.hold(message.on, message.id);
        break;
      case "focus":
        this.focus(message.focused, message.typing);
        break;
      case "act":
        void this.act(message.action).catch(fail);
        break;
      case "ahead":
        session.foresight.showing(message.to);
        break;
      case "rate":
        void session.rate(message.axis, message.value);
        break;
      case "errorType":
        void session.errorType(message.id);
        break;
      case "label":
        void session.label(message.id);
        break;
      case "sibling":
        void this.sibling(message.of, message.attemptId).catch(fail);
        break;
      case "grade":
        session.draft(message.attemptId, message.text);
        break;
      case "openCorrection":
        void this.corrections?.open(message.attemptId, message.text).catch(fail);
        break;
      case "cursor":
        void session.moveCursor(message.step);
        break;
      case "open":
        void session.go(message.attemptId);
        break;
      case "text":
        void this.save(message);
        break;
      case "unsaved":
        void this.unsaved.put(message.name, message.text);
    }
  }

  /** The page keeps its draft until it hears that the text is stored. */
  private async save({ field, attemptId, text, goOn }: SavedText): Promise<void> {
    let ok = false;
    await this.session.text(field, attemptId, text, goOn, () => {
      ok = true;
    });
    if (ok) void this.unsaved.stored(`${field === "correction" ? "edit" : "note"} ${attemptId}`, text);
    this.page?.post({ type: "stored", field, attemptId, text, ok });
  }

  private async restore(): Promise<void> {
    const texts = await this.unsaved.all();
    if (texts.length > 0) this.page?.post({ type: "unsaved", texts });
  }

  private async reflect(): Promise<void> {
    const attemptId = this.session.attemptId;
    if (attemptId !== null) await vscode.commands.executeCommand("errata.reflect", [attemptId]);
  }

  private state(): ReviewToView {
    this.session.readOnly = this.services.trusted ? null : UNTRUSTED;
    return { type: "state", state: this.session.state() };
  }

  private draw(): void {
    if (!this.page) return;
    this.page.post(this.state());
    const { memory } = this.session;
    if (this.begun && memory.attemptId !== null) void this.place.write(memory);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.entitle(), REST_MS);
  }

  private entitle(): void {
    const text = this.session.item?.problem.text;
    const title = text === undefined ? "Review" : `Review: ${problemTitle(text, 40)}`;
    const shown = this.watching ? "Review: Live" : title;
    const panel = this.page?.panel;
    if (panel && panel.title !== shown) panel.title = shown;
  }

  private focus(focused: boolean, typing: boolean): void {
    this.focused = { focused, typing };
    setContext(CONTEXT.reviewFocused, focused && !this.watching);
    setContext(CONTEXT.reviewTyping, focused && typing);
  }

  dispose(): void {
    clearTimeout(this.resting);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.unwatch?.();
    this.rubric?.dispose();
    this.page?.dispose();
  }
}
