import type { Boundary, State } from "../../protocol/comparison-parts.js";
import { bootstrapMean, type Score } from "../statistics.js";
import { meanChange } from "./paired.js";

/** Upper ends of the bins of p(1-p); the first holds 0 alone. At G = 8 each k but 0 and G has a bin, with G - k. */
const ENDS = [0, 0.05, 0.1, 0.15, 0.2, 0.25] as const;
/** p(1-p) of 4 of 8 is 1/4 to the last bit, of 3 of 15 it need not be. */
const HAIR = 1e-9;

/** p(1-p), p the share of scored samples that are right (docs/comparing.md: variance always means this). */
export function variance({ correct, scored }: Score): number {
  const p = correct / scored;
  return p * (1 - p);
}

/** Unsolved: none of the scored samples is right; mastered: all are; edge: some are. */
export function stateOf({ correct, scored }: Score): State {
  return correct === 0 ? "unsolved" : correct === scored ? "mastered" : "edge";
}

/**
 * Where the problems lie between never and always solved, under both models, and how they moved: histogram of p(1-p),
 * share of zero-variance groups (which teach a group-relative method nothing), migration unsolved → edge → mastered.
 * `a[i]` and `b[i]` are of the same problem, both with something scored. Intervals by problem; `n` is their number.
 */
export function boundary(a: readonly Score[], b: readonly Score[]): Boundary {
  const share = (of: (score: Score) => boolean) => {
    const flags = (scores: readonly Score[]) =>
      scores.map((score) => ({ correct: of(score) ? 1 : 0, scored: 1 }));
    return meanChange(flags(a), flags(b));
  };
  const within = (above: number, upTo: number) => (score: Score) => {
    const v = variance(score);
    return upTo === 0 ? v <= HAIR : v > above + HAIR && v <= upTo + HAIR;
  };
  const histogram = ENDS.map((upTo, i) => {
    const above = ENDS[i - 1] ?? 0;
    const inside = within(above, upTo);
    const figure = (scores: readonly Score[]) =>
      bootstrapMean(scores.map((score) => (inside(score) ? 1 : 0)));
    return { above, upTo, a: figure(a), b: figure(b) };
  });
  const count = (from: State, to: State) =>
    a.filter((score, i) => {
      const other = b[i];
      return other !== undefined && stateOf(score) === from && stateOf(other) === to;
    }).length;
  const each = <T>(of: (state: State) => T): Record<State, T> => ({
    unsolved: of("unsolved"),
    edge: of("edge"),
    mastered: of("mastered"),
  });
  return {
    histogram,
    zeroVariance: share((score) => stateOf(score) !== "edge"),
    states: each((state) => share((score) => stateOf(score) === state)),
    migration: each((from) => each((to) => count(from, to))),
  };
}
