import type { ReviewItem } from "../../src/protocol/review.js";
import { warm } from "../shared/math.js";

/** Steps of a solution that a screen can show at first, and those after them that it comes to soon. */
const FIRST = 16;
const SOON = 60;
/** Nobody reads such a step, and it could hold up a key. Characters. */
const LONGEST = 8_000;
/** A slice of idle time with less left is not begun. Milliseconds. */
const LEAST = 3;
/** What waits of more items than this was for a place in the queue that was left. */
const ITEMS = 3;

/** Of one item what is still to be done; null: its first screen is typeset. */
interface Work {
  attemptId: number;
  left: (string | null)[];
  item: ReviewItem;
}

/** Typesets the items that come next while nothing else is to be done, a step at a time: no key waits for it. */
export class Ahead {
  private work: Work[] = [];
  private waiting = false;

  /** `ready` is told when the formulas of an item's first screen are typeset. */
  constructor(private readonly ready: (item: ReviewItem) => void) {}

  add(item: ReviewItem): void {
    const { attemptId, reflection, solution, problem } = item;
    const texts = (from: number, to: number): string[] =>
      [solution, reflection?.corrected].flatMap(
        (of) => of?.steps.slice(from, to).map(({ text }) => text) ?? [],
      );
    const first = [problem.text, reflection?.analysis ?? "", ...texts(0, FIRST)];
    this.drop(attemptId);
    this.work.push({ attemptId, item, left: [...first, null, ...texts(FIRST, SOON)] });
    this.work = this.work.slice(-ITEMS);
    this.wait();
  }

  /** It is shown, and typeset so. */
  drop(attemptId: number): void {
    this.work = this.work.filter((one) => one.attemptId !== attemptId);
  }

  clear(): void {
    this.work = [];
  }

  private wait(): void {
    if (this.waiting || this.work.length === 0) return;
    this.waiting = true;
    requestIdleCallback((deadline) => {
      this.waiting = false;
      while (deadline.timeRemaining() > LEAST) {
        const [now] = this.work;
        if (!now) return;
        const next = now.left.shift();
        if (next === undefined) this.work.shift();
        else if (next === null) this.ready(now.item);
        else if (next.length <= LONGEST) warm(next);
      }
      this.wait();
    });
  }
}
