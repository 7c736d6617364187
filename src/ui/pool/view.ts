import type * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import { setContext } from "../commands.js";
import { CONTEXT } from "../names.js";
import type { TreeGrouping } from "./nodes.js";

/** What the Error Pool tree shows of the pool: a filter and a grouping, kept with the workspace. */
export interface PoolView {
  query: AttemptQuery;
  grouping: TreeGrouping;
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

  get grouping(): TreeGrouping {
    return this.current.grouping;
  }

  get filtered(): boolean {
    return Object.keys(this.current.query).length > 0;
  }

  async set(change: Partial<PoolView>): Promise<void> {
    this.current = { ...this.current, ...change };
    this.changed();
    // Toolbars follow it; the rows come first.
    setContext(CONTEXT.filtered, this.filtered);
    await this.memento.update(KEY, this.current);
  }
}
