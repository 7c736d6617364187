import type { AttemptQuery } from "../../pool/types.js";
import { harmless, shorten } from "../../protocol/latex.js";
import { number } from "../words.js";
import type { BucketNode } from "./nodes.js";
import type { Catalogue } from "./shape.js";
import { isolated, line } from "./text.js";
import { bucketTitle, nameOf } from "./titles.js";

const VERDICTS = {
  correct: "correct",
  incorrect: "incorrect",
  unscored: "could not be scored",
  truncated: "cut off",
} as const;

const DISPUTES = {
  any: "in dispute",
  disagree: "graders disagree",
  imported: "the imported score differs",
  unsure: "nobody could tell",
} as const;

/** A filter in words, for the line above the tree, a saved filter and a progress bar. Empty for the whole pool. */
export function filterWords(query: AttemptQuery, catalogue: Catalogue): string {
  const { scope, verdicts, reviewed, text, modelId, modelIds, ids, dispute, wrongMajority } = query;
  const named = (
    ["level", "kind", "answer", "errorType", "label", "decision", "rating", "firstWrong"] as const
  ).map((grouping) => {
    const key = query[grouping];
    return key === undefined ? "" : inSentence(bucketTitle(bucketOf(grouping, key), catalogue, 40));
  });
  return [
    // As it was typed: a search is for characters, not for what they typeset to.
    text ? `“${isolated(shorten(harmless(text), 60))}”` : "",
    verdicts?.map((verdict) => VERDICTS[verdict]).join(" or ") ?? "",
    dispute === undefined ? "" : DISPUTES[dispute],
    wrongMajority ? "the majority is wrong" : "",
    reviewed === undefined ? "" : reviewed ? "reviewed" : "not reviewed",
    ...named,
    modelId === undefined ? "" : `by ${line(nameOf(modelId, catalogue), 40)}`,
    modelIds === undefined ? "" : `by ${modelIds.map((id) => line(nameOf(id, catalogue), 40)).join(" or ")}`,
    ids === undefined ? "" : `${number(ids.length)} chosen ones`,
    scope === "all" && !ids ? "every attempt, not the pool alone" : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A bucket that stands for a value alone. */
export function bucketOf(grouping: BucketNode["grouping"], key: string): BucketNode {
  return { type: "bucket", grouping, bucket: { key, label: key, attempts: 0, unreviewed: 0 } };
}

/** "Rated 4" → "rated 4"; names of the rubric keep their capitals. */
function inSentence(title: string): string {
  return title.replace(/^(Rated|First|No|Not|Accepted|Rejected|Level)\b/, (word) => word.toLowerCase());
}
