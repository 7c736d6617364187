import * as vscode from "vscode";
import type { AttemptQuery, Pool } from "../../pool/types.js";
import {
  type ChangeKind,
  REGRADE_PAGE,
  type RegradeFromView,
  type RegradeMemory,
  type RegradeRow,
  type RegradeState,
  type RegradeToView,
} from "../../protocol/regrade.js";
import type { RegradeChange } from "../../protocol/verdicts.js";
import { PANELS } from "../names.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { count } from "../words.js";
import { isSecond, Page } from "./page.js";

/** Of a problem, in a list. */
const TITLE = 400;
/** Attempts that Review goes through at most. */
const MOST = 10_000;
const UNTRUSTED =
  "This workspace is in Restricted Mode: what was graded again can be read; nothing is changed.";

/** The one Re-grade page of the window: what a re-grading would change, before it is applied, and what was. */
export class RegradePanel implements vscode.Disposable {
  private page: Page<RegradeToView, RegradeFromView> | undefined;
  private shown: number | null = null;
  private busy: string | null = null;
  private notice: string | null = null;
  private drawing: Promise<void> | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly services: Services,
    private readonly review: (attemptId: number, query: AttemptQuery) => Promise<void>,
  ) {
    this.subscriptions = [
      services.onDidChangePool(() => this.redraw()),
      vscode.window.registerWebviewPanelSerializer(PANELS.regrade, {
        deserializeWebviewPanel: async (panel, memory: RegradeMemory | undefined) => {
          if (isSecond(this.page, panel)) return;
          this.shown = memory?.regradeId ?? null;
          this.adopt(panel);
        },
      }),
    ];
  }

  /** Shows this re-grading, or the newest. */
  show(regradeId?: number): void {
    if (regradeId !== undefined) {
      this.shown = regradeId;
      this.notice = null;
    }
    if (this.page) {
      this.page.panel.reveal();
      this.redraw();
    } else this.adopt(vscode.window.createWebviewPanel(PANELS.regrade, "Re-grade", vscode.ViewColumn.Active));
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.page = new Page(panel, this.services.context.extensionUri, "regrade", "regrade", (message) => {
      this.receive(message).catch((error: unknown) => this.services.fail(error));
    });
    panel.onDidDispose(() => {
      this.page = undefined;
    });
  }

  private async receive(message: RegradeFromView): Promise<void> {
    switch (message.type) {
      case "ready":
        return this.redraw();
      case "rows":
        return this.rows(message.regradeId, message.kind, message.after);
      case "show":
        this.shown = message.regradeId;
        this.notice = null;
        return this.redraw();
      case "apply":
        return this.apply(message.regradeId);
      case "drop":
        return this.drop(message.regradeId);
      case "undo":
        return this.undo(message.regradeId);
      case "review":
        return this.open(message.regradeId, message.attemptId, message.kind);
      case "again":
        await vscode.commands.executeCommand("errata.regrade");
    }
  }

  private async drop(id: number): Promise<void> {
    const dropped = await this.doing("Dropping the preview…", async (pool) => {
      await pool.dropRegrade(id);
      return true;
    });
    if (!dropped) return;
    this.notice = "The preview was dropped; nothing changed.";
    this.redraw();
  }

  private async apply(id: number): Promise<void> {
    const result = await this.doing("Applying…", (pool) => pool.applyRegrade(id));
    if (!result) return;
    this.notice = `${count(result.changed, "attempt")} changed.${since(result.skipped)}`;
    this.services.log.info(`Re-grading ${id} applied: ${JSON.stringify(result)}`);
    this.redraw();
    const undo = "Undo";
    const chosen = await inform(`Re-graded: ${this.notice}`, undo);
    if (chosen === undo) await this.undo(id);
  }

  /** All of it at once, wherever it is asked for. */
  async undo(id: number): Promise<void> {
    const result = await this.doing("Putting back…", (pool) => pool.undoRegrade(id));
    if (!result) return;
    this.notice = `${count(result.changed, "attempt")} put back as before.${since(result.skipped)}`;
    this.services.log.info(`Re-grading ${id} undone: ${JSON.stringify(result)}`);
    this.redraw();
  }

  /** One thing at a time; undefined where something is being done, or it failed and the person was told. */
  private async doing<T>(words: string, work: (pool: Pool) => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = words;
    this.notice = null;
    this.redraw();
    try {
      return await work(await this.services.pool());
    } catch (error) {
      this.services.fail(error);
      return undefined;
    } finally {
      this.busy = null;
      this.redraw();
    }
  }

  /** Soon, and once for many reasons. */
  private redraw(): void {
    this.drawing ??= Promise.resolve()
      .then(() => {
        this.drawing = undefined;
        return this.draw();
      })
      .catch((error: unknown) => this.services.fail(error));
  }

  private async draw(): Promise<void> {
    // A hidden page asks again when it is seen.
    if (!this.page?.panel.visible) return;
    const pool = await this.services.poolIfAny();
    const history = pool ? await pool.regrades() : [];
    // What is being graded now has a progress of its own.
    const done = history.filter(({ state }) => state !== "grading");
    const regrade = done.find(({ id }) => id === this.shown) ?? done[0] ?? null;
    this.shown = regrade?.id ?? null;
    const state: RegradeState = {
      regrade,
      history: done,
      leftOut: pool ? await pool.badProblems() : 0,
      busy: this.busy,
      notice: this.notice,
      readOnly: this.services.trusted && !pool?.readOnly ? null : UNTRUSTED,
    };
    this.page?.post({ type: "state", state });
  }

  private async rows(regradeId: number, kind: ChangeKind, after: number): Promise<void> {
    const pool = await this.services.pool();
    const page = { ...kind, after, limit: REGRADE_PAGE };
    const rows = await withProblems(pool, await pool.regradeChanges(regradeId, page));
    this.page?.post({ type: "rows", regradeId, kind, after, rows });
  }

  private async open(regradeId: number, attemptId: number, kind: ChangeKind): Promise<void> {
    const pool = await this.services.pool();
    const changes = await pool.regradeChanges(regradeId, { ...kind, limit: MOST });
    const ids = changes.map((change) => change.attemptId);
    await this.review(attemptId, { scope: "all", ids: ids.includes(attemptId) ? ids : [attemptId, ...ids] });
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.page?.dispose();
  }
}

const since = (skipped: number): string =>
  skipped === 0 ? "" : ` ${count(skipped, "attempt")} had changed since and stayed.`;

async function withProblems(pool: Pool, changes: readonly RegradeChange[]): Promise<RegradeRow[]> {
  const ids = changes.map(({ attemptId }) => attemptId);
  const attempts = ids.length > 0 ? await pool.attempts({ ids }, { limit: ids.length, brief: true }) : [];
  const problems = await pool.problems([...new Set(attempts.map(({ problemId }) => problemId))]);
  const problemOf = new Map(attempts.map(({ id, problemId }) => [id, problemId]));
  const texts = new Map(problems.map((problem) => [problem.rowId, problem]));
  return changes.map((change) => {
    const problem = texts.get(problemOf.get(change.attemptId) ?? -1);
    return { ...change, problem: problem?.problem.slice(0, TITLE) ?? "", gold: problem?.gold ?? "" };
  });
}
