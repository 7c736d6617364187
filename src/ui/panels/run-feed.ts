import { join } from "node:path";
import type { RunEvent } from "../../protocol/events.js";
import type { Axis, Range } from "../../protocol/run-curve.js";
import { ROLLOUT_PAGE, type RolloutsQuery, type RunHead, type RunToView } from "../../protocol/run-panel.js";
import type { RunInfo, Runs } from "../../runs/types.js";
import { type Added, RunData } from "./run-data.js";
import { LogTail } from "./run-log.js";
import { OtherRuns } from "./run-others.js";
import { RolloutReader } from "./run-rollouts.js";

/** Ten messages a second at most. */
const COALESCE_MS = 100;
/** How often a log that is looked at is looked at again: what a trainer prints comes without an event. */
const LOG_MS = 500;

/** One run as its panel shows it: follows the run's events and hands on snapshots and deltas. */
export class RunFeed {
  readonly data = new RunData();
  readonly others: OtherRuns;
  private info: RunInfo | null = null;
  private fresh: Added = nothingNew();
  private timer: NodeJS.Timeout | undefined;
  private logTimer: NodeJS.Timeout | undefined;
  private readonly log = new LogTail();
  private readonly reader = new RolloutReader();
  private query: RolloutsQuery = { step: null, verdicts: [], rows: ROLLOUT_PAGE };
  private sentStep: number | null = null;
  private readonly off: (() => void)[];
  private closed = false;

  constructor(
    private readonly runs: Pick<Runs, "get" | "watch" | "onDidChange">,
    readonly runId: string,
    private readonly send: (message: RunToView) => void,
    private readonly failed: (error: unknown) => void,
    /** A view that is hidden asks for everything when it shows again: nothing is made ready for it. */
    private readonly shown: () => boolean = () => true,
  ) {
    this.others = new OtherRuns(
      runs,
      (again) => {
        this.fresh.again ||= again;
        this.wake();
      },
      failed,
    );
    this.off = [runs.watch(runId, (events) => this.take(events)), runs.onDidChange(() => this.wake())];
  }

  /** Everything, for a view that has just become visible. */
  async snapshot(): Promise<void> {
    await this.attempt(async () => {
      const info = await this.refresh();
      const others = await this.others.all();
      // From here to the end nothing waits: what comes after belongs to the next delta.
      this.fresh = nothingNew();
      const curve = this.data.curve();
      this.post({ type: "snapshot", head: this.head(info), curve, alarms: this.data.someAlarms(), others });
      this.sentStep = null;
      await this.postRollouts();
    });
  }

  async ask(query: RolloutsQuery): Promise<void> {
    this.query = query;
    this.sentStep = null;
    await this.attempt(() => this.postRollouts());
  }

  /** Draws exactly these runs over this one. */
  async setOthers(ids: readonly string[]): Promise<void> {
    this.others.set(ids.filter((id) => id !== this.runId));
    await this.attempt(async () => this.post({ type: "others", others: await this.others.all() }));
  }

  /** All points of a range, down-sampled within it. */
  detail(range: Range, axis: Axis): void {
    const curves = { [this.runId]: this.data.detail(range, axis), ...this.others.detail(range, axis) };
    this.post({ type: "detail", axis, range, curves });
  }

  followLog(follow: boolean): void {
    clearInterval(this.logTimer);
    this.logTimer = undefined;
    if (!follow) return;
    this.log.forget();
    const look = () =>
      this.attempt(async () => {
        const { folder } = this.info ?? (await this.refresh());
        const text = await this.log.changed(join(folder, "log.txt"));
        if (text !== null) this.post({ type: "log", text });
      });
    this.logTimer = setInterval(() => void look(), LOG_MS);
    this.logTimer.unref();
    void look();
  }

  /** Null until it was read for the first time. */
  get run(): RunInfo | null {
    return this.info;
  }
  get rolloutsFile(): string | null {
    const file = this.sentStep === null ? undefined : this.data.rollouts.get(this.sentStep);
    return file ?? null;
  }

  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.logTimer);
    this.others.dispose();
    for (const stop of this.off) stop();
  }

  private take(events: RunEvent[]): void {
    const { points, alarms, again } = this.data.take(events);
    // Never spread into a call: a log that is read for the first time may have hundreds of thousands.
    this.fresh.points = this.fresh.points.concat(points);
    this.fresh.alarms = this.fresh.alarms.concat(alarms);
    this.fresh.again ||= again;
    this.wake();
  }

  private wake(): void {
    if (this.timer !== undefined || this.closed) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, COALESCE_MS);
  }

  private async flush(): Promise<void> {
    if (!this.shown()) {
      this.fresh = { ...nothingNew(), again: true };
      return;
    }
    if (this.fresh.again) return this.snapshot();
    await this.attempt(async () => {
      const before = this.info?.status;
      const info = await this.refresh();
      // A run that ended has more to show than a delta: its log, its model.
      if (before !== info.status) return await this.snapshot();
      const { points, alarms } = this.fresh;
      this.fresh = nothingNew();
      this.post({ type: "delta", head: this.head(info), points, alarms, others: this.others.takeNew() });
      if (this.query.step === null) await this.postRollouts();
    });
  }

  private async refresh(): Promise<RunInfo> {
    this.info = await this.runs.get(this.runId);
    return this.info;
  }

  /** Says the rollouts that were asked for, unless the view has them already. */
  private async postRollouts(): Promise<void> {
    if (!this.info) return;
    const rollouts = await this.reader.view(this.info.folder, this.data.rollouts, this.query);
    if (!rollouts || rollouts.total === 0 || (this.sentStep === rollouts.step && this.query.step === null))
      return;
    this.sentStep = rollouts.step;
    this.post({ type: "rollouts", rollouts });
  }

  private post(message: RunToView): void {
    if (!this.closed) this.send(message);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.closed) return;
      this.failed(error);
      if (!this.info) {
        const message = error instanceof Error ? error.message : String(error);
        this.post({ type: "unreadable", message });
      }
    }
  }

  private head(info: RunInfo): RunHead {
    const last = this.data.points.at(-1);
    const recent = this.data.points
      .slice(-10)
      .map((p) => p.step_seconds)
      .filter((s) => s !== undefined)
      .sort((a, b) => a - b);
    return {
      id: info.id,
      name: info.name,
      method: info.method,
      status: info.status,
      stage: info.stage ?? last?.stage ?? null,
      phase: info.phase,
      step: info.step,
      steps: info.steps,
      checkpoint: info.checkpoint,
      stepSeconds: recent[recent.length >> 1] ?? null,
      secondsLeft: info.secondsLeft,
      device: this.data.start?.device ?? null,
      model: info.model,
      modelId: info.modelId,
      message: info.message,
      tokensPerSecond: last?.tokens_per_second ?? null,
      examples: this.data.examples,
    };
  }
}

function nothingNew(): Added {
  return { points: [], alarms: [], again: false };
}
