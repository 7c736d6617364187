import { share, small, whole } from "./figures.js";
import { type RunPoint, smooth } from "./run-curve.js";

export interface Line {
  name: string;
  /** Theme colour, by its role, while one run is shown; several runs have a colour each. */
  colour: "info" | "good" | "warn" | "bad";
  dashed?: boolean;
  of(point: RunPoint): number | undefined;
  write(value: number): string;
  /** Its own scale at the right, for a figure of another size. */
  right?: boolean;
  /** It is what it is at every step: smoothing would show what never was. */
  exact?: boolean;
  /** Should be 0 throughout, and is not drawn while it is. */
  rare?: boolean;
}

/** A line's values as drawn: smoothed, unless it is exact. */
export function smoothLine(
  { exact }: Line,
  points: readonly RunPoint[],
  values: readonly (number | null)[],
  weight: number,
): (number | null)[] {
  return exact
    ? [...values]
    : smooth(
        values,
        weight,
        points.map(({ stage }) => stage),
      );
}

export const GROUPS = {
  learning: "Learning",
  data: "Problems and pool",
  policy: "Policy",
  length: "Length and pace",
} as const;
export type PlotGroup = keyof typeof GROUPS;

export interface Plot {
  id: string;
  group: PlotGroup;
  title: string;
  sub: string;
  lines: Line[];
  /** Fixed range of the left scale. */
  range?: [number, number];
  /** Kinds of alarm that are seen in this plot. */
  alarms?: string[];
}

/** A line of a field as it is. */
function line(
  name: string,
  field: Exclude<keyof RunPoint, "stage" | "type">,
  colour: Line["colour"],
  write: Line["write"],
  more: Pick<Line, "dashed" | "right" | "exact" | "rare"> = {},
): Line {
  return { name, colour, of: (p) => p[field], write, ...more };
}
const RIGHT = { dashed: true, right: true };
const of = (v: number): string => share(v);
const seconds = (v: number): string => `${small(v)} s`;

const ofTrial = (point: RunPoint, value: number | undefined): number | undefined =>
  point.stage === "correction" && value === 0 ? undefined : value;

