import type { GeneratedRow, GenerateListener } from "../types.js";

/** Least time between two reports, in ms. */
const PACE = 100;

/** Tells a listener of rows at once, and of progress and of one sample's text ten times a second. */
export class Watch {
  private readonly counts = new Map<string, number>();
  private tokens = 0;
  private rows = 0;
  private readonly start = performance.now();
  private told = Number.NEGATIVE_INFINITY;
  private showed = Number.NEGATIVE_INFINITY;
  private watched: string | undefined;

  constructor(
    private readonly on: GenerateListener,
    private readonly total: number,
  ) {}

  /** A sample under way has `tokens` tokens so far. */
  part(key: string, sample: number, tokens: number, text: () => string): void {
    const id = `${sample} ${key}`;
    this.count(id, tokens);
    this.watched ??= id;
    const now = performance.now();
    if (this.on.live && this.watched === id && now - this.showed >= PACE) {
      this.showed = now;
      this.on.live({ key, sample, text: text(), tokens });
    }
    if (now - this.told >= PACE) this.tell(now);
  }

  row(row: GeneratedRow): void {
    const id = `${row.sample} ${row.key}`;
    this.count(id, row.tokens ?? row.tokenIds.length);
    this.counts.delete(id);
    this.rows++;
    this.on.row(row);
    if (this.watched === id) this.watched = undefined;
    const now = performance.now();
    if (now - this.told >= PACE) this.tell(now);
  }

  end(): void {
    this.tell(performance.now());
  }

  private count(id: string, tokens: number): void {
    this.tokens += tokens - (this.counts.get(id) ?? 0);
    this.counts.set(id, tokens);
  }

  private tell(now: number): void {
    this.told = now;
    const seconds = Math.max((now - this.start) / 1000, 1e-3);
    this.on.progress?.({
      rowsDone: this.rows,
      rowsTotal: this.total,
      tokens: this.tokens,
      tokensPerSecond: this.tokens / seconds,
    });
  }
}
