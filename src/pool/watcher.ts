import type { Connection } from "./sqlite.js";

/**
 * Tells listeners that the pool changed: at once (coalesced) for our own writes, and within a poll for those of
 * another window, through `PRAGMA data_version`, which changes on a connection when any other one commits.
 */
export class Watcher {
  private readonly listeners = new Set<() => void>();
  private poll: NodeJS.Timeout | undefined;
  private pending: NodeJS.Timeout | undefined;
  private version: number | undefined;

  constructor(
    private readonly db: Connection,
    private readonly pollMs: number,
    private readonly coalesceMs = 100,
  ) {}

  add(listener: () => void): () => void {
    this.listeners.add(listener);
    if (!this.poll) {
      void this.look(false);
      this.poll = setInterval(() => void this.look(true), this.pollMs);
      this.poll.unref();
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  }

  /** A write of ours was committed. */
  touched(): void {
    if (this.listeners.size === 0 || this.pending) return;
    this.pending = setTimeout(() => {
      this.pending = undefined;
      void this.look(false).then(() => this.fire());
    }, this.coalesceMs);
    this.pending.unref();
  }

  stop(): void {
    clearInterval(this.poll);
    clearTimeout(this.pending);
    this.poll = undefined;
    this.pending = undefined;
    this.version = undefined;
  }

  private async look(tell: boolean): Promise<void> {
    // A pool that is being closed answers with an error: nothing to tell any more.
    const version = await this.db.pragma("data_version").catch(() => this.version);
    const changed = this.version !== undefined && version !== this.version;
    this.version = version;
    if (tell && changed) this.fire();
  }

  private fire(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
