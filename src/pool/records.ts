import type { AnnotationTarget, ErrorTypeSource, Finish, Verdict } from "../protocol/types.js";
import type { ExportReader } from "./export.js";
import { unpackTokens } from "./rows.js";
import type { Row } from "./sqlite.js";
import type { SamplingPurpose } from "./types.js";

/**
 * The rows of a pool as they travel between pools. `ref` is the row's number where it came from; the other rows of the
 * same source name it by that. What triggers keep (tallies, standing words) does not travel: it follows from these.
 */
export interface Records {
  problem: {
    ref: number;
    set: string;
    id: string;
    problem: string;
    gold: string;
    level: string | null;
    kind: string | null;
    topic: string | null;
  };
  sampling: {
    ref: number;
    /** Hash of what determines the sampling. */
    key: string;
    modelId: string;
    purpose: SamplingPurpose;
    group: number;
    /** JSON, as stored: the key was made of this very text. */
    options: string;
    prompt: string;
    createdAt: string;
  };
  sitting: {
    ref: number;
    who: string;
    beganAt: string;
    order: "stored" | "random" | "uncertain" | "disputes";
    seed: number;
    /** JSON, as stored. */
    query: string;
    blind: boolean;
  };
  group: { ref: number; sampling: number; problem: number };
  attempt: {
    ref: number;
    group: number;
    sample: number;
    text: string;
    /** The grader's verdict; what people said follows from annotations. */
    graded: Verdict;
    answer: string | null;
    span: [number, number] | null;
    reason: string;
    finish: Finish;
    tokens: number;
    /** A generator's or a machine's. */
    errorType: string | null;
    errorTypeSource: Exclude<ErrorTypeSource, "person"> | null;
    createdAt: string;
    ids: number[];
    logprobs: number[];
  };
  reflection: {
    ref: number;
    attempt: number;
    modelId: string;
    settings: string;
    sample: number;
    text: string;
    analysis: string;
    corrected: string;
    parsed: boolean;
    verdict: Verdict;
    answer: string | null;
    reason: string;
    finish: Finish;
    tokens: number;
    createdAt: string;
    ids: number[];
    logprobs: number[];
  };
  turn: {
    attempt: number;
    kind: string;
    modelId: string;
    settings: string;
    sample: number;
    text: string;
    verdict: Verdict | null;
    answer: string | null;
    reason: string;
    finish: Finish;
    tokens: number;
    createdAt: string;
  };
  cut: { attempt: number; hash: string; spans: [number, number][] };
  /** What another grader said; which of its words stands follows from when. */
  opinion: {
    attempt: number;
    grader: string;
    version: string;
    verdict: Exclude<Verdict, "truncated">;
    answer: string | null;
    span: [number, number] | null;
    reason: string;
    at: string;
  };
  annotation: {
    ref: number;
    target: AnnotationTarget;
    /** The attempt, reflection or problem. */
    of: number;
    who: string;
    at: string;
    kind: string;
    axis: string;
    /** JSON, as stored; null takes an earlier word back. */
    value: string | null;
    pass: 1 | 2;
    sitting: number | null;
    seconds: number | null;
    /** How often the very same was said before at the same moment: tells a repetition from a copy. */
    nth: number;
  };
  /** A word between which an adjudicated one decided. */
  adjudication: { annotation: number; word: number };
}
export type RecordKind = keyof Records;

/** In this order everything that a row names comes before it. */
export const RECORD_KINDS = [
  "problem",
  "sampling",
  "sitting",
  "group",
  "attempt",
  "reflection",
  "turn",
  "cut",
  "opinion",
  "annotation",
  "adjudication",
] as const satisfies readonly RecordKind[];

/** Rows of one read, where they are short and where they are long. */
const SHORT = 2000;
const LONG = 100;

type Row2Record = { [K in RecordKind]: (row: Row) => Records[K] };

const num = (value: unknown): number => Number(value);
const str = (value: unknown): string => String(value);
const maybe = (value: unknown): string | null => (value === null ? null : String(value));

function tokens(row: Row): { ids: number[]; logprobs: number[] } {
  // A reflection that a very old Errata stored may have none.
  if (row.ids === null) return { ids: [], logprobs: [] };
  const { tokenIds, logprobs } = unpackTokens(row);
  return { ids: tokenIds, logprobs };
}

