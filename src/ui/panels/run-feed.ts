import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rollout, RunEvent, RunStart } from "../../protocol/events.js";
import {
  downsample,
  type RolloutsView,
  type RunAlarmView,
  type RunHead,
  type RunPoint,
  type RunToView,
} from "../../protocol/run-panel.js";
import type { RunInfo, Runs } from "../../runs/types.js";

/** Ten messages a second at most. */
const COALESCE_MS = 100;
/** Rows of the rollouts table: what a person looks through. */
const MOST_ROWS = 40;
const LOG_TAIL = 6000;

/** One run as its panel shows it: follows the run's events and hands on snapshots and deltas. */
export class RunFeed {
  private points: RunPoint[] = [];
  private alarms: RunAlarmView[] = [];
  private start: RunStart | null = null;
  private info: RunInfo | null = null;
  private rollouts: RolloutsView | null = null;
  private rolloutsFile: { step: number; file: string } | null = null;
  private fresh: { points: RunPoint[]; alarms: RunAlarmView[]; again: boolean } = nothingNew();
  private timer: NodeJS.Timeout | undefined;
  private readonly off: (() => void)[];
  private closed = false;

  constructor(
    private readonly runs: Pick<Runs, "get" | "watch" | "onDidChange">,
    readonly runId: string,
    private readonly post: (message: RunToView) => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.off = [runs.watch(runId, (events) => this.take(events)), runs.onDidChange(() => this.wake())];
  }

  /** Everything, for a view that has just become visible. */
  async snapshot(): Promise<void> {
    try {
      const info = await this.refreshInfo();
      await this.readRollouts(info);
      const over = info.status === "failed" || info.status === "died";
      this.fresh = nothingNew();
      const { points, averaged } = downsample(this.points);
      if (this.closed) return;
      this.post({
        type: "snapshot",
        head: this.head(info),
        points,
        averaged,
        alarms: this.alarms,
        rollouts: this.rollouts,
        log: over ? await tail(join(info.folder, "log.txt")) : null,
      });
    } catch (error) {
      if (!this.closed) this.failed(error);
    }
  }

  get folder(): string | null {
    return this.info?.folder ?? null;
  }
  get name(): string | null {
    return this.info?.name ?? null;
  }
  get models(): { from: string; made: string | null } | null {
    return this.info ? { from: this.info.model, made: this.info.modelId } : null;
  }

  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const stop of this.off) stop();
  }

  private take(events: RunEvent[]): void {
    for (const event of events) {
      if (event.type === "metrics") {
        const { type: _type, time: _time, ...point } = event;
        this.points.push(point);
        this.fresh.points.push(point);
      } else if (event.type === "alarm") {
        const alarm = { step: event.step, kind: event.kind, message: event.message };
        this.alarms.push(alarm);
        this.fresh.alarms.push(alarm);
      } else if (event.type === "start") this.begin(event);
      else if (event.type === "rollouts") this.rolloutsFile = { step: event.step, file: event.file };
      else if (event.type === "end") this.fresh.again = true;
    }
    this.wake();
  }

  /** A resumed run repeats the steps after its checkpoint: what it said of them before no longer counts. */
  private begin(start: RunStart): void {
    this.start = start;
    const kept = this.points.filter((p) => p.step <= start.resumedFrom);
    this.fresh.again = true;
    this.points = kept;
    this.alarms = this.alarms.filter((a) => a.step <= start.resumedFrom);
  }

  private wake(): void {
    if (this.timer !== undefined || this.closed) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, COALESCE_MS);
  }

  private async flush(): Promise<void> {
    if (this.fresh.again) return this.snapshot();
    try {
      const before = this.info?.status;
      const info = await this.refreshInfo();
      if (this.closed) return;
      // A run that ended has more to show than a delta: its log, its model.
      if (before !== info.status) return await this.snapshot();
      const { points, alarms } = this.fresh;
      this.fresh = nothingNew();
      this.post({ type: "delta", head: this.head(info), points, alarms });
      if (await this.readRollouts(info)) {
        if (this.rollouts && !this.closed) this.post({ type: "rollouts", rollouts: this.rollouts });
      }
    } catch (error) {
      if (!this.closed) this.failed(error);
    }
  }

  private async refreshInfo(): Promise<RunInfo> {
    this.info = await this.runs.get(this.runId);
    return this.info;
  }

  /** True when there are newer rollouts than those shown. */
  private async readRollouts(info: RunInfo): Promise<boolean> {
    const wanted = this.rolloutsFile;
    if (!wanted || this.rollouts?.step === wanted.step) return false;
    const rows = parseRollouts(await readFile(join(info.folder, wanted.file), "utf8").catch(() => ""));
    if (rows.length === 0) return false;
    const distinct = wrongFirst(together(rows)).slice(0, MOST_ROWS);
    const shown = distinct.reduce((n, row) => n + row.times, 0);
    this.rollouts = { step: wanted.step, rows: distinct, shown, total: rows.length };
    return true;
  }

  private head(info: RunInfo): RunHead {
    const last = this.points.at(-1);
    const recent = this.points
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
      stepSeconds: recent[recent.length >> 1] ?? null,
      secondsLeft: info.secondsLeft,
      device: this.start?.device ?? null,
      model: info.model,
      modelId: info.modelId,
      message: info.message,
      tokensPerSecond: last?.tokens_per_second ?? null,
    };
  }
}

function nothingNew(): { points: RunPoint[]; alarms: RunAlarmView[]; again: boolean } {
  return { points: [], alarms: [], again: false };
}

/** A rollouts file may be cut short, or another program's: what is no rollout is left out. */
export function parseRollouts(text: string): Rollout[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      const row = JSON.parse(line) as Partial<Rollout>;
      const whole = typeof row.problem === "string" && typeof row.completion === "string";
      return whole && typeof row.reward === "number" ? [row as Rollout] : [];
    } catch {
      return [];
    }
  });
}

/** A small model often writes the very same text: it is read once, with how often it came. */
function together(rows: Rollout[]): RolloutsView["rows"] {
  const found = new Map<string, RolloutsView["rows"][number]>();
  for (const row of rows) {
    const key = [row.problem, row.wrong ?? "", row.completion].join("\u0000");
    const same = found.get(key);
    if (same) same.times++;
    else found.set(key, { ...row, times: 1 });
  }
  return [...found.values()];
}

function wrongFirst(rows: RolloutsView["rows"]): RolloutsView["rows"] {
  const rank = (row: Rollout): number => (row.verdict === "correct" ? 1 : 0);
  return [...rows].sort((a, b) => rank(a) - rank(b));
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.slice(-LOG_TAIL);
}
