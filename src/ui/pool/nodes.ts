import type { AttemptQuery, PoolBucket, PoolGrouping } from "../../pool/types.js";
import type { Attempt, Verdict } from "../../protocol/types.js";

/** How the tree groups: as the pool does, or by the runs that made the models. */
export type TreeGrouping = PoolGrouping | "run";

/** One row of the Error Pool tree. `parent` lets the tree reveal an attempt that Review is showing. */
export type PoolNode = BucketNode | ProblemNode | AttemptNode | MoreNode;

export interface BucketNode {
  type: "bucket";
  grouping: Exclude<TreeGrouping, "problem">;
  bucket: PoolBucket;
  /** Of grouping `run`: the models it made, as far as they have attempts here. */
  models?: readonly string[];
}
export interface ProblemNode {
  type: "problem";
  /** Row id in the pool. */
  problemId: number;
  bucket: PoolBucket;
  parent?: BucketNode;
}
export interface AttemptNode {
  type: "attempt";
  /** Without its text. */
  attempt: Attempt;
  reviewed: boolean;
  /** Attempts at the same problem that are shown with the same answer, this one included. */
  alike: number;
  /** What came of the model's reflection, when there is one. */
  reflection?: Verdict;
  parent: ProblemNode;
}
/** The rest of a long list. */
export interface MoreNode {
  type: "more";
  parent?: BucketNode | ProblemNode;
}

/** Stable identity, so that expansion and selection survive a refresh. */
export function nodeId(node: PoolNode): string {
  switch (node.type) {
    case "bucket":
      return `${node.grouping}:${node.bucket.key}`;
    case "problem":
      return `${node.parent ? nodeId(node.parent) : ""}/p${node.problemId}`;
    case "attempt":
      return `${nodeId(node.parent)}/a${node.attempt.id}`;
    case "more":
      return `${node.parent ? nodeId(node.parent) : ""}/more`;
  }
}

/** The attempts that a row stands for, within what the tree shows. */
export function queryOf(node: PoolNode, shown: AttemptQuery): AttemptQuery {
  switch (node.type) {
    case "bucket":
      return { ...shown, ...bucketQuery(node) };
    case "problem":
      return { ...(node.parent ? queryOf(node.parent, shown) : shown), problemId: node.problemId };
    case "attempt":
      return { ids: [node.attempt.id], scope: "all" };
    case "more":
      return node.parent ? queryOf(node.parent, shown) : shown;
  }
}

function bucketQuery({ grouping, bucket, models }: BucketNode): AttemptQuery {
  if (grouping === "run") return { modelIds: [...(models ?? [])] };
  if (grouping === "model") return { modelId: bucket.key };
  return { [grouping]: bucket.key };
}
