import type { RunEvent, RunMetrics, RunStart, Stage } from "../../protocol/events.js";
import {
  type Axis,
  type Curve,
  curveOf,
  type Range,
  type RunPoint,
  within,
} from "../../protocol/run-curve.js";
import type { RunAlarmView, RunHead } from "../../protocol/run-panel.js";

/** Alarms of a kind that are sent at once: what repeats more often than this says nothing new. */
const MOST_ALARMS = 300;

const WORDS = new Set(["type", "stage"]);

/** What some events added; `again` when what was told before no longer holds. */
export interface Added {
  points: RunPoint[];
  alarms: RunAlarmView[];
  again: boolean;
}

/** All that a run's events said: every point, in order. The view is given fewer of them. */
export class RunData {
  points: RunPoint[] = [];
  alarms: RunAlarmView[] = [];
  start: RunStart | null = null;
  examples: RunHead["examples"] = null;
  /** Steps whose rollouts were kept, ascending, and their files. */
  readonly rollouts = new Map<number, string>();
  /** The curve as made last: a panel that is shown again asks for the same. */
  private made: { of: RunPoint[]; length: number; curve: Curve } | null = null;
  /** Seconds of work before the current start, and when that was. */
  private worked = 0;
  private since: number | null = null;

  /** Takes the events over: they are the caller's no more. */
  take(events: readonly RunEvent[]): Added {
    const added: Added = { points: [], alarms: [], again: false };
    for (const event of events) {
      if (event.type === "metrics") {
        const point = this.point(event);
        if (!point) continue;
        this.points.push(point);
        added.points.push(point);
      } else if (event.type === "alarm" && typeof event.step === "number") {
        const alarm = { step: event.step, kind: String(event.kind), message: String(event.message) };
        this.alarms.push(alarm);
        added.alarms.push(alarm);
      } else if (event.type === "start") {
        this.begin(event);
        added.again = true;
      } else if (event.type === "rollouts") {
        // A run's folder may come from elsewhere: no file outside its rollouts is read.
        if (/^rollouts\/[\w-]+\.jsonl$/.test(event.file)) this.rollouts.set(event.step, event.file);
      } else if (event.type === "examples") {
        this.examples = { counts: counts(event.counts), leftOut: counts(event.left_out) };
      } else if (event.type === "end") added.again = true;
    }
    return added;
  }

  curve(): Curve {
    const { points } = this;
    if (this.made?.of !== points || this.made.length !== points.length) {
      this.made = { of: points, length: points.length, curve: curveOf(points) };
    }
    return this.made.curve;
  }

  detail(range: Range, axis: Axis): Curve {
    return curveOf(within(this.points, range, axis));
  }

  /** At most 300 alarms of each kind, its first and its last among them. */
  someAlarms(): RunAlarmView[] {
    if (this.alarms.length <= MOST_ALARMS) return this.alarms;
    const kinds = new Map<string, RunAlarmView[]>();
    for (const alarm of this.alarms) kinds.set(alarm.kind, [...(kinds.get(alarm.kind) ?? []), alarm]);
    return [...kinds.values()]
      .flatMap((same) => {
        const every = Math.ceil(same.length / MOST_ALARMS);
        return same.filter((_, i) => i % every === 0 || i === same.length - 1);
      })
      .sort((a, b) => a.step - b.step);
  }

  /** A resumed run repeats the steps after its checkpoint: what it said of them before no longer counts. */
  private begin(start: RunStart): void {
    const kept = (one: { step: number }): boolean => one.step <= start.resumedFrom;
    this.start = start;
    this.points = this.points.filter(kept);
    this.alarms = this.alarms.filter(kept);
    for (const step of this.rollouts.keys()) if (!kept({ step })) this.rollouts.delete(step);
    this.worked = this.points.at(-1)?.elapsed ?? 0;
    this.since = start.time;
  }

  /**
   * The event itself becomes the point: a long run has a hundred thousand, and copying them would be felt. What is
   * no figure goes: the log may be another program's.
   */
  private point(event: RunMetrics): RunPoint | null {
    if (typeof event.step !== "number" || typeof event.time !== "number") return null;
    const fields = event as unknown as Record<string, unknown>;
    for (const field in fields) {
      const value = fields[field];
      if (typeof value === "number" ? !Number.isFinite(value) : !WORDS.has(field)) delete fields[field];
    }
    event.stage = String(event.stage) as Stage;
    this.since ??= event.time - (event.step_seconds ?? 0);
    // A clock that is set back must not turn the curve round.
    const elapsed = Math.max(this.points.at(-1)?.elapsed ?? 0, this.worked + event.time - this.since);
    return Object.assign(event, { elapsed });
  }
}

/** Names and whole numbers alone. */
function counts(given: unknown): Record<string, number> {
  const entries = Object.entries(typeof given === "object" && given !== null ? given : {});
  return Object.fromEntries(entries.filter(([, n]) => Number.isInteger(n) && n > 0));
}
