import type { Progress, Report } from "../protocol/types.js";

/** Where no terminal rewrites the line, one line of a stage this often is enough. ms */
const QUIET_MS = 10_000;
/** A terminal is redrawn at most this often. ms */
const REDRAW_MS = 100;
const BAR = 20;

/** What a progress line needs of a stream: process.stderr has it. */
export interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/**
 * The progress line for people: stage, bar, count, time left, rewritten in place on a terminal; elsewhere a line
 * when a stage begins and now and then after.
 */
export class ProgressLine {
  private stage = "";
  private began = 0;
  private drawn = 0;
  private open = false;

  constructor(
    private readonly screen: Screen = process.stderr,
    private readonly now: () => number = Date.now,
  ) {}

  readonly report: Report = (progress) => {
    const time = this.now();
    const fresh = progress.stage !== this.stage;
    if (fresh) {
      this.close();
      this.stage = progress.stage;
      this.began = time;
    }
    const complete = progress.total > 0 && progress.done >= progress.total;
    const pause = this.screen.isTTY ? REDRAW_MS : QUIET_MS;
    if (!fresh && !complete && time - this.drawn < pause) return;
    // Off a terminal a complete stage is told once, not at every report that repeats it.
    if (!fresh && !this.screen.isTTY && complete && this.drawn < 0) return;
    this.drawn = !this.screen.isTTY && complete ? -1 : time;
    this.draw(line(progress, (time - this.began) / 1000));
  };

  /** Leaves the line as it stands; what is written next begins a new one. */
  close(): void {
    if (this.open) this.screen.write("\n");
    this.open = false;
    this.stage = "";
  }

  private draw(text: string): void {
    if (!this.screen.isTTY) {
      this.screen.write(`${text}\n`);
      return;
    }
    this.screen.write(`\r\x1b[K${text.slice(0, Math.max(20, (this.screen.columns ?? 80) - 1))}`);
    this.open = true;
  }
}

/** `elapsed` is of this stage, seconds; the time left is the step's own, else from the pace so far. */
export function line(progress: Progress, elapsed: number): string {
  const { stage, done, total, detail } = progress;
  const parts = [stage.padEnd(26)];
  if (total > 0) {
    const share = Math.min(1, done / total);
    const full = Math.round(share * BAR);
    parts.push("█".repeat(full) + "░".repeat(BAR - full), `${done}/${total}`.padStart(9));
    const left =
      progress.secondsLeft ?? (done > 0 && elapsed > 2 ? (elapsed / done) * (total - done) : undefined);
    if (done >= total) parts.push(`in ${duration(elapsed)}`);
    else if (left !== undefined) parts.push(`${duration(left)} left`);
  }
  if (total === 0 && elapsed >= 1) parts.push(duration(elapsed));
  if (detail) parts.push(detail.replaceAll(/\s+/g, " "));
  return parts.join("  ").trimEnd();
}

/** "8 s", "2 min 05 s", "1 h 10 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}
