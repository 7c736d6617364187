import type { RunPoint } from "../../src/protocol/run-panel.js";
import { share } from "../shared/parts.js";

export interface Line {
  name: string;
  /** Theme colour, by its role. */
  colour: "info" | "good" | "warn" | "bad" | "quiet";
  dashed?: boolean;
  of(point: RunPoint): number | undefined;
  write(value: number): string;
  /** Its own scale at the right, for a figure of another size. */
  right?: boolean;
}
export interface Plot {
  id: string;
  title: string;
  sub: string;
  lines: Line[];
  /** Fixed range of the left scale. */
  range?: [number, number];
  /** Kinds of alarm that are seen in this plot. */
  alarms?: string[];
}

const whole = (v: number): string => String(Math.round(v));
const small = (v: number): string =>
  v === 0 ? "0" : Math.abs(v) < 0.001 ? v.toExponential(1) : v.toPrecision(2).replace(/^0\./, ".");

/** The curves of a run; every definition is METHODS.md's. */
export const PLOTS: Plot[] = [
  {
    id: "reward",
    title: "Reward",
    sub: "mean of the step",
    lines: [{ name: "reward", colour: "info", of: (p) => p.reward, write: (v) => share(v) }],
  },
  {
    id: "accuracy",
    title: "Accuracy",
    sub: "share of right rollouts",
    alarms: ["saturation", "collapse"],
    range: [0, 1],
    lines: [
      {
        name: "first attempts",
        colour: "good",
        of: (p) => (p.stage === "trial" ? p.accuracy : undefined),
        write: (v) => share(v),
      },
      {
        name: "corrections",
        colour: "info",
        dashed: true,
        of: (p) => (p.stage === "correction" ? p.accuracy : undefined),
        write: (v) => share(v),
      },
    ],
  },
  {
    id: "pool",
    title: "Pool",
    sub: "size, unique share",
    alarms: ["saturation"],
    lines: [
      { name: "size", colour: "info", of: (p) => p.pool_size, write: whole },
      {
        name: "unique share",
        colour: "warn",
        dashed: true,
        right: true,
        of: (p) => p.pool_unique,
        write: (v) => share(v),
      },
    ],
  },
  {
    id: "zero",
    title: "Zero-variance groups",
    sub: "no gradient",
    alarms: ["zero-variance"],
    range: [0, 1],
    lines: [{ name: "share", colour: "warn", of: (p) => p.zero_variance, write: (v) => share(v) }],
  },
  {
    id: "entropy",
    title: "Entropy, KL",
    sub: "nats",
    alarms: ["collapse"],
    lines: [
      { name: "entropy", colour: "info", of: (p) => p.entropy, write: small },
      { name: "KL", colour: "bad", dashed: true, right: true, of: (p) => p.kl, write: small },
    ],
  },
  {
    id: "length",
    title: "Analysis length",
    sub: "median tokens",
    alarms: ["collapse", "answer-in-analysis", "same-analysis", "unclosed"],
    lines: [{ name: "tokens", colour: "good", of: (p) => p.analysis_length, write: whole }],
  },
];

/** The newest value of a line, or null. */
export function latest(line: Line, points: RunPoint[]): number | null {
  for (let i = points.length - 1; i >= 0; i--) {
    const point = points[i];
    const value = point && line.of(point);
    if (value !== undefined) return value;
  }
  return null;
}
