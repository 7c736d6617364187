/** Carries work out one piece after another, in the order in which it came; what fails is told and stops nothing. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly failed: (error: unknown) => void,
    /** After each piece. */
    private readonly done: () => void,
  ) {}

  /** Done with what came so far. */
  get settled(): Promise<void> {
    return this.last;
  }

  take(work: () => Promise<void>): Promise<void> {
    this.last = this.last.then(async () => {
      try {
        await work();
      } catch (error) {
        this.failed(error);
      }
      this.done();
    });
    return this.last;
  }
}