const READ: Row2Record = {
  problem: (row) => ({
    ...{ ref: num(row.id), set: str(row.set_name), id: str(row.external_id), problem: str(row.problem) },
    ...{ gold: str(row.gold), level: maybe(row.level), kind: maybe(row.kind), topic: maybe(row.topic) },
  }),
  sampling: (row) => ({
    ...{ ref: num(row.id), key: str(row.key_hash), modelId: str(row.model_id) },
    ...{ purpose: row.purpose as SamplingPurpose, group: num(row.group_size), options: str(row.options) },
    ...{ prompt: str(row.prompt), createdAt: str(row.created_at) },
  }),
  sitting: (row) => ({
    ...{ ref: num(row.id), who: str(row.who), beganAt: str(row.began_at) },
    ...{ order: row.ordering as Records["sitting"]["order"], seed: num(row.seed), query: str(row.query) },
    blind: row.blind === 1,
  }),
  group: (row) => ({ ref: num(row.id), sampling: num(row.sampling_id), problem: num(row.problem_id) }),
  attempt: (row) => ({
    ...{ ref: num(row.id), group: num(row.group_id), sample: num(row.sample), text: str(row.text) },
    ...{ graded: row.graded as Verdict, answer: maybe(row.answer) },
    span: row.span_start === null ? null : [num(row.span_start), num(row.span_end)],
    ...{ reason: str(row.reason), finish: row.finish as Finish, tokens: num(row.tokens) },
    errorType: maybe(row.labelled),
    errorTypeSource: row.labelled_by as Records["attempt"]["errorTypeSource"],
    ...{ createdAt: str(row.created_at), ...tokens(row) },
  }),
  reflection: (row) => ({
    ...{ ref: num(row.id), attempt: num(row.attempt_id), modelId: str(row.model_id) },
    ...{ settings: str(row.settings), sample: num(row.sample), text: str(row.text) },
    ...{ analysis: str(row.analysis), corrected: str(row.corrected), parsed: row.parsed === 1 },
    ...{ verdict: row.verdict as Verdict, answer: maybe(row.answer), reason: str(row.reason) },
    ...{ finish: row.finish as Finish, tokens: num(row.tokens), createdAt: str(row.created_at) },
    ...tokens(row),
  }),
  turn: (row) => ({
    ...{ attempt: num(row.attempt_id), kind: str(row.kind), modelId: str(row.model_id) },
    ...{ settings: str(row.settings), sample: num(row.sample), text: str(row.text) },
    ...{ verdict: row.verdict as Verdict | null, answer: maybe(row.answer), reason: str(row.reason) },
    ...{ finish: row.finish as Finish, tokens: num(row.tokens), createdAt: str(row.created_at) },
  }),
  cut: (row) => ({
    ...{ attempt: num(row.attempt_id), hash: str(row.hash) },
    spans: JSON.parse(str(row.spans)),
  }),
  opinion: (row) => ({
    ...{ attempt: num(row.attempt_id), grader: str(row.grader), version: str(row.version) },
    ...{ verdict: row.verdict as Records["opinion"]["verdict"], answer: maybe(row.answer) },
    span: row.span_start === null ? null : [num(row.span_start), num(row.span_end)],
    ...{ reason: str(row.reason), at: str(row.at) },
  }),
  annotation: (row) => ({
    ...{ ref: num(row.id), target: row.target as AnnotationTarget, of: num(row.target_id) },
    ...{ who: str(row.who), at: str(row.at), kind: str(row.kind), axis: str(row.axis) },
    ...{ value: maybe(row.value), pass: row.pass === 2 ? 2 : 1 },
    sitting: row.sitting_id === null ? null : num(row.sitting_id),
    seconds: row.seconds === null ? null : num(row.seconds),
    nth: num(row.nth),
  }),
  adjudication: (row) => ({ annotation: num(row.annotation_id), word: num(row.word_id) }),
};

/** Of each kind: where it is read, what a selection keeps of it, and the number that it is paged by. */
interface Source {
  columns: string;
  from: string;
  key: string;
  some: string;
  limit: number;
}
const OF_ATTEMPT = "x.attempt_id IN (SELECT id FROM picked)";
const PICKED_WORD = (n: string): string => `CASE ${n}.target
      WHEN 'attempt' THEN ${n}.target_id IN (SELECT id FROM picked)
      WHEN 'reflection' THEN (SELECT attempt_id FROM reflections WHERE id = ${n}.target_id) IN (SELECT id FROM picked)
      ELSE ${n}.target_id IN (SELECT problem_id FROM attempts WHERE id IN (SELECT id FROM picked)) END`;
