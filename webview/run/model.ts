import { type Curve, extended } from "../../src/protocol/run-curve.js";
import type {
  RolloutsView,
  RunAlarmView,
  RunHead,
  RunMemory,
  RunToView,
} from "../../src/protocol/run-panel.js";
import { own, type ShownRun, withColours } from "./shown.js";

/** What the host has told so far. Every message makes a new one, so that what is the same stays the same object. */
export class Model {
  readonly head: RunHead | null = null;
  readonly runs: ShownRun[] = [];
  readonly alarms: RunAlarmView[] = [];
  readonly rollouts: RolloutsView | null = null;
  readonly log: string = "";
  /** Why nothing can be shown. */
  readonly problem: string | null = null;

  constructor(from?: Model, part: Partial<Model> = {}) {
    if (from) Object.assign(this, from);
    Object.assign(this, part);
  }

  /** Some curve has fewer points than its run. */
  get averaged(): boolean {
    return this.runs.some(({ curve }) => curve.averaged > 1);
  }

  withoutDetail(): Model {
    return this.with({ runs: this.runs.map((run) => ({ ...run, detail: null })) });
  }

  after(message: RunToView, memory: RunMemory): Model {
    switch (message.type) {
      case "snapshot": {
        const { head, curve, alarms, others } = message;
        return this.with({ head, alarms, runs: [own(head, curve), ...withColours(others, this.runs)] });
      }
      case "delta":
        return this.with({
          head: message.head,
          alarms: message.alarms.length > 0 ? [...this.alarms, ...message.alarms] : this.alarms,
          runs: this.grown(message, memory),
        });
      case "others": {
        const [main] = this.runs;
        return main ? this.with({ runs: [main, ...withColours(message.others, this.runs)] }) : this;
      }
      case "detail": {
        const { zoom } = memory;
        // The answer to a zoom that was left in the meantime says nothing about this one.
        if (message.axis !== memory.axis || message.range.from !== zoom?.from || message.range.to !== zoom.to)
          return this;
        return this.with({
          runs: this.runs.map((run) => ({ ...run, detail: message.curves[run.id] ?? null })),
        });
      }
      case "rollouts":
        return this.with({ rollouts: message.rollouts });
      case "log":
        return this.with({ log: message.text });
      case "unreadable":
        return this.with({ problem: message.message });
    }
  }

  private grown(message: RunToView & { type: "delta" }, { zoom }: RunMemory): ShownRun[] {
    let changed = false;
    const runs = this.runs.map((run, i) => {
      const more = i === 0 ? message.points : (message.others[run.id] ?? []);
      if (more.length === 0) return run;
      changed = true;
      const grow = (curve: Curve): Curve => extended(curve, more);
      // Points beyond the zoomed range do no harm there: they lie outside the plot.
      return { ...run, curve: grow(run.curve), detail: run.detail && zoom ? grow(run.detail) : null };
    });
    return changed ? runs : this.runs;
  }

  private with(part: Partial<Model>): Model {
    return new Model(this, part);
  }
}
