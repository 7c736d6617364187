import type { AttemptQuery, Pool, PoolCount } from "../../pool/types.js";
import { sameFilter } from "./filter-choices.js";

/** How many attempts match the filter, or how much of the pool was looked through (0 to 1). */
export type Total = PoolCount | { share: number };

/** A count that takes longer is worth a progress bar. Milliseconds. */
const SLOW_MS = 300;
/** How often it says how far it came. Milliseconds. */
const TELL_MS = 250;
/** A slow count is not begun again at once when the pool changes: it rests for so many times as long as it took. */
const REST = 4;

export interface TotalsNeeds {
  show(total: Total): void;
  failed(error: unknown): void;
  /** The count takes long: show so until it settles. It never rejects. */
  slow(work: Promise<unknown>): void;
}

interface Counting {
  query: AttemptQuery;
  controller: AbortController;
  /** The pool changed meanwhile. */
  again: boolean;
}

/**
 * Counts what matches the filter while the tree shows its first page. One count at a time: that of another filter is
 * ended, that of the same one goes on to its end, however often the pool changes.
 */
export class Totals {
  private current: Counting | undefined;
  private last: { query: AttemptQuery; until: number } | undefined;
  private resting: NodeJS.Timeout | undefined;
  /** A search for text took long, so an index would be worth its place. */
  slowSearch = false;

  constructor(private readonly needs: TotalsNeeds) {}

  update(pool: Pick<Pool, "count">, query: AttemptQuery): void {
    if (this.current && sameFilter(this.current.query, query)) {
      this.current.again = true;
      return;
    }
    const rest = this.last && sameFilter(this.last.query, query) ? this.last.until - Date.now() : 0;
    this.stop();
    if (rest > 0) this.resting = setTimeout(() => void this.count(pool, query), rest);
    else void this.count(pool, query);
  }

  stop(): void {
    clearTimeout(this.resting);
    this.current?.controller.abort();
    this.current = undefined;
  }

  private async count(pool: Pick<Pool, "count">, query: AttemptQuery): Promise<void> {
    const counting: Counting = { query, controller: new AbortController(), again: false };
    this.current = counting;
    const began = Date.now();
    const { signal } = counting.controller;
    let share = 0;
    let told = Number.POSITIVE_INFINITY;
    const work = pool.count(query, signal, (now) => {
      share = now;
      if (signal.aborted || Date.now() - told < TELL_MS) return;
      told = Date.now();
      this.needs.show({ share });
    });
    const slow = setTimeout(() => {
      if (signal.aborted) return;
      told = Date.now();
      this.needs.show({ share });
      this.needs.slow(work.catch(() => {}));
    }, SLOW_MS);
    try {
      const total = await work;
      if (!signal.aborted) this.needs.show(total);
    } catch (error) {
      if (!signal.aborted) this.needs.failed(error);
    } finally {
      clearTimeout(slow);
      if (this.current === counting) this.ended(pool, counting, Date.now() - began);
    }
  }

  private ended(pool: Pick<Pool, "count">, { query, again }: Counting, took: number): void {
    if (query.text && took > 10 * SLOW_MS) this.slowSearch = true;
    this.current = undefined;
    this.last = { query, until: took > SLOW_MS ? Date.now() + REST * took : 0 };
    if (again) this.update(pool, query);
  }

  dispose(): void {
    this.stop();
  }
}
