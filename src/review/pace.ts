/** An item left lying is not an item thought about: longer times do not count towards the pace. */
const LONGEST_SECONDS = 600;

/** How long items take: the median time from when one was shown to the first word on it. */
export class Pace {
  private readonly seconds: number[] = [];
  private shownAt = 0;
  private counted = false;

  /** @param now milliseconds, here and below */
  shown(now: number): void {
    this.shownAt = now;
    this.counted = false;
  }

  /** Seconds since the item was shown. */
  since(now: number): number {
    return (now - this.shownAt) / 1000;
  }

  judged(now: number): void {
    const spent = this.since(now);
    if (!this.counted && spent <= LONGEST_SECONDS) this.seconds.push(spent);
    this.counted = true;
  }

  /** Null before there is any. */
  get median(): number | null {
    if (this.seconds.length === 0) return null;
    const sorted = this.seconds.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    const high = sorted[middle] ?? 0;
    return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? high)) / 2;
  }
}
