import * as vscode from "vscode";
import type { AttemptQuery, Pool, PoolBucket } from "../../pool/types.js";
import { setContext } from "../commands.js";
import { CONTEXT, VIEWS } from "../names.js";
import type { Services } from "../services.js";
import { EMPTY, readCatalogue } from "./catalogue.js";
import { Head } from "./head.js";
import { treeItem } from "./items.js";
import {
  type AttemptNode,
  type BucketNode,
  nodeId,
  type PoolNode,
  type ProblemNode,
  queryOf,
} from "./nodes.js";
import { Pages } from "./pages.js";
import { RowCache } from "./row-cache.js";
import { tooltip } from "./rows.js";
import { bucketNodes, type Catalogue, withAlike } from "./shape.js";
import type { PoolViewState } from "./view.js";

/** Sampling stores many attempts a second; the tree follows at this pace. */
const REFRESH_MS = 400;

/**
 * Error Pool: (bucket →) problem → attempt. Every row comes from the pool when it is looked at, a page at a time, and a
 * page takes the same few questions however many rows it has.
 */
export class PoolTree implements vscode.TreeDataProvider<PoolNode> {
  private readonly changed = new vscode.EventEmitter<PoolNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly pages = new Pages();
  private readonly head: Head;
  /** Read again when the pool changes; the names of what is shown. */
  private names: Promise<Catalogue> | undefined;
  private rows = new RowCache(EMPTY);
  private timer: NodeJS.Timeout | undefined;
  private waiting: vscode.FileSystemWatcher | undefined;
  private rubric: vscode.FileSystemWatcher | undefined;
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
    this.head = new Head(services, state, this.view);
    services.context.subscriptions.push(
      this.view,
      this.head,
      this.changed,
      services.onDidChangePool(() => this.later()),
      { dispose: () => clearTimeout(this.timer) },
    );
  }

  get catalogue(): Catalogue {
    return this.rows.catalogue;
  }

  /** A search for text was slow in this window. */
  get slowSearch(): boolean {
    return this.head.slowSearch;
  }

  /** Refreshes soon; many calls become one. */
  later(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      // A search that reads the whole pool comes to its end before it is done again.
      if (this.pages.busy) this.later();
      else this.refresh();
    }, REFRESH_MS);
  }

  refresh(): void {
    this.pages.stale();
    this.renew();
  }

  /** A new filter or grouping: from the first page. */
  reset(): void {
    this.pages.clear();
    this.renew();
  }

  private renew(): void {
    this.names = undefined;
    this.head.stale();
    this.changed.fire(undefined);
  }

  loadMore(parent: PoolNode | undefined): void {
    this.pages.more(parent ? nodeId(parent) : "");
    this.changed.fire(parent);
  }

  getTreeItem(node: PoolNode): vscode.TreeItem {
    return treeItem(node, this.rows.get(node));
  }

  resolveTreeItem(item: vscode.TreeItem, node: PoolNode): vscode.TreeItem {
    item.tooltip = tooltip(node, this.catalogue);
    return item;
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
      const nodes = await this.read(pool, node);
      await this.rows.prepare(nodes);
      return nodes;
    } catch (error) {
      // Another filter took its place, and its rows are asked for.
      if (error instanceof Error && error.name === "AbortError") return [];
      this.fault(error);
      return [];
    }
  }

  private fault(error: unknown): void {
    this.services.log.error(error instanceof Error ? error : String(error));
    this.head.fault(error);
  }

  private async read(pool: Pool, node: PoolNode | undefined): Promise<PoolNode[]> {
    switch (node?.type) {
      case undefined:
        return this.roots(pool);
      case "bucket":
        return this.problems(pool, this.queryOf(node), node);
      case "problem":
        return this.attempts(pool, node);
      default:
        return [];
    }
  }

  /** Another window or the command line may make the pool. */
  private awaitPool(): void {
    this.waiting ??= this.follow("pool.sqlite", true);
  }

  /** Refreshes when a file of the pool's folder is made, or whenever it changes. */
  private follow(name: string, onlyMade = false): vscode.FileSystemWatcher | undefined {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    if (!folder) return undefined;
    const pattern = new vscode.RelativePattern(folder, `.errata/${name}`);
    const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, onlyMade, onlyMade);
    const look = (): void => this.later();
    this.services.context.subscriptions.push(
      ...[watcher, watcher.onDidCreate(look), watcher.onDidChange(look), watcher.onDidDelete(look)],
    );
    return watcher;
  }

  private async roots(pool: Pool): Promise<PoolNode[]> {
    const { grouping, query } = this.state;
    this.rubric ??= this.follow("rubric.json");
    this.names ??= readCatalogue(this.services, grouping);
    const catalogue = await this.names;
    if (this.rows.catalogue !== catalogue) this.rows = new RowCache(catalogue);
    const nodes = await (grouping === "problem"
      ? this.problems(pool, query)
      : this.groups(pool, grouping, query));
    const head = this.head.update(pool, nodes.length > 0, this.catalogue);
    // Rows need not wait for the figures above them; what stands in the place of rows must be right.
    if (nodes.length === 0) await head;
    else head.catch((error: unknown) => this.fault(error));
    return nodes;
  }

  private async groups(
    pool: Pool,
    grouping: BucketNode["grouping"],
    query: AttemptQuery,
  ): Promise<PoolNode[]> {
    const { rows, more } = await this.buckets(pool, grouping === "run" ? "model" : grouping, query, "");
    return withRest(bucketNodes(grouping, rows, !more, query, this.catalogue), more, undefined);
  }

  private buckets(pool: Pool, grouping: Parameters<Pool["buckets"]>[0], query: AttemptQuery, key: string) {
    return this.pages.list<PoolBucket>(key, (last, limit, signal) =>
      pool.buckets(grouping, query, last ? { after: last.key, limit, signal } : { limit, signal }),
    );
  }

  private async problems(pool: Pool, query: AttemptQuery, parent?: BucketNode): Promise<PoolNode[]> {
    const { rows, more } = await this.buckets(pool, "problem", query, parent ? nodeId(parent) : "");
    const nodes = rows.map((bucket): ProblemNode => {
      const node: ProblemNode = { type: "problem", problemId: Number(bucket.key), bucket };
      return parent ? { ...node, parent } : node;
    });
    return withRest(nodes, more, parent);
  }

  private async attempts(pool: Pool, parent: ProblemNode): Promise<PoolNode[]> {
    const query = this.queryOf(parent);
    const { rows, more } = await this.pages.list<AttemptNode>(nodeId(parent), (last, limit, signal) =>
      readAttempts(pool, query, parent, {
        ...{ limit, signal },
        ...(last ? { after: last.attempt.id } : {}),
      }),
    );
    return withRest(withAlike(rows), more, parent);
  }

  /** The attempts that a row stands for, as a query. */
  queryOf(node: PoolNode): AttemptQuery {
    return queryOf(node, this.state.query);
  }
}

function withRest(
  nodes: readonly PoolNode[],
  more: boolean,
  parent: BucketNode | ProblemNode | undefined,
): PoolNode[] {
  if (!more) return [...nodes];
  return [...nodes, parent ? { type: "more", parent } : { type: "more" }];
}

/** A page of attempts, with what the tree says of each: two questions, however many there are. */
async function readAttempts(
  pool: Pool,
  query: AttemptQuery,
  parent: ProblemNode,
  page: { after?: number; limit: number; signal: AbortSignal },
): Promise<AttemptNode[]> {
  const attempts = await pool.attempts(query, { ...page, brief: true });
  const seen = await pool.seen(attempts.map(({ id }) => id));
  return attempts.map((attempt): AttemptNode => {
    const { reviewed, reflection } = seen.get(attempt.id) ?? { reviewed: false, reflection: null };
    const node: AttemptNode = { type: "attempt", attempt, parent, reviewed, alike: 1 };
    return reflection === null ? node : { ...node, reflection };
  });
}
