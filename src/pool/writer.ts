import type { Connection } from "./sqlite.js";

/**
 * The one write connection. Work is queued, and the queue alone opens transactions: while an import's is open, a
 * rating waits for its own instead of joining (and being rolled back with) the import's.
 */
export class Writer {
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly db: Connection,
    private readonly committed: () => void,
  ) {}

  /** Runs `work` in a transaction of its own: committed before the promise resolves, rolled back when it throws. */
  transaction<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    const turn = this.tail.then(async () => {
      // IMMEDIATE: a reader that becomes a writer half-way could not wait for another window.
      await this.db.exec("BEGIN IMMEDIATE");
      try {
        const result = await work(this.db);
        await this.db.exec("COMMIT");
        return result;
      } catch (error) {
        // SQLite has already rolled back after some errors (a full disk); the first error is the one to tell.
        await this.db.exec("ROLLBACK").catch(() => undefined);
        throw error;
      }
    });
    this.tail = turn.catch(() => undefined);
    void turn.then(this.committed, () => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.tail;
    await this.db.close();
  }
}
