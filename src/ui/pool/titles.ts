import { mathToText, shorten } from "../../protocol/latex.js";
import type { BucketNode } from "./nodes.js";
import { type Catalogue, isModel } from "./shape.js";
import { isolated, line } from "./text.js";

/** What stands for "there is none". */
const NONE: Readonly<Record<BucketNode["grouping"], string>> = {
  level: "No level",
  kind: "No kind",
  answer: "No answer was read",
  errorType: "No error type yet",
  label: "No label",
  decision: "No decision yet",
  rating: "Not rated yet",
  firstWrong: "No step marked yet",
  model: "No model",
  run: "No model",
};

/** A bucket's name as people say it, in the rubric's and the models' own words where they have some. */
export function bucketTitle(node: BucketNode, catalogue: Catalogue, length = 80): string {
  const { grouping, bucket } = node;
  if (bucket.key === "") return NONE[grouping];
  const shown = (text: string): string => line(text, length) || "(unreadable)";
  switch (grouping) {
    case "level":
      return /^\d+$/.test(bucket.key) ? `Level ${bucket.key}` : shown(bucket.label);
    case "answer":
      return isolated(shorten(mathToText(bucket.label), length)) || "(empty answer)";
    case "errorType":
    case "label": {
      const list = grouping === "label" ? catalogue.rubric.labels : catalogue.rubric.errorTypes;
      return shown(list.find(({ id }) => id === bucket.key)?.title ?? bucket.label);
    }
    case "decision":
      return bucket.key === "accepted"
        ? "Accepted"
        : bucket.key === "rejected"
          ? "Rejected"
          : shown(bucket.label);
    case "rating":
      return `Rated ${shown(bucket.label)}`;
    case "firstWrong":
      return bucket.key === "0" ? "No wrong step" : `First wrong step ${shown(bucket.label)}`;
    case "model":
      return shown(nameOf(bucket.key, catalogue));
    case "run":
      return isModel(node)
        ? `No run: ${shown(nameOf(bucket.label, catalogue))}`
        : `Run ${shown(catalogue.runs.find(({ id }) => id === bucket.label)?.name || bucket.label)}`;
    case "kind":
      return shown(bucket.label);
  }
}

/** A model's name in this workspace, else its id. */
export function nameOf(modelId: string, { models }: Pick<Catalogue, "models">): string {
  return models.find(({ id }) => id === modelId)?.name || modelId;
}
