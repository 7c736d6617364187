import type { AttemptQuery, Pool, QueueOrder } from "../pool/types.js";
import type { ReviewOrder } from "../protocol/review.js";

/** What a queue is made of. */
export interface QueueSpec {
  query: AttemptQuery;
  order: ReviewOrder;
  /** Of the random order, and of what comes back unseen. */
  seed: number;
}

export function orderOf({ order, seed }: QueueSpec): QueueOrder {
  return order === "random" ? { by: order, seed } : { by: order };
}

/** Where a reader begins: the first attempt that nobody reviewed, or else the first. */
export async function firstOf(pool: Pool, spec: QueueSpec): Promise<number | undefined> {
  const order = orderOf(spec);
  const fresh = { ...spec.query, reviewed: spec.query.reviewed ?? false };
  const [unseen] = await pool.attemptIds(fresh, order, 1);
  return unseen ?? (await pool.attemptIds(spec.query, order, 1))[0];
}

/** Is this attempt among those that a query means? */
export async function isAmong(pool: Pool, query: AttemptQuery, attemptId: number): Promise<boolean> {
  if (query.ids && !query.ids.includes(attemptId)) return false;
  const scope = query.scope ?? (query.ids ? "all" : "pool");
  return (await pool.attemptIds({ ...query, scope, ids: [attemptId] }, undefined, 1)).length > 0;
}

/** Milliseconds without a key before a list is read again; reading it takes a moment of everything else. */
const QUIET = 300;
/** So many times as long as the last reading took passes before the next. */
const REST = 10;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** Reads the queue's list anew while the pool grows: never while keys come in, and not all the time. */
export class Renewal {
  private wanted = false;
  private working: Promise<void> | undefined;
  private keys = 0;
  private cost = 0;

  constructor(
    private readonly read: () => Promise<void>,
    private readonly hurry: () => boolean,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Done with what was asked for so far. */
  get settled(): Promise<void> {
    return this.working ?? Promise.resolve();
  }

  key(): void {
    this.keys++;
  }

  ask(): void {
    this.wanted = true;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  private async work(): Promise<void> {
    while (this.wanted) {
      await this.quiet();
      this.wanted = false;
      const began = performance.now();
      await this.read().catch(this.failed);
      this.cost = performance.now() - began;
    }
  }

  private async quiet(): Promise<void> {
    for (let keys = -1; keys !== this.keys && !this.hurry(); ) {
      keys = this.keys;
      await pause(Math.max(QUIET, REST * this.cost));
    }
  }
}
