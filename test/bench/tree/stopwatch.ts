/** How long something took, and the longest time in it in which nothing else could run on this thread; milliseconds. */
export interface Time {
  /** The median of several runs. */
  ms: number;
  /** While this thread was at work. */
  blocked: number;
  /** With the time in which the system gave its processor to other programs. */
  stalled: number;
}

const RUNS = 3;
const TICK_MS = 5;

/** Measures one piece of work after another, with a ticker beside them that sees when its thread is held up. */
export class Stopwatch {
  private last = performance.now();
  private lastWork = workMs();
  private blocked = 0;
  private stalled = 0;
  private readonly ticker = setInterval(() => this.tick(), TICK_MS);

  /** The first run warms the cache, as opening the view does. */
  async all(work: Record<string, () => Promise<unknown>>): Promise<Record<string, Time>> {
    const times: Record<string, Time> = {};
    for (const [name, one] of Object.entries(work)) {
      const runs: Time[] = [];
      for (let i = 0; i < RUNS; i++) runs.push(await this.time(one));
      const ms = runs.map((run) => run.ms).sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
      const most = (of: "blocked" | "stalled"): number => Math.max(...runs.map((run) => run[of]));
      times[name] = { ms, blocked: most("blocked"), stalled: most("stalled") };
    }
    return times;
  }

  stop(): void {
    clearInterval(this.ticker);
  }

  /** The longest times since the last lap. */
  lap(): { blocked: number; stalled: number } {
    this.tick();
    const { blocked, stalled } = this;
    this.blocked = 0;
    this.stalled = 0;
    return { blocked, stalled };
  }

  private async time(work: () => Promise<unknown>): Promise<Time> {
    await new Promise((resolve) => setTimeout(resolve, 2 * TICK_MS));
    this.lap();
    const begun = performance.now();
    await work();
    const ms = performance.now() - begun;
    return { ms, ...this.lap() };
  }

  private tick(): void {
    const [now, work] = [performance.now(), workMs()];
    const stalled = now - this.last - TICK_MS;
    this.stalled = Math.max(this.stalled, stalled);
    this.blocked = Math.max(this.blocked, Math.min(stalled, work - this.lastWork));
    this.last = now;
    this.lastWork = work;
  }
}

/** Processor time of this thread; before Node 23.9 of all threads. */
function workMs(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  const { user, system } = threadCpuUsage?.call(process) ?? process.cpuUsage();
  return (user + system) / 1000;
}
