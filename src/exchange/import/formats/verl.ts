/**
 * verl's rollouts (`trainer.rollout_data_dir`) and validation generations (`trainer.validation_data_dir`): one
 * `<step>.jsonl` a step. From verl/trainer/ppo/ray_trainer.py, `_dump_generations` and `_log_rollout_data`: `input` and
 * `output` are token ids decoded without special tokens, `gts` the ground truth (newer versions), `score` the summed
 * reward, `step`, and every key that the reward function returned beside its score (`acc`, `pred`, …); `uid` of a prompt
 * and `request_id` in newer versions.
 */
import { basename, dirname } from "node:path";
import { goldOf } from "../../../problems/answers.js";
import { derivedId } from "../../../problems/fields.js";
import { readJsonLines } from "../../../problems/json-lines.js";
import { plain } from "../../../problems/names.js";
import type { ForeignScore } from "../../../protocol/import.js";
import { START } from "../start.js";
import type { FieldMeaning, FileStart, ForeignRow, Format, ReadOptions } from "../types.js";
import { askedIn, isChat, lastUserTurn } from "./chat-text.js";
import { firstKeys } from "./first-line.js";
import { scoreOf } from "./rewards.js";

type Row = Record<string, unknown>;

/** Of what reward functions return beside their score: these judge the answer. */
const JUDGES =
  /^(?:acc|accuracy|correct|is_correct|correctness|exact_match|math_verify|.*_(?:acc|accuracy|correct))$/i;
const PREDICTION = ["pred", "prediction", "extracted_answer", "answer", "extracted"];
/** A file's rows that are looked at for its fields. */
const FIRST = 50;

export const VERL: Format = {
  id: "verl",
  title: "verl rollouts",
  reads: (start: FileStart) => {
    const keys = firstKeys(start);
    // The input is written first; an output may go on beyond the beginning of the file, and the score stands behind it.
    return (
      !!keys && ["input", "output"].every((name) => keys.has(name)) && (keys.has("score") || isCutOff(start))
    );
  },
  rows,
  fields,
};

const isCutOff = ({ bytes, text }: FileStart): boolean =>
  bytes.length >= START && !text.trimStart().includes("\n");

async function* rows(file: string, { signal, progress }: ReadOptions): AsyncGenerator<ForeignRow> {
  const run = runOf(file);
  const groups = new Groups();
  const onBytes = progress && ((read: number, of: number) => progress(read / of));
  for await (const { number, value, why } of readJsonLines(file, {
    ...(signal && { signal }),
    ...(onBytes && { onBytes }),
  })) {
    const place = `line ${number}`;
    if (value) yield rowOf(place, run, value, groups);
    else yield { kind: "skipped", place, why: `The line ${why}.` };
  }
}

function rowOf(place: string, run: string | undefined, row: Row, groups: Groups): ForeignRow {
  const skip = (why: string): ForeignRow => ({ kind: "skipped", place, why });
  const { input, output } = row;
  const asked = isChat(input) ? askedIn(input) : typeof input === "string" ? lastUserTurn(input) : undefined;
  if (asked === null) return skip("The prompt shows an image.");
  if (!asked) return skip('The row has no prompt ("input").');
  if (typeof output !== "string") return skip('The row has no solution ("output").');
  return {
    ...{ kind: "attempt", place, modelId: null, text: output },
    problem: { id: null, text: asked, gold: goldOfRow(row) ?? null },
    set: plain(row.data_source) ?? null,
    ...(run !== undefined && { run }),
    group: groups.of(asked, row),
    ...{ sample: null, finish: null, tokens: null },
    scores: scoresOf(row),
  };
}

/**
 * A step, and where newer versions tell prompts apart by `uid`: the same problem twice in a step is two groups. `uid` is
 * drawn anew at every step, so that it names no problem.
 */
class Groups {
  private readonly seen = new Map<string, string[]>();

  of(problem: string, { step, uid }: Row): string {
    const name = typeof step === "number" || typeof step === "string" ? `step ${step}` : "";
    if (typeof uid !== "string" && typeof uid !== "number") return name;
    const key = `${name} ${derivedId(problem)}`;
    const uids = this.seen.get(key) ?? [];
    if (uids.length === 0) this.seen.set(key, uids);
    if (!uids.includes(String(uid))) uids.push(String(uid));
    const turn = uids.indexOf(String(uid));
    return turn === 0 ? name : `${name} (${turn + 1})`.trim();
  }
}

/** One ground truth. Several are alternatives, of which no one stands for all: such a row has none of ours. */
function goldOfRow({ gts, ground_truth }: Row): string | undefined {
  const truth = gts ?? ground_truth;
  if (Array.isArray(truth)) return truth.length === 1 ? goldOf(truth[0]) : undefined;
  return goldOf(truth);
}

function scoresOf(row: Row): ForeignScore[] {
  const pred = PREDICTION.map((name) => row[name]).find(
    (value) => typeof value === "string" || typeof value === "number",
  );
  const answer = plain(pred);
  const found = Object.entries(row).filter(([name]) => JUDGES.test(name));
  // The sum of all rewards: with an accuracy beside it, what it is more than that (a penalty for length) is no verdict.
  const judged = found.length > 0 ? found : [["score", row.score] as const];
  return judged.map(([name, value]) => scoreOf(name, value, answer)).filter((score) => score !== undefined);
}

/** `5.jsonl` belongs to its folder, whatever the step; else the file stands for itself. */
function runOf(file: string): string | undefined {
  return /^\d+\.jsonl?$/.test(basename(file)) ? basename(dirname(file)) || undefined : undefined;
}

async function fields(file: string, { signal }: ReadOptions): Promise<FieldMeaning[]> {
  const names = new Set<string>();
  let left = FIRST;
  for await (const { value } of readJsonLines(file, { ...(signal && { signal }) })) {
    for (const name of Object.keys(value ?? {})) names.add(name);
    if (--left === 0) break;
  }
  const judges = [...names].filter((name) => JUDGES.test(name));
  const means = (name: string): string => {
    if (name === "input") return "problem (the last user turn)";
    if (name === "output") return "solution";
    if (name === "gts" || name === "ground_truth") return "gold answer";
    if (name === "step") return "training step, in which the outputs of an input are one group";
    if (name === "uid") return "mark of a group, where an input comes twice in a step";
    if (name === "data_source") return "problem set";
    if (judges.includes(name)) return `score of ${name}`;
    if (name === "score")
      return judges.length > 0 ? `not taken (${judges.join(", ")} judges the answer)` : "score";
    return PREDICTION.includes(name) ? "what the log's grader read as the answer" : "not taken";
  };
  return [...names].map((field) => ({ field, means: means(field) }));
}
