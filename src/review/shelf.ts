import type { AttemptQuery, Pool } from "../pool/types.js";
import type { ReviewOrder, ReviewState } from "../protocol/review.js";
import { orderAfter, orderFor } from "./actions.js";
import { orderOf, Renewal } from "./listing.js";
import { type Entry, Queue, type Removed } from "./queue.js";
import { type Repeat, Repeats } from "./repeats.js";

interface Needs {
  pool(): Promise<Pool>;
  who(): Promise<string>;
  repeats(): number;
  failed(error: unknown): void;
  shown(): Entry | null;
  /** The list is there; nothing else of the session changed. */
  listed(): void;
  /** Carries out, between two keys, what changes the queue. */
  between(work: () => void): Promise<void>;
}

/** How long the first item waits for the queue's list, so that its place is drawn with it, in milliseconds. */
const PATIENCE = 80;

/** The queue and what it is made of: read beside the work, renewed while the pool grows. */
export class Shelf {
  order: ReviewOrder = "stored";
  private asked: AttemptQuery = {};
  readonly queue: Queue;
  readonly renewal: Renewal;
  /** The reading of the list that counts; an older one that comes late is dropped. */
  private listing: Promise<void> = Promise.resolve();
  /** Attempts of a bad problem: they leave the queue when the reader goes on. */
  private leaving: ReadonlySet<number> | undefined;

  constructor(
    private readonly needs: Needs,
    public seed: number,
  ) {
    this.queue = new Queue(new Repeats(0, seed));
    this.renewal = new Renewal(
      () => this.renew(),
      () => needs.shown() === null,
      needs.failed,
    );
  }

  get query(): AttemptQuery {
    return this.asked;
  }
  set query(query: AttemptQuery) {
    this.asked = query;
    this.order = orderFor(this.order, this.ofDisputes);
  }

  /** The queue holds what is in dispute alone. */
  get ofDisputes(): boolean {
    return this.asked.dispute !== undefined;
  }

  /** Of the queue, as the view is told. */
  get state(): Pick<ReviewState, "position" | "total" | "order" | "disputes"> {
    const { position, total } = this.queue;
    return { position, total, order: this.order, disputes: this.ofDisputes };
  }

  /** The order that comes after this one; another shuffling each time. */
  turn(seed: () => number): void {
    this.order = orderAfter(this.order, this.ofDisputes);
    if (this.order === "random") this.seed = seed();
  }

  /** The list is read. */
  get listed(): Promise<void> {
    return this.listing;
  }

  /** Empties the queue; `repeats` came back in it before the window was loaded again. */
  begin(repeats: readonly Repeat[], mark: number): void {
    this.leaving = undefined;
    this.queue.repeats = new Repeats(this.needs.repeats(), this.seed, repeats);
    this.queue.repeats.mark = mark;
    this.queue.clear();
  }

  /**
   * Reads the list for what is shown; where that is no longer in it, it goes first when `keep` is set. A long list is
   * not waited for: what is shown can be read meanwhile.
   */
  async relist(keep: boolean): Promise<void> {
    const listing: Promise<void> = this.list(keep, () => this.listing === listing).catch(this.needs.failed);
    this.listing = listing;
    let patience: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, PATIENCE);
    });
    await Promise.race([listing, enough]);
    clearTimeout(patience);
  }

  /** Another problem's attempts shall not come any more, once the reader goes on. */
  leave(attemptIds: ReadonlySet<number> | undefined): void {
    this.leaving = attemptIds;
  }

  /** What stands `by` places from what is shown, and what left the queue on the way there. */
  async step(by: 1 | -1): Promise<{ next: Entry; removed: Removed | undefined } | undefined> {
    // Of a list that is still being read, what comes next is not known yet.
    if (this.queue.total === 0) await this.listing;
    const removed = this.leaving && this.queue.remove(this.leaving);
    const next = this.queue.peek(removed && by < 0 ? 0 : by);
    if (next) {
      this.leaving = undefined;
      return { next, removed };
    }
    const shown = this.needs.shown();
    if (removed) this.queue.restore(removed);
    if (shown) this.queue.place(shown);
    return undefined;
  }

  /** What may be asked for next, the likeliest first. */
  neighbours(): Entry[] {
    return [1, 2, -1].map((by) => this.queue.peek(by)).filter((entry) => entry !== undefined);
  }

  /** What a step either way would show, as far as that can be told. */
  get sight(): { next: Entry | undefined; previous: Entry | undefined } {
    const known = this.leaving === undefined;
    return {
      next: known ? this.queue.peek(1) : undefined,
      previous: known ? this.queue.peek(-1) : undefined,
    };
  }

  private async list(keep: boolean, isNewest: () => boolean): Promise<void> {
    const pool = await this.needs.pool();
    const { repeats } = this.queue;
    const { query, order, seed } = this;
    repeats.reading();
    const [ids, judged] = await Promise.all([
      pool.attemptIds(query, orderOf({ query, order, seed })),
      repeats.fraction > 0 ? pool.judgedBy(await this.needs.who(), query) : [],
    ]);
    if (!isNewest()) return;
    repeats.begin(judged);
    const plan = await this.queue.plan(ids, this.needs.shown());
    if (!isNewest()) return;
    this.queue.fill(plan, this.needs.shown(), keep);
    this.needs.listed();
  }

  private async renew(): Promise<void> {
    const pool = await this.needs.pool();
    const { listing, query, order, seed } = this;
    await listing;
    const ids = await pool.attemptIds(query, orderOf({ query, order, seed }));
    const plan = await this.queue.plan(ids, null);
    await this.needs.between(() => {
      if (this.listing === listing) this.queue.renew(plan);
    });
  }
}