const SOURCES: Record<RecordKind, Source> = {
  problem: {
    ...{ columns: "x.*", from: "problems x", key: "x.id", limit: SHORT },
    some: "x.id IN (SELECT problem_id FROM attempts WHERE id IN (SELECT id FROM picked))",
  },
  sampling: {
    ...{ columns: "x.*", from: "samplings x", key: "x.id", limit: LONG },
    some: `x.id IN (SELECT sampling_id FROM groups
      WHERE id IN (SELECT group_id FROM attempts WHERE id IN (SELECT id FROM picked)))`,
  },
  // A sitting is who read and in which order, nothing of the attempts: all of them travel.
  sitting: { columns: "x.*", from: "sittings x", key: "x.id", limit: SHORT, some: "1" },
  group: {
    ...{ columns: "x.*", from: "groups x", key: "x.id", limit: SHORT },
    some: "x.id IN (SELECT group_id FROM attempts WHERE id IN (SELECT id FROM picked))",
  },
  attempt: {
    ...{ columns: "x.*, t.text, t.ids, t.logprobs", key: "x.id", limit: LONG },
    from: "attempts x JOIN generations t ON t.attempt_id = x.id",
    some: "x.id IN (SELECT id FROM picked)",
  },
  reflection: {
    ...{ columns: "x.*, t.ids, t.logprobs", key: "x.id", limit: LONG, some: OF_ATTEMPT },
    from: "reflections x LEFT JOIN reflection_tokens t ON t.reflection_id = x.id",
  },
  turn: { columns: "x.*", from: "turns x", key: "x.id", limit: LONG, some: OF_ATTEMPT },
  cut: { columns: "x.*", from: "cuts x", key: "x.attempt_id", limit: SHORT, some: OF_ATTEMPT },
  opinion: { columns: "x.*", from: "opinions x", key: "x.id", limit: SHORT, some: OF_ATTEMPT },
  annotation: {
    columns: `x.*, (SELECT count(*) FROM annotations e WHERE e.target = x.target AND e.target_id = x.target_id
      AND e.id < x.id AND e.who = x.who AND e.at = x.at AND e.kind = x.kind AND e.axis = x.axis
      AND e.value IS x.value AND e.pass = x.pass) AS nth`,
    ...{ from: "annotations x", key: "x.id", limit: SHORT },
    some: PICKED_WORD("x"),
  },
  adjudication: {
    ...{ columns: "x.*", from: "adjudications x", limit: SHORT },
    // Of two numbers: none of them is unique alone.
    key: "x.annotation_id * 4294967296 + x.word_id",
    some: `EXISTS (SELECT 1 FROM annotations n WHERE n.id = x.annotation_id AND ${PICKED_WORD("n")})
      AND EXISTS (SELECT 1 FROM annotations n WHERE n.id = x.word_id AND ${PICKED_WORD("n")})`,
  },
};

/** All rows of a kind that belong to the reader's selection, in the order in which they were stored. */
export async function* readRecords<K extends RecordKind>(
  reader: ExportReader,
  kind: K,
): AsyncGenerator<Records[K][]> {
  const { columns, from, key, some, limit } = SOURCES[kind];
  const where = reader.selection === "everything" ? "1" : some;
  for (let after = 0; ; ) {
    const rows = await reader.db.all(
      `SELECT ${columns}, ${key} AS place FROM ${from} WHERE ${key} > ? AND ${where} ORDER BY ${key} LIMIT ${limit}`,
      after,
    );
    if (rows.length === 0) return;
    yield rows.map((row) => READ[kind](row));
    after = Number(rows.at(-1)?.place);
  }
}

export async function countRecords(reader: ExportReader, kind: RecordKind): Promise<number> {
  const { from, some } = SOURCES[kind];
  const where = reader.selection === "everything" ? "1" : some;
  return Number((await reader.db.get(`SELECT count(*) AS n FROM ${from} WHERE ${where}`))?.n);
}
