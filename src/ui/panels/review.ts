import * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import { problemTitle } from "../../protocol/latex.js";
import type { ReviewAction, ReviewFromView, ReviewToView } from "../../protocol/review.js";
import { ErrataError } from "../../protocol/types.js";
import { setContext } from "../commands.js";
import { CONTEXT, PANELS } from "../names.js";
import type { Services } from "../services.js";
import { Page } from "./page.js";
import { ReviewSession } from "./review-session.js";

/** Their effect is in the view alone: text fields, the raw text, the lists that open and close. */
const VIEW_ACTIONS: ReadonlySet<ReviewAction> = new Set([
  "edit",
  "save",
  "leave",
  "note",
  "raw",
  "siblings",
  "help",
]);
/** The pool is read again no more often than this. */
const REFRESH_MS = 400;
const UNTRUSTED =
  "This workspace is in Restricted Mode: the pool can be read; nothing runs, and no judgement is stored.";
/** It does the same to a sample under way. */
const LIVE_ACTIONS: ReadonlySet<ReviewAction> = new Set(["raw"]);
const LAST = "errata.review.last";
interface Last {
  attemptId: number | null;
  query: AttemptQuery;
}

/** The one Review panel of the window. It is made again from ids when it was hidden or the window reloaded. */
export class ReviewPanel implements vscode.Disposable {
  private page: Page<ReviewToView, ReviewFromView> | undefined;
  private readonly session: ReviewSession;
  private query: AttemptQuery = {};
  /** Ends the messages of what is being sampled, while the panel shows it. */
  private unwatch: (() => void) | undefined;
  private focused = { focused: false, typing: false };
  watching = false;
  /** What was stored to come back to, as JSON. */
  private last = "";
  private stale = false;
  private refreshing = false;
  private readonly subscriptions: vscode.Disposable[] = [];

  constructor(private readonly services: Services) {
    this.session = new ReviewSession({
      pool: () => services.pool(),
      who: () => services.who(),
      // Trust may be given while the panel is open.
      get grade() {
        return services.trusted
          ? (text: string, gold: string) => services.grader().grade(text, gold)
          : undefined;
      },
      now: () => Date.now(),
      changed: () => this.draw(),
      judged: () => services.done("reviewed"),
      prefetched: (item) => this.page?.post({ type: "prefetch", item }),
      failed: (error) => services.fail(error),
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
          const last = services.context.workspaceState.get<Last>(LAST);
          this.adopt(panel);
          await this.load(last?.query ?? {}, last?.attemptId ?? undefined);
        },
      }),
    );
  }

  /** Shows the attempt, or goes on where the last sitting stopped. */
  async show(attemptId?: number, query?: AttemptQuery): Promise<void> {
    this.reveal();
    this.setWatching(false);
    const sameQueue = query === undefined || JSON.stringify(query) === JSON.stringify(this.query);
    if (sameQueue && this.session.attemptId !== null) {
      if (attemptId !== undefined) await this.session.go(attemptId);
    } else await this.load(query ?? {}, attemptId);
  }

  /** Shows what is being sampled. The review stays where it is, behind it. */
  watch(): void {
    const fresh = this.page === undefined;
    this.reveal();
    this.setWatching(true);
    if (fresh) void this.load({}).catch((error: unknown) => this.services.fail(error));
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
    if (page && watching) this.unwatch = this.services.live.attach((message) => page.post(message));
  }

  async act(action: ReviewAction): Promise<void> {
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
    else await this.session.act(action);
  }

  private async load(query: AttemptQuery, attemptId?: number): Promise<void> {
    this.query = query;
    // Looking at a folder that has no pool yet writes nothing into it.
    if (await this.services.poolIfAny()) await this.session.open(query, attemptId);
    else this.draw();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.page = new Page(panel, this.services.context.extensionUri, "review", "review", (m) =>
      this.receive(m),
    );
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
        this.unwatch?.();
        this.unwatch = undefined;
      }
    });
  }

  private receive(message: ReviewFromView): void {
    switch (message.type) {
      case "ready":
        this.draw();
        this.follow();
        if (this.stale) void this.refresh();
        break;
      case "watch":
        this.setWatching(message.on);
        break;
      case "hold":
        this.services.live.hold(message.on);
        break;
      case "focus":
        this.focus(message.focused, message.typing);
        break;
      case "act":
        void this.act(message.action).catch((error: unknown) => this.services.fail(error));
        break;
      case "cursor":
        void this.session.moveCursor(message.step);
        break;
      case "open":
        void this.session.go(message.attemptId);
        break;
      case "text":
        void this.session.text(message.field, message.attemptId, message.text, message.goOn);
    }
  }

  private async reflect(): Promise<void> {
    const attemptId = this.session.attemptId;
    if (attemptId !== null) await vscode.commands.executeCommand("errata.reflect", [attemptId]);
  }

  private draw(): void {
    if (!this.page) return;
    this.session.readOnly = this.services.trusted ? null : UNTRUSTED;
    this.page.post({ type: "state", state: this.session.state() });
    const text = this.session.problemText;
    const title = text === null ? "Review" : `Review: ${problemTitle(text, 40)}`;
    const { panel } = this.page;
    const shown = this.watching ? "Review: Live" : title;
    if (panel.title !== shown) panel.title = shown;
    const last: Last = { attemptId: this.session.attemptId, query: this.query };
    if (JSON.stringify(last) === this.last) return;
    this.last = JSON.stringify(last);
    void this.services.context.workspaceState.update(LAST, last);
  }

  private focus(focused: boolean, typing: boolean): void {
    this.focused = { focused, typing };
    setContext(CONTEXT.reviewFocused, focused && !this.watching);
    setContext(CONTEXT.reviewTyping, focused && typing);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.unwatch?.();
    this.page?.dispose();
  }
}
