import * as vscode from "vscode";
import type { PoolBucket, PoolGrouping } from "../../pool/types.js";
import { answerTitle, latexToText, mathToText, problemTitle, shorten } from "../../protocol/latex.js";
import type { Attempt, Verdict } from "../../protocol/types.js";
import { count } from "../words.js";

/** One row of the Error Pool tree. `parent` lets the tree reveal an attempt that Review is showing. */
export type PoolNode = BucketNode | ProblemNode | AttemptNode | MoreNode;

export interface BucketNode {
  type: "bucket";
  grouping: Exclude<PoolGrouping, "problem">;
  bucket: PoolBucket;
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

const { Collapsed, None } = vscode.TreeItemCollapsibleState;
const icon = (name: string, color?: string): vscode.ThemeIcon =>
  new vscode.ThemeIcon(name, color ? new vscode.ThemeColor(color) : undefined);

export function treeItem(node: PoolNode): vscode.TreeItem {
  const item = build(node);
  item.id = nodeId(node);
  return item;
}

function build(node: PoolNode): vscode.TreeItem {
  switch (node.type) {
    case "bucket":
      return bucketItem(node);
    case "problem":
      return problemItem(node.bucket);
    case "attempt":
      return attemptItem(node);
    case "more": {
      const item = new vscode.TreeItem("Load more…", None);
      item.iconPath = icon("chevron-down");
      item.command = { command: "errata.loadMore", title: "Load More", arguments: [node] };
      item.contextValue = "more";
      return item;
    }
  }
}

const BUCKET_ICONS = { level: "layers", kind: "tag", answer: "symbol-numeric", errorType: "bug" } as const;
const UNNAMED = {
  level: "No level",
  kind: "No kind",
  answer: "No answer was read",
  errorType: "No error type yet",
} as const;

function bucketItem({ grouping, bucket }: BucketNode): vscode.TreeItem {
  const text = grouping === "answer" ? mathToText(bucket.label) : latexToText(bucket.label);
  const label = grouping === "level" && /^\d+$/.test(text) ? `Level ${text}` : shorten(text, 80);
  const item = new vscode.TreeItem(label || UNNAMED[grouping], Collapsed);
  item.iconPath = icon(BUCKET_ICONS[grouping]);
  item.description = counts(bucket);
  item.contextValue = "bucket";
  return item;
}

function problemItem(bucket: PoolBucket): vscode.TreeItem {
  const item = new vscode.TreeItem(problemTitle(bucket.label), Collapsed);
  const passed = bucket.scored === undefined ? "" : `${bucket.correct ?? 0}/${bucket.scored} correct`;
  item.description = [passed, bucket.unreviewed === 0 ? "reviewed" : ""].filter(Boolean).join(" · ");
  item.iconPath =
    bucket.unreviewed === 0
      ? icon("pass", "testing.iconPassed")
      : icon("symbol-operator", "symbolIcon.operatorForeground");
  item.tooltip = `${latexToText(bucket.label)}\n${passed}; ${counts(bucket)}`;
  item.contextValue = "problem";
  return item;
}

function counts(bucket: PoolBucket): string {
  const of = count(bucket.attempts, "attempt");
  return bucket.unreviewed === 0
    ? `${of}, all reviewed`
    : bucket.unreviewed === bucket.attempts
      ? of
      : `${of}, ${bucket.unreviewed} to review`;
}

const VERDICTS: Readonly<Record<Verdict, { icon: string; color: string; words: string }>> = {
  correct: { icon: "pass", color: "testing.iconPassed", words: "correct" },
  incorrect: { icon: "error", color: "testing.iconFailed", words: "incorrect" },
  unscored: { icon: "question", color: "testing.iconUnset", words: "could not be scored" },
  truncated: { icon: "circle-slash", color: "testing.iconSkipped", words: "cut off at the token limit" },
};

function attemptItem({ attempt, reviewed, reflection, alike, parent }: AttemptNode): vscode.TreeItem {
  const verdict = VERDICTS[attempt.verdict];
  const answer =
    attempt.answer === null
      ? "no answer"
      : answerTitle(attempt.answer, parent.bucket.label) || "empty answer";
  const item = new vscode.TreeItem(answer, None);
  item.iconPath = icon(verdict.icon, verdict.color);
  item.description = [
    reviewed ? "✓ reviewed" : "",
    attempt.errorType ? latexToText(attempt.errorType) : "",
    attempt.verdict === "incorrect" || attempt.verdict === "correct" ? "" : verdict.words,
    reflection === undefined
      ? ""
      : reflection === "correct"
        ? "reflection fixes it"
        : "reflection does not fix it",
    alike > 1 ? `${alike} alike` : "",
  ]
    .filter(Boolean)
    .join(" · ");
  item.tooltip = `${verdict.words}: ${latexToText(attempt.reason)}\n${count(attempt.tokens, "token")}, sample ${attempt.sample + 1}, ${attempt.modelId}`;
  item.contextValue = reviewed ? "attempt.reviewed" : "attempt";
  item.command = { command: "errata.review", title: "Open Review", arguments: [{ attemptId: attempt.id }] };
  item.accessibilityInformation = { label: `${answer}, ${verdict.words}${reviewed ? ", reviewed" : ""}` };
  return item;
}
