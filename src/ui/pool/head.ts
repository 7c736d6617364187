import * as vscode from "vscode";
import type { Pool, PoolCount } from "../../pool/types.js";
import { setContext } from "../commands.js";
import { CONTEXT, VIEWS } from "../names.js";
import type { Services } from "../services.js";
import { count, number } from "../words.js";
import { filterWords } from "./filter-words.js";
import type { Catalogue } from "./shape.js";
import { type Total, Totals } from "./totals.js";
import type { PoolViewState } from "./view.js";

/** What the view says of the whole: the line above the tree, its description, its badge, which welcome it shows. */
export class Head implements vscode.Disposable {
  private readonly totals: Totals;
  private fresh = false;
  private total: Total | undefined;
  private words = "";
  private pooled = "";
  /** What is in dispute, and what a person left out: of the whole pool, whatever the filter shows. */
  private beside: readonly string[] = [];
  /** Attempts that a count looks through. */
  private size = 0;

  constructor(
    private readonly services: Services,
    private readonly state: PoolViewState,
    private readonly view: Pick<vscode.TreeView<unknown>, "message" | "description" | "badge">,
  ) {
    this.totals = new Totals({
      show: (total) => {
        this.total = total;
        this.draw();
      },
      failed: (error) => services.fail(error),
      slow: (work) => void vscode.window.withProgress({ location: { viewId: VIEWS.pool } }, () => work),
    });
  }

  get slowSearch(): boolean {
    return this.totals.slowSearch;
  }

  /** The pool, the filter or the grouping changed. */
  stale(): void {
    this.fresh = false;
  }

  /** @param some the tree has rows. "Load more…" changes nothing of this. */
  async update(pool: Pool, some: boolean, catalogue: Catalogue): Promise<void> {
    if (this.fresh) return;
    this.fresh = true;
    const { filtered, query } = this.state;
    const [stats, { unreviewed: left }, disputes, leftOut] = await Promise.all([
      pool.stats(),
      pool.count({}),
      pool.disputes(),
      pool.badProblems(),
    ]);
    const disputed = disputes.disagree + disputes.imported + disputes.unsure;
    this.size = query.scope === "all" ? stats.attempts : stats.inPool;
    this.pooled = stats.inPool > 0 ? `${number(stats.inPool)} · ${number(stats.inPool - left)} reviewed` : "";
    this.beside = [
      disputed > 0 ? `${number(disputed)} in dispute` : "",
      leftOut > 0 ? `${count(leftOut, "problem")} left out` : "",
    ].filter(Boolean);
    setContext(CONTEXT.disputed, disputed > 0);
    this.view.badge =
      left > 0 ? { value: left, tooltip: `${number(left)} failed attempts to review` } : undefined;
    const words = filterWords(query, catalogue);
    // A message would hide the welcome that says what to do about an empty tree.
    const shown = some && words ? `Filter: ${words}` : "";
    if (shown !== this.words || !filtered) this.total = undefined;
    this.words = shown;
    if (filtered && some) this.totals.update(pool, query);
    else this.totals.stop();
    this.draw();
    if (stats.attempts > 0) this.services.done("sampled");
    if (stats.reviewed > 0) this.services.done("reviewed");
    const state = some ? "some" : filtered ? "noneMatch" : stats.attempts > 0 ? "noneKept" : "none";
    setContext(CONTEXT.poolState, state);
  }

  /** The tree could not be read. */
  fault(error: unknown): void {
    this.fresh = false;
    this.view.message = error instanceof Error ? error.message : String(error);
  }

  private draw(): void {
    const { total, words, view, size } = this;
    const counting = total && "share" in total;
    view.message = counting
      ? `${words} · Counting… ${number(Math.round(total.share * size))} of ${number(size)}`
      : words;
    const said = total && "attempts" in total ? `${matches(total)} match` : words ? "" : this.pooled;
    view.description = [said, ...this.beside].filter(Boolean).join(" · ");
  }

  dispose(): void {
    this.totals.dispose();
  }
}

const matches = ({ attempts, problems }: PoolCount): string =>
  `${count(attempts, "attempt")} of ${count(problems, "problem")}`;
