import type { RecordKind, Records } from "../pool/records.js";
import { VERDICTS } from "../protocol/types.js";

/** Of the first line: what the file is. A newer one may hold what we do not understand. */
export const HEAD = "errata-pool";
export const VERSION = 2;
/** Of which every version is read: 1 had no opinions. */
export const OLDEST = 1;

export interface Head {
  type: "head";
  format: typeof HEAD;
  version: number;
  exportedAt: string;
  /** "everything", or which attempts. */
  selection: unknown;
  /** Lines of each type that follow. */
  counts: Partial<Record<RecordKind, number>>;
}

/** Log-probabilities as JSON: the shortest decimal that is the same 32-bit float, and by name what JSON cannot say. */
export function packFloat(value: number): number | string {
  if (!Number.isFinite(value) || Object.is(value, -0)) return Object.is(value, -0) ? "-0" : String(value);
  for (const digits of [7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** A row of the pool as a line; JSON within it is no text within text. */
export function toLine<K extends RecordKind>(kind: K, record: Records[K]): string {
  const row: Record<string, unknown> = { type: kind, ...record };
  if ("logprobs" in record) row.logprobs = record.logprobs.map(packFloat);
  for (const name of ["options", "query", ...(kind === "annotation" ? ["value"] : [])]) {
    if (typeof row[name] === "string") row[name] = JSON.parse(row[name]);
  }
  // A turn and an annotation have kinds of their own; the line's is its type.
  return JSON.stringify(row);
}

type Check = (value: unknown) => boolean;
const text: Check = (v) => typeof v === "string";
const whole: Check = (v) => Number.isSafeInteger(v);
const count: Check = (v) => whole(v) && (v as number) >= 0;
const truth: Check = (v) => typeof v === "boolean";
const object: Check = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
/** Moments are compared as texts: all of one form. */
const date: Check = (v) => typeof v === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(v);
const oneOf =
  (...values: unknown[]): Check =>
  (v) =>
    values.includes(v);
const orNull =
  (check: Check): Check =>
  (v) =>
    v === null || check(v);
const all =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every(check);
const span: Check = (v) => Array.isArray(v) && v.length === 2 && v.every(count) && v[0] <= v[1];
const float: Check = (v) => typeof v === "number" || oneOf("-0", "NaN", "Infinity", "-Infinity")(v);
const token: Check = (v) => whole(v) && Math.abs(v as number) < 2 ** 31;
const verdict = oneOf(...VERDICTS);
const finish = oneOf("stop", "length");

/** Of each type, what its fields must be. */
const SHAPES: Record<RecordKind, Record<string, Check>> = {
  problem: {
    ...{ ref: whole, set: text, id: text, problem: text, gold: text },
    ...{ level: orNull(text), kind: orNull(text), topic: orNull(text) },
  },
  sampling: {
    ...{ ref: whole, key: text, modelId: text, purpose: oneOf("sample", "evaluation", "retry") },
    ...{ group: (v) => count(v) && v !== 0, options: object, prompt: text, createdAt: date },
  },
  sitting: {
    ...{ ref: whole, who: text, beganAt: date, order: oneOf("stored", "random", "uncertain", "disputes") },
    ...{ seed: whole, query: object, blind: truth },
  },
  group: { ref: whole, sampling: whole, problem: whole },
  attempt: {
    ...{ ref: whole, group: whole, sample: count, text, graded: verdict, answer: orNull(text) },
    ...{ span: orNull(span), reason: text, finish, tokens: count, errorType: orNull(text) },
    ...{ errorTypeSource: orNull(oneOf("generator", "machine")), createdAt: date },
    ...{ ids: all(token), logprobs: all(float) },
  },
  reflection: {
    ...{ ref: whole, attempt: whole, modelId: text, settings: text, sample: count, text, analysis: text },
    ...{ corrected: text, parsed: truth, verdict, answer: orNull(text), reason: text, finish },
    ...{ tokens: count, createdAt: date, ids: all(token), logprobs: all(float) },
  },
  turn: {
    ...{ attempt: whole, kind: text, modelId: text, settings: text, sample: count, text },
    ...{
      verdict: orNull(verdict),
      answer: orNull(text),
      reason: text,
      finish,
      tokens: count,
      createdAt: date,
    },
  },
  cut: { attempt: whole, hash: text, spans: all(span) },
  opinion: {
    ...{ attempt: whole, grader: text, version: text, answer: orNull(text), span: orNull(span) },
    ...{ verdict: oneOf("correct", "incorrect", "unscored"), reason: text, at: date },
  },
  annotation: {
    ...{ ref: whole, target: oneOf("attempt", "reflection", "problem"), of: whole, who: text, at: date },
    ...{ kind: text, axis: text, value: () => true, pass: oneOf(1, 2), sitting: orNull(whole) },
    ...{ seconds: orNull((v) => typeof v === "number" && v >= 0), nth: count },
  },
  adjudication: { annotation: whole, word: whole },
};

/** What an annotation of a kind may say; null takes back and is always allowed. */
const WORDS: Record<string, Check> = {
  rating: oneOf(1, 2, 3, 4, 5),
  decision: oneOf("accepted", "rejected"),
  correction: text,
  note: text,
  firstWrongStep: count,
  verdict: oneOf("correct", "incorrect", "unscored"),
  flag: truth,
  badProblem: truth,
  errorType: text,
  label: truth,
};

/** A line as a row of the pool, or one sentence about what is wrong with it. */
export function fromLine(kind: RecordKind, line: Record<string, unknown>): Records[RecordKind] | string {
  const row: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(SHAPES[kind])) {
    if (!Object.hasOwn(line, name)) return `lacks "${name}"`;
    if (!check(line[name])) return `has a "${name}" that cannot be`;
    row[name] = line[name];
  }
  if (kind === "annotation") {
    const allowed = Object.hasOwn(WORDS, String(row.kind)) ? WORDS[String(row.kind)] : undefined;
    if (!allowed) return `has a "kind" that is not known`;
    if (row.value !== null && !allowed(row.value)) return `has a "value" that cannot be`;
    row.value = row.value === null ? null : JSON.stringify(row.value);
  }
  for (const name of ["options", "query"]) if (name in row) row[name] = JSON.stringify(row[name]);
  if (Array.isArray(row.logprobs)) row.logprobs = row.logprobs.map(Number);
  return row as unknown as Records[RecordKind];
}

export function isRecordKind(type: unknown): type is RecordKind {
  return typeof type === "string" && Object.hasOwn(SHAPES, type);
}
