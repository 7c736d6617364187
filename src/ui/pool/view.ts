import type * as vscode from "vscode";
import type { AttemptQuery, PoolGrouping } from "../../pool/types.js";
import { setContext } from "../commands.js";
import { CONTEXT } from "../names.js";

/** What the Error Pool tree shows of the pool: a filter and a grouping, kept with the workspace. */
export interface PoolView {
  query: AttemptQuery;
  grouping: PoolGrouping;
}

const KEY = "errata.pool.view";

export class PoolViewState {
  private current: PoolView;

  constructor(
    private readonly memento: vscode.Memento,
    private readonly changed: () => void,
  ) {
    this.current = memento.get<PoolView>(KEY) ?? { query: {}, grouping: "problem" };
    setContext(CONTEXT.filtered, this.filtered);
  }

  get query(): AttemptQuery {
    return this.current.query;
  }

  get grouping(): PoolGrouping {
    return this.current.grouping;
  }

  get filtered(): boolean {
    return Object.keys(this.current.query).length > 0;
  }

  async set(change: Partial<PoolView>): Promise<void> {
    this.current = { ...this.current, ...change };
    setContext(CONTEXT.filtered, this.filtered);
    this.changed();
    await this.memento.update(KEY, this.current);
  }

  /** The filter in words, for the line above the tree. */
  describe(): string | undefined {
    const { scope, verdicts, reviewed, text } = this.current.query;
    const parts = [
      text ? `“${text}”` : "",
      verdicts?.join(", ") ?? "",
      reviewed === undefined ? "" : reviewed ? "reviewed" : "not reviewed",
      scope === "all" ? "every attempt, not the pool alone" : "",
    ].filter(Boolean);
    return parts.length > 0 ? `Filter: ${parts.join(" · ")}` : undefined;
  }
}
