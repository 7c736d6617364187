import type { AttemptQuery, PoolBucket } from "../../pool/types.js";
import type { Rubric } from "../../protocol/rubric.js";
import type { ModelEntry } from "../../protocol/types.js";
import type { AttemptNode, BucketNode, TreeGrouping } from "./nodes.js";

/** What gives ids their names: the workspace's rubric and its models. */
export interface Catalogue {
  rubric: Rubric;
  models: readonly ModelEntry[];
  runs: readonly { id: string; name: string }[];
}

/**
 * Rows of a grouping, from the buckets that were read. Error types and labels stand as the rubric lists them, what it
 * does not know after them, what has none last. Only a whole list is put in order: "Load more…" moves nothing.
 */
export function bucketNodes(
  grouping: Exclude<TreeGrouping, "problem">,
  buckets: readonly PoolBucket[],
  whole: boolean,
  shown: AttemptQuery,
  { rubric, models }: Catalogue,
): BucketNode[] {
  if (grouping === "run") return byRun(buckets, models);
  const nodes = buckets.map((bucket): BucketNode => ({ type: "bucket", grouping, bucket }));
  if (grouping === "label") {
    // An attempt stands under each of its labels; those that the filter did not ask for would promise too much.
    const asked = nodes.filter(({ bucket }) => shown.label === undefined || bucket.key === shown.label);
    return whole ? ordered(asked, rubric.labels) : asked;
  }
  if (!whole) return nodes;
  if (grouping === "decision") return ordered(nodes, [{ id: "accepted" }, { id: "rejected" }]);
  return grouping === "errorType" ? ordered(nodes, rubric.errorTypes) : nodes;
}

function ordered(nodes: readonly BucketNode[], list: readonly { id: string }[]): BucketNode[] {
  const place = new Map(list.map(({ id }, i) => [id, i]));
  const placeOf = ({ bucket }: BucketNode): number =>
    bucket.key === "" ? list.length + 1 : (place.get(bucket.key) ?? list.length);
  return nodes.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** A run is the models it made. A model that no run made stands for itself. */
function byRun(buckets: readonly PoolBucket[], models: readonly ModelEntry[]): BucketNode[] {
  const runs = new Map(models.map(({ id, run }) => [id, run]));
  const merged = new Map<string, { bucket: PoolBucket; models: string[] }>();
  for (const bucket of buckets) {
    const run = runs.get(bucket.key);
    const key = run === undefined ? `model:${bucket.key}` : `run:${run}`;
    const known = merged.get(key);
    merged.set(key, {
      bucket: {
        key,
        label: run ?? bucket.key,
        attempts: (known?.bucket.attempts ?? 0) + bucket.attempts,
        unreviewed: (known?.bucket.unreviewed ?? 0) + bucket.unreviewed,
      },
      models: [...(known?.models ?? []), bucket.key],
    });
  }
  // Runs first: what no run made is where they began.
  return [...merged.values()]
    .map((each): BucketNode => ({ type: "bucket", grouping: "run", ...each }))
    .toSorted((a, b) => Number(isModel(a)) - Number(isModel(b)));
}

export const isModel = ({ bucket }: BucketNode): boolean => bucket.key.startsWith("model:");

/** The same answers counted over all attempts that are shown. */
export function withAlike(nodes: readonly AttemptNode[]): AttemptNode[] {
  const alike = new Map<string | null, number>();
  for (const { attempt } of nodes) alike.set(attempt.answer, (alike.get(attempt.answer) ?? 0) + 1);
  return nodes.map((node) => ({ ...node, alike: alike.get(node.attempt.answer) ?? 1 }));
}
