import type { ReviewItem, StepHint } from "../protocol/review.js";

/** A relation that computer algebra looked at; offsets into the solution's text. */
export interface Relation {
  start: number;
  end: number;
  verdict: "true" | "false" | "unknown";
  says: string;
}

export type FindRelations = (solution: string, problem: string) => Promise<readonly Relation[]>;

/** Solutions whose hints are kept: those a reviewer goes back to. */
const KEPT = 50;
/** What is shown, and its neighbours. */
const WISHES = 4;

/**
 * Hints on the steps of what is shown. They are worked out one solution at a time, the newest wish first, so that going
 * on never waits for an item that was left.
 */
export class Hints {
  private readonly known = new Map<number, StepHint[]>();
  private wish: ReviewItem[] = [];
  private working = false;

  constructor(
    /** Undefined where nothing may run. */
    private readonly find: () => FindRelations | undefined,
    private readonly found: (attemptId: number, hints: StepHint[]) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Works out the hints of what is shown, before all others. */
  want(shown: ReviewItem): void {
    const hints = this.known.get(shown.attemptId);
    if (hints) this.found(shown.attemptId, hints);
    else this.wishFor([shown, ...this.wish]);
  }

  /** And of what may be shown next. */
  also(next: ReviewItem): void {
    if (!this.known.has(next.attemptId)) this.wishFor([...this.wish, next]);
  }

  private wishFor(items: readonly ReviewItem[]): void {
    const first = new Map<number, ReviewItem>();
    for (const item of items) if (!first.has(item.attemptId)) first.set(item.attemptId, item);
    this.wish = [...first.values()].slice(0, WISHES);
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let item = this.wish.shift(); item; item = this.wish.shift()) {
      const find = this.find();
      if (!find) break;
      const { attemptId, solution, problem } = item;
      try {
        const hints = onSteps(item, await find(solution.text, problem.text));
        this.known.set(attemptId, hints);
        if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value ?? attemptId);
        this.found(attemptId, hints);
      } catch (error) {
        // A hint that cannot be had is no reason to disturb a reader.
        this.failed(error);
        this.known.set(attemptId, []);
      }
    }
    this.working = false;
  }
}

/** Relations with the step that they stand in. */
export function onSteps({ solution }: ReviewItem, relations: readonly Relation[]): StepHint[] {
  return relations.flatMap(({ start, end, verdict, says }) => {
    const step = solution.steps.find((s) => s.start <= start && end <= s.start + s.text.length);
    return step ? [{ step: step.n, start, end, verdict, says }] : [];
  });
}
