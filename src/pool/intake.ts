/**
 * Takes in finished rows: each is graded, at most `concurrency` at a time, and stored as soon as it is; what comes
 * to be graded while a store is under way goes into the next one. The first error ends it (`failed` fires, so that
 * nothing more is generated); what was stored stays.
 */
export class Intake<Row, Graded> {
  private readonly waiting: Row[] = [];
  private readonly graded: Graded[] = [];
  private grading = 0;
  private storing = false;
  private readonly stop = new AbortController();
  private wake: () => void = () => undefined;
  /** Rows stored so far. */
  stored = 0;

  constructor(
    private readonly grade: (row: Row) => Promise<Graded>,
    private readonly store: (rows: Graded[]) => Promise<unknown>,
    private readonly onStored: (rows: Graded[]) => void = () => undefined,
    private readonly concurrency = 8,
  ) {}

  get failed(): AbortSignal {
    return this.stop.signal;
  }

  /** Rows that are taken in but not stored yet. */
  get pending(): number {
    return this.waiting.length + this.grading + this.graded.length;
  }

  push(row: Row): void {
    this.waiting.push(row);
    this.pump();
  }

  /** Resolves when at most `left` rows are not stored yet; rejects with the first error. */
  async drained(left = 0): Promise<void> {
    while (!this.stop.signal.aborted && (this.pending > left || (left === 0 && this.storing))) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.stop.signal.throwIfAborted();
  }

  private pump(): void {
    if (!this.stop.signal.aborted) {
      this.gradeNext();
      this.storeNext();
    }
    this.wake();
  }

  private gradeNext(): void {
    while (this.grading < this.concurrency) {
      const row = this.waiting.shift();
      if (row === undefined) break;
      this.grading++;
      this.grade(row)
        .then((graded) => this.graded.push(graded))
        .catch((error) => this.stop.abort(error))
        .finally(() => {
          this.grading--;
          this.pump();
        });
    }
  }

  private storeNext(): void {
    if (this.storing || this.graded.length === 0) return;
    this.storing = true;
    const rows = this.graded.splice(0);
    this.store(rows)
      .then(() => {
        this.stored += rows.length;
        this.onStored(rows);
      })
      .catch((error) => this.stop.abort(error))
      .finally(() => {
        this.storing = false;
        this.pump();
      });
  }
}
