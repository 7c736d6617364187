import type { LiftFigures } from "../../protocol/comparison-parts.js";
import type { Verdict } from "../../protocol/types.js";
import type { LiftTurn } from "../../sampling/second-turns.js";
import { bootstrapRatio, pairedRatioDifference } from "../statistics.js";
import { isRight, isScored, tally } from "./paired.js";

/**
 * Reflection lift of a set of wrong attempts: fix rate with the model's own analysis − fix rate with a neutral text of
 * the same length in its place (docs/comparing.md). Oracle-gated. Beside it the drop when the analyses are shuffled
 * among problems: what is written in an analysis can only help its own problem. All on the wrong attempts whose
 * reflection has both sections, in pairs; an attempt with an unscored correction leaves, and is counted.
 */
export function liftFigures(problems: readonly number[], lifts: readonly LiftTurn[]): LiftFigures {
  const strange = lifts.some((lift) => lift.shuffled !== null);
  const sides = (lift: LiftTurn): Verdict[] => [
    lift.own,
    lift.neutral,
    ...(lift.shuffled === null ? [] : [lift.shuffled]),
  ];
  const decided = lifts.filter((lift) => sides(lift).every(isScored) && (!strange || lift.shuffled !== null));
  const of = (side: (lift: LiftTurn) => Verdict | null) =>
    tally(problems, decided, (lift) => {
      const verdict = side(lift);
      return verdict === null ? null : isRight(verdict);
    });
  const [own, neutral, other] = [
    of((lift) => lift.own),
    of((lift) => lift.neutral),
    of((lift) => lift.shuffled),
  ];
  return {
    own: bootstrapRatio(own),
    neutral: bootstrapRatio(neutral),
    shuffled: strange ? bootstrapRatio(other) : null,
    lift: pairedRatioDifference(neutral, own),
    shuffleDrop: strange ? pairedRatioDifference(other, own) : null,
    unscored: lifts.length - decided.length,
  };
}
