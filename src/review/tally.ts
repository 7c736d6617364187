import type { Pool, PoolMarks } from "../pool/types.js";
import type { ReviewState } from "../protocol/review.js";
import type { AnnotationValue } from "../protocol/types.js";
import type { Loaded } from "./loader.js";
import { isReview, isReviewed } from "./own.js";

/** Figures of the pool beside an item, and what is known of its state: counted only when a word may have changed more than one. */
export class Tally {
  private reviewed = 0;
  private leftOut = 0;
  private known: PoolMarks | undefined;

  constructor(private readonly pool: () => Promise<Pool>) {}

  /** As the view is told. */
  get state(): Pick<ReviewState, "reviewed" | "leftOut"> {
    return { reviewed: this.reviewed, leftOut: this.leftOut };
  }

  /** The newest annotation that is known of. */
  get newest(): number {
    return this.known?.annotations ?? 0;
  }

  /** Has anything been added by others since? From now on it is known. */
  async isNews(): Promise<boolean> {
    const marks = await (await this.pool()).marks();
    const before = this.known;
    this.known = marks;
    return JSON.stringify(marks) !== JSON.stringify(before);
  }

  /** An annotation of our own. Where somebody else wrote between, what they wrote is still to be read. */
  stored(id: number): void {
    if (this.known?.annotations === id - 1) this.known = { ...this.known, annotations: id };
  }

  /** `value` was said of an item that was as `at` says. */
  async said(at: Loaded, value: AnnotationValue): Promise<void> {
    const spreads = value.kind === "verdict" || value.kind === "badProblem";
    if (spreads || (isReview(value) && value.value === null)) return this.count();
    if (at.read.pass === 1 && isReview(value) && !isReviewed(at.detail)) this.reviewed++;
  }

  async count(): Promise<void> {
    const pool = await this.pool();
    const [stats, leftOut] = await Promise.all([pool.stats(), pool.badProblems()]);
    this.reviewed = stats.reviewed;
    this.leftOut = leftOut;
  }
}
