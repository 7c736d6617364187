import type { ReviewItem } from "../protocol/review.js";
import { Equivalents } from "./equivalent.js";
import { Grades } from "./grades.js";
import { Hints } from "./hints.js";
import type { Loaded } from "./loader.js";
import type { SessionNeeds } from "./needs.js";

/**
 * What is worked out beside the reading and comes a moment later: grades of corrections, answers that mean the same,
 * hints on steps. Nothing waits for it, and nothing of it reaches the view while an item is hidden.
 */
export class Margin {
  readonly grades: Grades;
  readonly equivalents: Equivalents;
  private readonly hints: Hints;
  private unsettled: Pick<Loaded, "detail" | "item"> | undefined;
  private settling: Promise<void> | undefined;

  constructor(
    private readonly needs: SessionNeeds,
    private readonly shown: () => Loaded | null,
    /** Something of this attempt is known now: make it again. */
    private readonly redraw: (attemptId: number) => void,
  ) {
    this.grades = new Grades(() => needs.grade);
    this.equivalents = new Equivalents(() => needs.equal);
    this.hints = new Hints(
      () => needs.relations,
      (attemptId, hints) => {
        const item = this.shown()?.item;
        if (item?.attemptId === attemptId && !item.hidden) needs.hinted(attemptId, hints);
      },
      needs.noted,
    );
  }

  /** Works on what is shown. */
  beside({ detail, item }: Loaded): void {
    if (item.hidden) return;
    const { correction } = item.mine;
    if (correction && correction.verdict === null) {
      this.grades.of(correction.text, detail.problem.gold).then((grade) => {
        if (grade) this.redraw(item.attemptId);
      }, this.needs.failed);
    }
    this.unsettled = { detail, item };
    this.settling ??= this.settle().finally(() => {
      this.settling = undefined;
    });
    this.hints.want(item);
  }

  /** One group at a time, and the newest: who pages through a queue must not keep the grader busy with what is gone. */
  private async settle(): Promise<void> {
    while (this.unsettled) {
      const { detail, item } = this.unsettled;
      this.unsettled = undefined;
      const merged = await this.equivalents.settle(detail).catch(this.needs.noted);
      if (merged) this.redraw(item.attemptId);
    }
  }

  /** And on what may be shown next. */
  ahead(item: ReviewItem): void {
    if (!item.hidden) this.hints.also(item);
  }

  /** A correction is being written. In blind mode its grade would tell what is withheld. */
  draft(attemptId: number, text: string): void {
    const shown = this.shown();
    if (shown?.entry.attemptId !== attemptId || shown.item.hidden) return;
    const { needs } = this;
    const { gold } = shown.detail.problem;
    this.grades.draft(text, gold, (grade) => needs.graded(attemptId, text, grade), needs.failed);
  }
}
