import type { ExportContext, ExportFormat, FormatEntry, RowMaker } from "../types.js";
import { dpo } from "./dpo.js";
import { graderTests } from "./grader-tests.js";
import { inspectScores } from "./inspect-scores.js";
import { kto } from "./kto.js";
import { labelStudio } from "./label-studio.js";
import { prm800k } from "./prm800k.js";
import { processbench } from "./processbench.js";
import { sft } from "./sft.js";
import { stepwise } from "./stepwise.js";

/** A format whose rows are JSON objects, one attempt after another. */
export interface RowFormat {
  make(context: ExportContext): RowMaker;
  /** One object a line, one array of all, or one object around them all (`RowMaker.document`). */
  layout: "lines" | "array" | "document";
  /** `column`: a column `errata`; `apart`: in a file beside it, where the format is fixed; `within`: the rows have it. */
  provenance: "column" | "apart" | "within";
  /** Wants a right attempt of the same group. */
  siblings?: true;
}

export const ROW_FORMATS: Partial<Record<ExportFormat, RowFormat>> = {
  sft: { make: sft, layout: "lines", provenance: "column" },
  dpo: { make: dpo, layout: "lines", provenance: "column", siblings: true },
  kto: { make: kto, layout: "lines", provenance: "column" },
  stepwise: { make: stepwise, layout: "lines", provenance: "column" },
  processbench: { make: processbench, layout: "lines", provenance: "apart" },
  prm800k: { make: prm800k, layout: "lines", provenance: "apart" },
  "label-studio": { make: labelStudio, layout: "array", provenance: "within" },
  "grader-tests": { make: graderTests, layout: "lines", provenance: "column" },
  "inspect-scores": { make: inspectScores, layout: "document", provenance: "within" },
};

const ALL = { scope: "all" } as const;

export const FORMATS: readonly FormatEntry[] = [
  {
    ...{ id: "sft", title: "SFT (TRL)", ending: "jsonl", selection: ALL, renders: true },
    description: "Prompt and completion: right attempts, and corrections that a person accepted or wrote",
  },
  {
    ...{ id: "dpo", title: "DPO (TRL)", ending: "jsonl", selection: ALL, renders: true },
    description: "Pairs: a person's correction or a right sibling, against the failed attempt",
  },
  {
    ...{ id: "kto", title: "KTO (TRL)", ending: "jsonl", selection: ALL, renders: true },
    description: "Attempts and corrections, each wanted or not",
  },
  {
    ...{
      id: "stepwise",
      title: "Stepwise supervision (TRL)",
      ending: "jsonl",
      selection: ALL,
      renders: false,
    },
    description: "Steps up to the first wrong one that a person named, each right or wrong",
  },
  {
    ...{ id: "processbench", title: "ProcessBench", ending: "jsonl", selection: ALL, renders: false },
    description: "Steps with the index of the first wrong one, or -1",
  },
  {
    ...{ id: "prm800k", title: "PRM800K", ending: "jsonl", selection: ALL, renders: false },
    description: "Labeled steps with labeler and time, as in PRM800K's repository",
  },
  {
    ...{ id: "label-studio", title: "Label Studio", ending: "json", selection: ALL, renders: false },
    description:
      "Tasks with everybody's annotations and the machines' predictions, and a labelling configuration",
  },
  {
    ...{ id: "grader-tests", title: "Grader tests", ending: "jsonl", selection: ALL, renders: false },
    description: "Attempts whose verdict a person gave, with every grader's: `errata grade` takes the file",
  },
  {
    ...{ id: "inspect-scores", title: "Inspect scores", ending: "json", selection: ALL, renders: false },
    description: "An Inspect log of the attempts that people graded, with a score of each person's",
  },
  {
    ...{
      id: "jsonl",
      title: "Errata (JSON lines)",
      ending: "jsonl",
      selection: "everything",
      renders: false,
    },
    description: "Everything, with all histories: another workspace imports it as the same pool",
  },
  {
    ...{ id: "parquet", title: "Parquet", ending: "parquet", selection: ALL, renders: false },
    description: "One row an attempt, with who said what and when: for pandas, DuckDB, datasets",
  },
];

export function formatOf(id: ExportFormat): FormatEntry {
  const found = FORMATS.find((format) => format.id === id);
  if (!found) throw new RangeError(`${id} is no export format`);
  return found;
}
