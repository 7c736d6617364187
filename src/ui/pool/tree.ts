import * as vscode from "vscode";
import type { AttemptQuery, Pool } from "../../pool/types.js";
import type { Reflection } from "../../protocol/types.js";
import { setContext } from "../commands.js";
import { CONTEXT, VIEWS } from "../names.js";
import type { Services } from "../services.js";
import {
  type AttemptNode,
  type BucketNode,
  nodeId,
  type PoolNode,
  type ProblemNode,
  treeItem,
} from "./nodes.js";
import type { PoolViewState } from "./view.js";

/** Rows loaded at once; "Load more…" adds as many. */
const PAGE = 100;
/** Sampling stores many attempts a second; the tree follows at this pace. */
const REFRESH_MS = 400;

/** Error Pool: (bucket →) problem → attempt. Every row comes from the pool when it is looked at. */
export class PoolTree implements vscode.TreeDataProvider<PoolNode> {
  private readonly changed = new vscode.EventEmitter<PoolNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** Rows shown of a parent, where it is more than one page. */
  private readonly shown = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private waiting: vscode.FileSystemWatcher | undefined;
  readonly view: vscode.TreeView<PoolNode>;

  constructor(
    private readonly services: Services,
    private readonly state: PoolViewState,
  ) {
    this.view = vscode.window.createTreeView(VIEWS.pool, {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    services.context.subscriptions.push(
      this.view,
      this.changed,
      services.onDidChangePool(() => this.later()),
      { dispose: () => clearTimeout(this.timer) },
    );
  }

  /** Refreshes soon; many calls become one. */
  later(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.changed.fire(undefined);
    }, REFRESH_MS);
  }

  refresh(): void {
    this.changed.fire(undefined);
  }

  /** A new filter or grouping: from the first page. */
  reset(): void {
    this.shown.clear();
    this.changed.fire(undefined);
  }

  loadMore(parent: PoolNode | undefined): void {
    const key = parent ? nodeId(parent) : "";
    this.shown.set(key, this.limit(key) + PAGE);
    this.changed.fire(parent);
  }

  getTreeItem(node: PoolNode): vscode.TreeItem {
    return treeItem(node);
  }

  getParent(node: PoolNode): PoolNode | undefined {
    return node.type === "bucket" ? undefined : node.parent;
  }

  async getChildren(node?: PoolNode): Promise<PoolNode[]> {
    try {
      const pool = await this.services.poolIfAny();
      if (!pool) {
        setContext(CONTEXT.poolState, "none");
        this.awaitPool();
        return [];
      }
      if (!node) return await this.roots(pool);
      if (node.type === "bucket")
        return await this.problems(pool, { ...this.state.query, [node.grouping]: node.bucket.key }, node);
      if (node.type === "problem") return await this.attempts(pool, node);
      return [];
    } catch (error) {
      this.services.log.error(error instanceof Error ? error : String(error));
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  }

  /** Another window or the command line may make the pool. */
  private awaitPool(): void {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    if (this.waiting || !folder) return;
    this.waiting = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(folder, ".errata/pool.sqlite"),
      false,
      true,
      true,
    );
    this.waiting.onDidCreate(() => this.later());
    this.services.context.subscriptions.push(this.waiting);
  }

  private limit(key: string): number {
    return this.shown.get(key) ?? PAGE;
  }

  private async roots(pool: Pool): Promise<PoolNode[]> {
    const { grouping, query } = this.state;
    const nodes = await (grouping === "problem"
      ? this.problems(pool, query)
      : pool.buckets(grouping, query, { limit: this.limit("") + 1 }).then((buckets) =>
          this.page(
            "",
            undefined,
            buckets.map((bucket): PoolNode => ({ type: "bucket", grouping, bucket })),
          ),
        ));
    await this.head(pool, nodes.length);
    return nodes;
  }

  /** The view's title line, badge, message and welcome. */
  private async head(pool: Pool, rows: number): Promise<void> {
    const stats = await pool.stats();
    const levels = await pool.buckets("level");
    const left = levels.reduce((sum, { unreviewed }) => sum + unreviewed, 0);
    // A message would hide the welcome that says what to do about an empty tree.
    this.view.message = rows > 0 ? (this.state.describe() ?? "") : "";
    this.view.description = stats.inPool > 0 ? `${stats.inPool} · ${stats.inPool - left} reviewed` : "";
    this.view.badge = left > 0 ? { value: left, tooltip: `${left} failed attempts to review` } : undefined;
    if (stats.attempts > 0) this.services.done("sampled");
    if (stats.reviewed > 0) this.services.done("reviewed");
    const state =
      rows > 0 ? "some" : this.state.filtered ? "noneMatch" : stats.attempts > 0 ? "noneKept" : "none";
    setContext(CONTEXT.poolState, state);
  }

  private async problems(pool: Pool, query: AttemptQuery, parent?: BucketNode): Promise<PoolNode[]> {
    const key = parent ? nodeId(parent) : "";
    const buckets = await pool.buckets("problem", query, { limit: this.limit(key) + 1 });
    const nodes = buckets.map((bucket): ProblemNode => {
      const node: ProblemNode = { type: "problem", problemId: Number(bucket.key), bucket };
      return parent ? { ...node, parent } : node;
    });
    return this.page(key, parent, nodes);
  }

  private async attempts(pool: Pool, parent: ProblemNode): Promise<PoolNode[]> {
    const key = nodeId(parent);
    const query = this.queryOf(parent);
    const attempts = await pool.attempts(query, { limit: this.limit(key) + 1 });
    const ids = attempts.map(({ id }) => id);
    const [reviewed, reflections] = await Promise.all([
      pool.attemptIds({ ...query, ids, reviewed: true }),
      pool.reflectionsOf(ids),
    ]);
    const seen = new Set(reviewed);
    const newest = new Map<number, Reflection>();
    for (const reflection of reflections)
      if ((newest.get(reflection.attemptId)?.id ?? 0) < reflection.id)
        newest.set(reflection.attemptId, reflection);
    const alike = new Map<string | null, number>();
    for (const { answer } of attempts) alike.set(answer, (alike.get(answer) ?? 0) + 1);
    const nodes = attempts.map((attempt): AttemptNode => {
      const node: AttemptNode = {
        ...{ type: "attempt", attempt, parent, reviewed: seen.has(attempt.id) },
        alike: alike.get(attempt.answer) ?? 1,
      };
      const reflection = newest.get(attempt.id);
      return reflection ? { ...node, reflection: reflection.verdict } : node;
    });
    return this.page(key, parent, nodes);
  }

  /** One more row than shown was asked for: it tells whether there is more. */
  private page(key: string, parent: BucketNode | ProblemNode | undefined, nodes: PoolNode[]): PoolNode[] {
    const limit = this.limit(key);
    if (nodes.length <= limit) return nodes;
    return [...nodes.slice(0, limit), parent ? { type: "more", parent } : { type: "more" }];
  }

  /** The attempts that a row stands for, as a query. */
  queryOf(node: PoolNode): AttemptQuery {
    switch (node.type) {
      case "bucket":
        return { ...this.state.query, [node.grouping]: node.bucket.key };
      case "problem":
        return { ...(node.parent ? this.queryOf(node.parent) : this.state.query), problemId: node.problemId };
      case "attempt":
        return { ids: [node.attempt.id], scope: "all" };
      case "more":
        return node.parent ? this.queryOf(node.parent) : this.state.query;
    }
  }
}
