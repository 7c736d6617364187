import type { Axis, Curve, Range, RunPoint } from "../../protocol/run-curve.js";
import type { OtherRun } from "../../protocol/run-panel.js";
import type { Runs } from "../../runs/types.js";
import { RunData } from "./run-data.js";

interface Followed {
  data: RunData;
  fresh: RunPoint[];
  /** Its events so far have been read. */
  read: Promise<void>;
  stop(): void;
}

/** The runs that are drawn over a panel's own, each followed as long as it is shown. */
export class OtherRuns {
  private readonly runs = new Map<string, Followed>();

  /** `changed` is told of news; with true when what was sent before no longer holds. */
  constructor(
    private readonly store: Pick<Runs, "get" | "watch">,
    private readonly changed: (again: boolean) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  get ids(): string[] {
    return [...this.runs.keys()];
  }

  set(ids: readonly string[]): void {
    for (const [id, run] of this.runs) {
      if (ids.includes(id)) continue;
      run.stop();
      this.runs.delete(id);
    }
    for (const id of ids) if (!this.runs.has(id)) this.runs.set(id, this.follow(id));
  }

  /** Every run whole. One that is gone is left out, and no longer followed. */
  async all(): Promise<OtherRun[]> {
    const found = await Promise.all(
      [...this.runs].map(async ([id, { data, read }]): Promise<OtherRun | null> => {
        try {
          const { name, method } = await this.store.get(id);
          await read;
          return { id, name, method, curve: data.curve() };
        } catch (error) {
          this.failed(error);
          this.runs.get(id)?.stop();
          this.runs.delete(id);
          return null;
        }
      }),
    );
    this.forgetNew();
    return found.filter((run) => run !== null);
  }

  detail(range: Range, axis: Axis): Record<string, Curve> {
    return Object.fromEntries([...this.runs].map(([id, { data }]) => [id, data.detail(range, axis)]));
  }

  data(): Map<string, RunData> {
    return new Map([...this.runs].map(([id, { data }]) => [id, data]));
  }

  /** Points that came since the last call. */
  takeNew(): Record<string, RunPoint[]> {
    const news = [...this.runs].filter(([, { fresh }]) => fresh.length > 0);
    const out = Object.fromEntries(news.map(([id, { fresh }]) => [id, fresh]));
    this.forgetNew();
    return out;
  }

  forgetNew(): void {
    for (const run of this.runs.values()) run.fresh = [];
  }

  dispose(): void {
    this.set([]);
  }

  private follow(id: string): Followed {
    const data = new RunData();
    let first = true;
    let done: () => void = () => {};
    const read = new Promise<void>((resolve) => {
      done = resolve;
    });
    const followed: Followed = { data, fresh: [], read, stop: () => {} };
    followed.stop = this.store.watch(id, (events) => {
      const { points, again } = data.take(events);
      followed.fresh = followed.fresh.concat(points);
      if (!first) this.changed(again);
      first = false;
      done();
    });
    return followed;
  }
}
