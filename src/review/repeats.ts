/** A second look comes no sooner than this many other judgements after the first, nor so many items after it was seen. */
export const GAP = 20;

/** An attempt that comes back unseen. */
export interface Repeat {
  attemptId: number;
  /** The attempt that it comes after in the queue. */
  after: number;
  /** The newest annotation of the pool when it was chosen: earlier words of the person are not shown. */
  since: number;
}

/** A number in [0, 1) that a seed and an attempt determine (the finaliser of MurmurHash3, public domain). */
export function chance(seed: number, attemptId: number): number {
  let h = (Math.imul(attemptId, 0x9e3779b1) ^ seed) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/**
 * Which attempts come back unseen, and where: after a share of the items, which seed and attempt alone determine, one
 * comes that was judged before and not lately. It looks like any other, and is counted like any other from the start.
 */
export class Repeats {
  /** Attempts that were judged once, the oldest judgement first. */
  private judged: number[] = [];
  /** Of these, what was said since they were last read from the pool. */
  private late: number[] = [];
  private seen: number[] = [];
  private readonly chosen: Repeat[] = [];
  /** The newest annotation that is known of. */
  mark = 0;

  constructor(
    readonly fraction: number,
    private readonly seed: number,
    /** Of the same queue, before the window was loaded again. */
    chosen: readonly Repeat[] = [],
  ) {
    this.chosen.push(...chosen);
  }

  /** What came back so far. */
  get all(): readonly Repeat[] {
    return this.chosen;
  }

  of(attemptId: number): Repeat | undefined {
    return this.chosen.find((repeat) => repeat.attemptId === attemptId);
  }

  /** They are being read from the pool. */
  reading(): void {
    this.late = [];
  }

  /** Judged once, as the pool has it, the oldest judgement first. */
  begin(judged: readonly number[]): void {
    const known = new Set(judged);
    this.judged = [...judged, ...this.late.filter((id) => !known.has(id))];
  }

  said(attemptId: number): void {
    this.judged = [...this.judged.filter((id) => id !== attemptId), attemptId];
    this.late.push(attemptId);
  }

  saw(attemptId: number): void {
    this.seen = [...this.seen.filter((id) => id !== attemptId), attemptId].slice(-GAP);
  }

  /** Could one come back after the item at this place, `ahead` items from here? Before that nothing is old enough. */
  mayFollow(attemptId: number, ahead: number): boolean {
    return (
      this.fraction > 0 && this.judged.length + ahead > GAP && chance(this.seed, attemptId) < this.fraction
    );
  }

  /** Chooses what comes back after this attempt; undefined where nothing is old enough. */
  choose(after: number): Repeat | undefined {
    const known = this.chosen.find((repeat) => repeat.after === after);
    if (known) return known;
    const lately = new Set([...this.seen, ...this.chosen.map((repeat) => repeat.attemptId)]);
    const old = this.judged.slice(0, -GAP).filter((id) => !lately.has(id));
    const order = (id: number): number => chance(this.seed + 1, id);
    const attemptId = old.toSorted((a, b) => order(a) - order(b))[0];
    if (attemptId === undefined) return undefined;
    const repeat = { attemptId, after, since: this.mark };
    this.chosen.push(repeat);
    return repeat;
  }
}