/** The curves of a run, each shown when the run measured one of its lines; every definition is docs/methods.md's. */
export const PLOTS: readonly Plot[] = [
  {
    id: "reward",
    group: "learning",
    title: "Reward",
    sub: "mean of the step",
    lines: [line("reward", "reward", "info", of)],
  },
  {
    id: "accuracy",
    group: "learning",
    title: "Accuracy",
    sub: "share of right answers",
    alarms: ["saturation", "collapse", "never-changed"],
    range: [0, 1],
    lines: [
      {
        name: "first attempts",
        colour: "good",
        of: (p) => (p.stage === "trial" ? p.accuracy : undefined),
        write: of,
      },
      {
        name: "corrections",
        colour: "info",
        dashed: true,
        of: (p) => (p.stage === "correction" ? p.accuracy : undefined),
        write: of,
      },
      {
        name: "last answers",
        colour: "info",
        // SCoRe's second attempts have a plot of their own.
        of: (p) =>
          p.stage === "trial" || p.stage === "correction" || p.acc_t2 !== undefined ? undefined : p.accuracy,
        write: of,
      },
      {
        name: "first solutions",
        colour: "good",
        dashed: true,
        of: (p) => (p.acc_t2 === undefined ? p.acc_t1 : undefined),
        write: of,
      },
      line("unscored, left out", "unscored", "warn", of, { dashed: true, rare: true }),
      line("truncated, failures", "truncated", "bad", of, { dashed: true, rare: true }),
    ],
  },
  {
    id: "attempts",
    group: "learning",
    title: "Acc@t1, Acc@t2",
    sub: "intrinsic, all episodes",
    range: [0, 1],
    lines: [
      {
        name: "first attempt",
        colour: "good",
        dashed: true,
        of: (p) => (p.acc_t2 === undefined ? undefined : p.acc_t1),
        write: of,
      },
      line("second attempt", "acc_t2", "info", of),
    ],
  },
  {
    id: "delta",
    group: "learning",
    title: "Δ i→c, Δ c→i",
    sub: "intrinsic, shares of all episodes",
    alarms: ["always-changed", "never-changed"],
    lines: [
      line("wrong made right", "delta_i2c", "good", of),
      line("right made wrong", "delta_c2i", "bad", of),
      // Where only wrong solutions are asked about, nothing of this plot is measured but that.
      {
        ...line("answer changed", "changed", "warn", of, { dashed: true }),
        of: (p) => (p.delta_i2c === undefined ? undefined : p.changed),
      },
    ],
  },
  {
    id: "verification",
    group: "learning",
    title: "Verification",
    sub: "truth of the model's own checks",
    range: [0, 1],
    lines: [
      line("accuracy", "verification_accuracy", "info", of),
      line("error recall", "error_recall", "good", of),
      line("correct precision", "correct_precision", "warn", of),
      line("unparsed", "unparsed", "bad", of, { dashed: true }),
      line("solutions an episode", "solutions", "info", small, RIGHT),
    ],
  },
  {
    id: "token-accuracy",
    group: "learning",
    title: "Token accuracy",
    sub: "share of learning tokens foreseen",
    range: [0, 1],
    lines: [line("token accuracy", "token_accuracy", "good", of)],
  },
  {
    id: "margin",
    group: "learning",
    title: "Margin",
    sub: "β × difference; share above 0",
    lines: [
      line("margin", "margin", "info", small),
      line("pairs above 0", "margin_accuracy", "good", of, RIGHT),
    ],
  },
  {
    id: "logp",
    group: "learning",
    title: "Log-probabilities",
    sub: "summed over an answer",
    lines: [
      line("chosen", "chosen_logp", "good", small),
      line("rejected", "rejected_logp", "bad", small, { dashed: true }),
    ],
  },
  {
    id: "loss",
    group: "learning",
    title: "Loss",
    sub: "of the step",
    lines: [line("loss", "loss", "info", small)],
  },
  {
    id: "variance",
    group: "data",
    title: "Variance",
    sub: "p(1−p); share of zero-variance groups",
    alarms: ["zero-variance"],
    lines: [
      line("variance", "variance", "info", of),
      line("zero-variance groups", "zero_variance", "warn", of, RIGHT),
    ],
  },
  {
    id: "pool",
    group: "data",
    title: "Pool",
    sub: "size; unique and repeated shares",
    alarms: ["saturation"],
    lines: [
      line("size", "pool_size", "info", whole, { exact: true }),
      line("unique share", "pool_unique", "warn", of, RIGHT),
      line("share of the commonest problem", "pool_top", "bad", of, RIGHT),
      line("wrong answers held already", "pool_repeats", "good", of, RIGHT),
    ],
  },
  {
    id: "types",
    group: "data",
    title: "Error types in the pool",
    sub: "entropy in bits; share that has a type",
    lines: [
      line("entropy", "pool_type_entropy", "info", small),
      line("have a type", "pool_typed", "warn", of, RIGHT),
    ],
  },
  {
    id: "traffic",
    group: "data",
    title: "Pool traffic",
    sub: "errors in and out; their mean age",
    lines: [
      // Corrections admit nothing: their zeros would only cut the line.
      { name: "admitted", colour: "good", of: (p) => ofTrial(p, p.pool_admitted), write: whole },
      { name: "evicted", colour: "bad", of: (p) => ofTrial(p, p.pool_evicted), write: whole },
      line("age in steps", "pool_age", "warn", whole, RIGHT),
    ],
  },
  {
    id: "batches",
    group: "data",
    title: "Generation batches",
    sub: "until the step was full; groups discarded",
    lines: [
      line("batches", "generation_batches", "info", small),
      line("discarded", "discarded", "warn", of, RIGHT),
      line("taken although not kept", "filled", "bad", of, RIGHT),
    ],
  },
  {
    id: "entropy",
    group: "policy",
    title: "Entropy, KL",
    sub: "nats a token",
    alarms: ["collapse"],
    lines: [line("entropy", "entropy", "info", small), line("KL", "kl", "bad", small, RIGHT)],
  },
  {
    id: "clip",
    group: "policy",
    title: "Clip share",
    sub: "tokens whose ratio was clipped",
    lines: [line("clipped", "clip_ratio", "warn", small)],
  },
  {
    id: "gradient",
    group: "policy",
    title: "Gradient norm",
    sub: "before clipping; learning rate",
    lines: [
      line("gradient norm", "grad_norm", "info", small),
      line("learning rate", "learning_rate", "good", small, { ...RIGHT, exact: true }),
    ],
  },
  {
    id: "analysis",
    group: "length",
    title: "Analysis length",
    sub: "median tokens",
    alarms: ["collapse", "answer-in-analysis", "same-analysis", "unclosed"],
    lines: [line("tokens", "analysis_length", "good", whole)],
  },
  {
    id: "answer",
    group: "length",
    title: "Answer length",
    sub: "mean tokens",
    lines: [
      line("tokens", "completion_length", "info", whole),
      line("overlong", "overlong", "bad", of, RIGHT),
      line("no room for a second attempt", "one_attempt", "warn", of, RIGHT),
    ],
  },
  {
    id: "pace",
    group: "length",
    title: "Pace",
    sub: "seconds a step; tokens a second",
    lines: [
      line("step time", "step_seconds", "info", seconds),
      line("tokens a second", "tokens_per_second", "good", whole, RIGHT),
    ],
  },
  {
    id: "memory",
    group: "length",
    title: "GPU memory",
    sub: "most so far, GiB",
    lines: [line("GPU memory", "gpu_memory", "info", small, { exact: true })],
  },
];

/** Lines of a plot that at least one of the points measures. */
export function measuredLines(plot: Plot, points: readonly (readonly RunPoint[])[]): Line[] {
  return plot.lines.filter((one) =>
    points.some((run) => run.some((p) => (one.rare ? (one.of(p) ?? 0) > 0 : one.of(p) !== undefined))),
  );
}

/** The newest value of a line, or null. */
export function latest(of: Line["of"], points: readonly RunPoint[], before = points.length): number | null {
  for (let i = before - 1; i >= 0; i--) {
    const point = points[i];
    const value = point && of(point);
    if (value !== undefined) return value;
  }
  return null;
}
