import type { ImportPreview, ImportState } from "../../src/protocol/import.js";

/** What the Import page is shown in tests. § stands for any text from outside. */
const T = "§";

const preview: ImportPreview = {
  file: `/w/samples_${T}.jsonl`,
  format: "lm-eval",
  title: "lm-evaluation-harness samples",
  bytes: 48_200_000,
  complete: true,
  problems: 1319,
  attempts: 10_552,
  groups: 1319,
  largestGroup: 8,
  models: [
    { model: T, attempts: 10_000 },
    { model: "", attempts: 552 },
  ],
  scores: [{ name: T, right: 7100, wrong: 3440, other: 12 }],
  withoutGold: 12,
  fields: [
    { field: T, means: "problem", example: T },
    { field: "target", means: T, example: T },
    { field: "resps[i][j]", means: "solutions, repeated", example: "" },
    { field: T, means: "not taken", example: T },
  ],
  skipped: [
    { why: T, count: 34, places: [T, "line 98"] },
    { why: "the same document under another filter", count: 10_552, places: [] },
  ],
  first: [
    { problem: T, gold: T, text: T, model: T, scores: T },
    { problem: T, gold: null, text: "", model: "", scores: "" },
  ],
  mapping: null,
  notes: [{ why: T, count: 2, places: [T, ""] }],
  trouble: null,
  stored: null,
};

/** A plain file, whose columns a person has to name. */
const plain: ImportPreview = {
  ...preview,
  ...{ format: "plain", title: "JSON lines", models: [{ model: "", attempts: 10_552 }], scores: [] },
  mapping: {
    columns: [T, "prompt", "completion", "answer", "passed"],
    chosen: { problem: "prompt", text: T, gold: "answer" },
  },
  fields: [
    { field: T, means: "solution", example: T },
    { field: "prompt", means: "problem", example: T },
  ],
};

export const importState = (more: Partial<ImportState> = {}): ImportState => ({
  file: preview.file,
  busy: false,
  preview,
  names: { set: T, model: "" },
  companion: null,
  problems: null,
  ...{ progress: null, ended: null, trouble: null, readOnly: null },
  ...more,
});

const of = (more: Partial<ImportPreview>, from = preview): Partial<ImportState> => ({
  preview: { ...from, ...more },
});

export const IMPORT_STATES: readonly { name: string; state: ImportState }[] = [
  { name: "a known format", state: importState() },
  { name: "columns to be named", state: importState(of({}, plain)) },
  {
    name: "a column is missing",
    state: importState(
      of(
        {
          trouble: T,
          mapping: { columns: [T], chosen: {} },
          ...{ first: [], problems: 0, attempts: 0, groups: 0, largestGroup: 0 },
        },
        plain,
      ),
    ),
  },
  {
    name: "requests are missing",
    state: importState({ preview: null, trouble: { message: T, advice: T, code: "needs-requests" } }),
  },
  { name: "a batch with its requests", state: importState({ companion: `/w/${T}`, problems: `/w/${T}` }) },
  { name: "being counted", state: importState({ busy: true, ...of({ complete: false }) }) },
  { name: "being read", state: importState({ busy: true, preview: null }) },
  { name: "a part is stored", state: importState(of({ stored: { attempts: 4000, complete: false } })) },
  { name: "stored already", state: importState(of({ stored: { attempts: 10_552, complete: true } })) },
  {
    name: "being imported",
    state: importState({ progress: { done: 4320, total: 10_552, stage: T, secondsLeft: 21 } }),
  },
  {
    name: "beginning to be imported",
    state: importState({ progress: { done: 0, total: null, stage: T } }),
  },
  { name: "imported", state: importState({ ended: { words: T, ok: true } }) },
  { name: "cancelled", state: importState({ ended: { words: T, ok: false } }) },
  { name: "unreadable", state: importState({ preview: null, trouble: { message: T, advice: T } }) },
  { name: "read-only", state: importState({ readOnly: "This workspace is in Restricted Mode." }) },
  {
    name: "an export of our own",
    state: importState(
      of({ format: "errata", title: "Errata export", attempts: 0, problems: 0, withoutGold: 0 }),
    ),
  },
];

const DUCKS =
  "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg. How much in dollars does she make every day at the farmers' market?";
const WROTE =
  "Janet eats $3$ eggs and bakes with $4$, so she uses $3+4=7$ eggs a day.\nShe has $16-7=9$ eggs left.\nAt \\$2 each she makes $9\\times 2=\\frac{36}{2}=18$ dollars.\n#### 18";

/** A log as it is: GSM8K by lm-evaluation-harness. */
export const LOG: ImportPreview = {
  ...preview,
  file: "/w/logs/samples_gsm8k_2025-03-01T10-12-44.jsonl",
  models: [{ model: "Qwen/Qwen2.5-0.5B-Instruct", attempts: 10_552 }],
  scores: [
    { name: "exact_match, strict-match", right: 3120, wrong: 7432, other: 0 },
    { name: "exact_match, flexible-extract", right: 3588, wrong: 6964, other: 0 },
  ],
  withoutGold: 0,
  notes: [
    {
      why: "The solution is empty: it has no answer to be graded.",
      count: 3,
      places: ["line 12", "line 480"],
    },
  ],
  fields: [
    { field: "doc.question", means: "problem", example: DUCKS },
    { field: "target", means: "gold answer", example: "… #### 18" },
    { field: "resps[i][j]", means: "solution, one for each repeat", example: WROTE },
    { field: "filter", means: "which of the scores", example: "strict-match" },
    { field: "exact_match", means: "its own score", example: "1.0" },
    { field: "doc_id", means: "problem’s id", example: "0" },
    { field: "doc_hash", means: "not taken", example: "1b2c" },
  ],
  skipped: [
    {
      why: "the same attempt under another filter",
      count: 10_552,
      places: ["line 1320", "line 1321", "line 1322"],
    },
    { why: "The solution is no text.", count: 3, places: ["line 12", "line 480", "line 1007"] },
  ],
  first: [
    {
      problem: DUCKS,
      ...{ gold: "18", text: WROTE, model: "Qwen/Qwen2.5-0.5B-Instruct" },
      scores: "strict-match right · flexible-extract right",
    },
    {
      problem:
        "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total does it take?",
      ...{ gold: "3", text: "It takes $2/2=1$ bolt of white fiber.\n$2+1=3$\n#### 3" },
      ...{ model: "Qwen/Qwen2.5-0.5B-Instruct", scores: "strict-match right · flexible-extract right" },
    },
  ],
};

/** A file of somebody's own, as it is. */
export const OWN: ImportPreview = {
  ...LOG,
  ...{
    file: "/w/rollouts.csv",
    format: "csv",
    title: "CSV",
    bytes: 3_410_000,
    scores: [],
    skipped: [],
    notes: [],
  },
  ...{ problems: 400, attempts: 3200, groups: 400, models: [{ model: "rollouts", attempts: 3200 }] },
  mapping: {
    columns: ["question", "response", "ref", "reward", "step", "split"],
    chosen: { problem: "question", text: "response", gold: "ref", score: "reward" },
  },
  fields: [
    { field: "question", means: "problem", example: DUCKS },
    { field: "response", means: "solution", example: WROTE },
    { field: "ref", means: "gold answer", example: "18" },
    { field: "reward", means: "its own score", example: "1" },
  ],
};
