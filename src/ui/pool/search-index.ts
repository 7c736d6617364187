import type * as vscode from "vscode";
import { size } from "../../inference/store.js";
import type { SearchState } from "../../pool/types.js";
import { command } from "../commands.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { count } from "../words.js";
import { needPool } from "./selection.js";

/** The pool must be left alone for so long before its index catches up. Milliseconds. */
const IDLE_MS = 10_000;
/** A person stopped it, so it does not go on by itself. */
const STOPPED = "errata.pool.indexStopped";

/** The index of what can be searched: made when a person asks for it, kept up to date from then on. */
export function registerSearchIndex(services: Services): void {
  command(services, "buildSearchIndex", ["folder", "trust"], async () => {
    const pool = await needPool(services);
    let state: SearchState | undefined;
    const began = Date.now();
    const done = await services.work.start({
      title: "Indexing the pool for search",
      run: async (report, signal) => {
        const first = await pool.searchState();
        state = await pool.buildSearchIndex((now) => {
          const made = now.indexed - first.indexed;
          const left =
            made > 0 ? ((Date.now() - began) / 1000 / made) * (now.total - now.indexed) : undefined;
          report({
            ...{ stage: "Indexing texts", done: now.indexed, total: now.total, detail: size(now.bytes) },
            ...(left === undefined ? {} : { secondsLeft: left }),
          });
        }, signal);
      },
    });
    await services.context.workspaceState.update(STOPPED, !done);
    if (!done || !state) return;
    services.log.info(`Search index: ${state.indexed} texts, ${state.bytes} bytes`);
    void inform(
      `Indexed ${count(state.indexed, "text")}; the index takes ${size(state.bytes)}. It is kept up to date.`,
    );
  });
  services.context.subscriptions.push(new CatchUp(services));
}

/**
 * After sampling or reviewing, while nothing else is done: what was added is indexed, too. Only where an index was made
 * before, and never in an untrusted workspace.
 */
class CatchUp implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private controller: AbortController | undefined;
  /** The pool changed while its index caught up. */
  private again = false;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly services: Services) {
    this.subscriptions = [
      services.onDidChangePool(() => this.later()),
      services.work.onDidChange(() => {
        if (services.work.running) this.controller?.abort();
        else this.later();
      }),
    ];
  }

  private later(): void {
    this.again = this.controller !== undefined;
    if (this.again) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.run().catch((error: unknown) => this.services.log.debug("search index", error)),
      IDLE_MS,
    );
  }

  private async run(): Promise<void> {
    const { services } = this;
    if (services.work.running || this.controller || !services.trusted) return;
    const pool = await services.poolIfAny();
    if (!pool || pool.readOnly || services.context.workspaceState.get(STOPPED)) return;
    const controller = new AbortController();
    this.controller = controller;
    try {
      if ((await pool.searchState()).state !== "partial") return;
      const { indexed, bytes } = await pool.buildSearchIndex(undefined, controller.signal);
      services.log.debug(`Search index: ${indexed} texts, ${bytes} bytes`);
    } finally {
      this.controller = undefined;
      if (this.again) this.later();
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.controller?.abort();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
