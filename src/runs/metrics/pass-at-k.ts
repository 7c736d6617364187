import type { Change } from "../../protocol/comparison.js";
import type { PassAtK } from "../../protocol/comparison-parts.js";
import { passAtK, passSteps } from "../../protocol/statistics.js";
import type { Score } from "../statistics.js";
import { meanChange } from "./paired.js";

/**
 * pass@k by problem, unbiased (Chen et al., arXiv 2107.03374), for k = 1, 2, 4, … and G, averaged over the problems that
 * have k scored samples under both models; `truncated` samples count as failures. avg@G is the mean accuracy over the G
 * samples of a problem: pass@1 by another name, said because papers do. Intervals by problem.
 */
export function passCurve(a: readonly Score[], b: readonly Score[], group: number): PassAtK {
  const at = (k: number): Change & { k: number } => {
    const scores = (all: readonly Score[]) =>
      all.map(({ correct, scored }) =>
        scored >= k ? { correct: passAtK(scored, correct, k), scored: 1 } : { correct: 0, scored: 0 },
      );
    return { k, ...meanChange(scores(a), scores(b)) };
  };
  return { curve: passSteps(group).map(at), average: { k: group, ...meanChange(a, b) } };
}
