import type { ReviewItem } from "../../src/protocol/review.js";
import type { Reading } from "../shared/math.js";

/** Marks that can be told from each other; what more graders read has the last. */
export const MOST_READINGS = 4;

/** One grader's place in the solution. */
export interface Place {
  /** Number of its mark, shared by all who read the same; null where it says no place. */
  mark: number | null;
}

/**
 * Where each grader read its answer: ours first, then the others in their order. Those who read the same place share a
 * mark, so that different marks always are different readings.
 */
export function readingsOf(item: ReviewItem): { places: Place[]; readings: Reading[] } {
  const graders = [
    { name: "Errata", span: item.solution.span },
    ...item.opinions.map(({ grader, span }) => ({ name: grader, span })),
  ];
  const known = new Map<string, { span: [number, number]; names: string[] }>();
  const keys = graders.map(({ name, span }) => {
    if (!span || span[0] >= span[1] || span[1] > item.solution.text.length || span[0] < 0) return null;
    const key = span.join();
    const at = known.get(key);
    if (at) at.names.push(name);
    else known.set(key, { span, names: [name] });
    return key;
  });
  // Ours keeps its number even where nothing of it is to be seen.
  const first = keys[0] === null ? 1 : 0;
  const numbers = new Map([...known.keys()].map((key, i) => [key, Math.min(i + first, MOST_READINGS)]));
  return {
    places: keys.map((key) => ({ mark: key === null ? null : (numbers.get(key) ?? null) })),
    readings: [...known].map(([key, { span, names }]) => ({
      ...{ start: span[0], end: span[1], n: numbers.get(key) ?? 0 },
      title: `${names.join(", ")}: the answer is read here`,
    })),
  };
}
