import { answerTitle, harmless, problemTitle, shorten } from "../../protocol/latex.js";
import type { Verdict } from "../../protocol/types.js";
import { count, number } from "../words.js";
import type { AttemptNode, BucketNode, PoolNode } from "./nodes.js";
import { type Catalogue, isModel } from "./shape.js";
import { isolated, line, READ } from "./text.js";
import { bucketTitle } from "./titles.js";

/** What a row of the tree says and shows; the texts are harmless wherever the editor shows plain text. */
export interface Row {
  label: string;
  description: string;
  /** What a screen reader says: the label, and what icon and colour mean. */
  spoken: string;
  icon: string;
  color?: string;
  /** For `viewItem` in when clauses. */
  context: string;
  parent: boolean;
}

/** Characters of a problem's title. */
const TITLE = 80;
/** A tooltip is read, not scrolled. */
const TOOLTIP = 1000;

export function row(node: PoolNode, catalogue: Catalogue): Row {
  switch (node.type) {
    case "bucket":
      return bucketRow(node, catalogue);
    case "problem":
      return problemRow(node.bucket);
    case "attempt":
      return attemptRow(node, catalogue);
    case "more":
      return {
        ...{ label: "Load more…", description: "", spoken: "Load more rows" },
        ...{ icon: "chevron-down", context: "more", parent: false },
      };
  }
}

/** What a row says when a person stops on it. Worked out then: a page of them would take long. */
export function tooltip(node: PoolNode, catalogue: Catalogue): string {
  switch (node.type) {
    case "bucket":
      return [bucketTitle(node, catalogue, TOOLTIP), about(node, catalogue), countWords(node.bucket)]
        .filter(Boolean)
        .join("\n");
    case "problem":
      return `${line(node.bucket.label, TOOLTIP)}\n${[passed(node.bucket), countWords(node.bucket)].filter(Boolean).join("; ")}`;
    case "attempt": {
      const { attempt } = node;
      return [
        `${VERDICTS[attempt.verdict].words}: ${line(attempt.reason, TOOLTIP)}`,
        `${count(attempt.tokens, "token")}, sample ${attempt.sample + 1}, ${isolated(shorten(harmless(attempt.modelId), 120))}`,
      ].join("\n");
    }
    case "more":
      return "Shows the next rows of this list";
  }
}

const ICONS: Readonly<Record<BucketNode["grouping"], string>> = {
  level: "layers",
  kind: "symbol-class",
  answer: "symbol-numeric",
  errorType: "bug",
  label: "tag",
  decision: "law",
  rating: "star-empty",
  firstWrong: "list-ordered",
  model: "circuit-board",
  run: "graph-line",
};

function bucketIcon(node: BucketNode): { icon: string; color?: string } {
  const { grouping, bucket } = node;
  if (grouping === "decision" && bucket.key === "accepted")
    return { icon: "pass", color: "testing.iconPassed" };
  if (grouping === "decision" && bucket.key === "rejected")
    return { icon: "error", color: "testing.iconFailed" };
  if (grouping === "rating" && Number(bucket.key) >= 4) return { icon: "star-full" };
  if (grouping === "rating" && Number(bucket.key) >= 2) return { icon: "star-half" };
  if (grouping === "firstWrong" && bucket.key === "0") return { icon: "pass", color: "testing.iconPassed" };
  if (grouping === "run" && isModel(node)) return { icon: ICONS.model };
  return { icon: bucket.key === "" ? "circle-large-outline" : ICONS[grouping] };
}

function bucketRow(node: BucketNode, catalogue: Catalogue): Row {
  const label = bucketTitle(node, catalogue);
  const made = node.models && !isModel(node) ? `${count(node.models.length, "model")}, ` : "";
  const description = made + countWords(node.bucket);
  return {
    ...{ label, description, spoken: `${label}, ${description}`, context: "bucket", parent: true },
    ...bucketIcon(node),
  };
}

/** What the rubric or models.json says beside a bucket's name. */
function about({ grouping, bucket, models }: BucketNode, { rubric }: Catalogue): string {
  if (grouping === "rating") {
    const anchor = rubric.axes.find(({ id }) => id === "overall")?.anchors[Number(bucket.key) - 1];
    return anchor ? line(anchor, TOOLTIP) : "";
  }
  if (grouping === "run") return (models ?? []).map((id) => line(id)).join("\n");
  const list = grouping === "errorType" ? rubric.errorTypes : grouping === "label" ? rubric.labels : [];
  return line(list.find(({ id }) => id === bucket.key)?.description ?? "", TOOLTIP);
}

interface Counted {
  attempts: number;
  unreviewed: number;
  correct?: number;
  scored?: number;
}

export function countWords({ attempts, unreviewed }: Counted): string {
  const of = count(attempts, "attempt");
  if (unreviewed === 0) return `${of}, all reviewed`;
  return unreviewed === attempts ? of : `${of}, ${number(unreviewed)} to review`;
}

const passed = ({ correct, scored }: Counted): string =>
  scored === undefined ? "" : `${correct ?? 0}/${scored} correct`;

function problemRow(bucket: Counted & { label: string }): Row {
  const done = bucket.unreviewed === 0;
  const label = isolated(problemTitle(bucket.label.slice(0, READ * TITLE), TITLE));
  const description = [passed(bucket), done ? "reviewed" : ""].filter(Boolean).join(" · ");
  return {
    ...{
      label,
      description,
      spoken: `${label}, ${[passed(bucket), countWords(bucket)].filter(Boolean).join(", ")}`,
    },
    ...{ context: "problem", parent: true },
    ...(done
      ? { icon: "pass", color: "testing.iconPassed" }
      : { icon: "symbol-operator", color: "symbolIcon.operatorForeground" }),
  };
}

const VERDICTS: Readonly<Record<Verdict, { icon: string; color: string; words: string }>> = {
  correct: { icon: "pass", color: "testing.iconPassed", words: "correct" },
  incorrect: { icon: "error", color: "testing.iconFailed", words: "incorrect" },
  unscored: { icon: "question", color: "testing.iconUnset", words: "could not be scored" },
  truncated: { icon: "circle-slash", color: "testing.iconSkipped", words: "cut off at the token limit" },
};

function attemptRow(
  { attempt, reviewed, reflection, alike, parent }: AttemptNode,
  { rubric }: Catalogue,
): Row {
  const { icon, color, words } = VERDICTS[attempt.verdict];
  const label =
    attempt.answer === null
      ? "no answer"
      : isolated(answerTitle(attempt.answer, parent.bucket.label)) || "empty answer";
  const errorType = attempt.errorType ?? "";
  const type = rubric.errorTypes.find(({ id }) => id === errorType)?.title ?? errorType;
  const said = [
    reviewed ? "✓ reviewed" : "",
    line(type),
    attempt.verdict === "incorrect" || attempt.verdict === "correct" ? "" : words,
    reflection === undefined
      ? ""
      : reflection === "correct"
        ? "reflection fixes it"
        : "reflection does not fix it",
    alike > 1 ? `${alike} alike` : "",
  ].filter(Boolean);
  const spoken = [label, words, ...said.filter((word) => word !== words)].join(", ").replace("✓ ", "");
  const context = reviewed ? "attempt.reviewed" : "attempt";
  return { label, description: said.join(" · "), spoken, icon, color, context, parent: false };
}
