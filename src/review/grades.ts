import type { Grade } from "../protocol/types.js";

/** Milliseconds without a change before a text is graded. */
const PAUSE = 120;
/** Grades that are kept. */
const KEPT = 200;

export type GradeText = (text: string, gold: string) => Promise<Grade>;

/** Grades of corrections: of stored ones as they are shown, and of a draft while it is written. */
export class Grades {
  private readonly known = new Map<string, Grade>();
  private timer: NodeJS.Timeout | undefined;
  /** Counts the drafts: only the newest is answered. */
  private newest = 0;

  constructor(
    /** Undefined where nothing may run. */
    private readonly grade: () => GradeText | undefined,
  ) {}

  get(text: string, gold: string): Grade | undefined {
    return this.known.get(keyOf(text, gold));
  }

  /** Undefined where nothing may run. */
  async of(text: string, gold: string): Promise<Grade | undefined> {
    const known = this.get(text, gold);
    if (known) return known;
    const grade = await this.grade()?.(text, gold);
    if (grade) {
      this.known.set(keyOf(text, gold), grade);
      if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value ?? "");
    }
    return grade;
  }

  /** Grades a draft once it has not changed for a moment; a newer one takes its place, also while it is graded. */
  draft(text: string, gold: string, graded: (grade: Grade) => void, failed: (error: unknown) => void): void {
    this.newest++;
    const mine = this.newest;
    clearTimeout(this.timer);
    const answer = (grade: Grade | undefined): void => {
      if (grade && mine === this.newest) graded(grade);
    };
    const known = this.get(text, gold);
    if (known) {
      answer(known);
      return;
    }
    this.timer = setTimeout(() => void this.of(text, gold).then(answer, failed), PAUSE);
    this.timer.unref();
  }
}

const keyOf = (text: string, gold: string): string => `${gold}\n${text}`;
