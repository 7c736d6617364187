import type {
  Annotation,
  AnnotationTarget,
  AnnotationValue,
  Attempt,
  ErrorTypeSource,
  Finish,
  Generation,
  Grade,
  Reflection,
  Verdict,
} from "../protocol/types.js";
import type { Row } from "./sqlite.js";
import type { StoredProblem } from "./types.js";

/** Columns of an Attempt, over the tables of `ATTEMPT_TABLES`. */
export const ATTEMPT_COLUMNS = `a.id, a.problem_id, a.group_id, a.sample, s.model_id, t.text, a.finish, a.tokens,
  a.verdict, a.answer, a.span_start, a.span_end, a.reason, a.in_pool, a.error_type, a.error_type_source, a.created_at`;
/**
 * An attempt with its group, sampling, problem and generation. LEFT, though none is ever missing: SQLite leaves out a
 * LEFT JOIN that nothing asks for.
 */
export const ATTEMPT_TABLES = `attempts a LEFT JOIN groups g ON g.id = a.group_id
  LEFT JOIN samplings s ON s.id = g.sampling_id LEFT JOIN problems p ON p.id = a.problem_id
  LEFT JOIN generations t ON t.attempt_id = a.id`;

const text = (value: unknown): string => String(value);
const maybe = (value: unknown): string | null => (value === null ? null : String(value));

/**
 * `truncated`: the token limit came before an answer did, or within it ("x = 1" of "x = 12": nothing after the answer
 * shows that it was complete). Otherwise the grader's word. For a reflection, `text` is its corrected solution.
 */
export function verdictOf(finish: Finish, text: string, grade: Grade): Verdict {
  if (finish === "stop") return grade.verdict;
  const rest = grade.span ? text.slice(grade.span[1]) : "";
  return grade.answer === null || /^[\s$.]*$/.test(rest) ? "truncated" : grade.verdict;
}

export function toAttempt(row: Row): Attempt {
  return {
    id: Number(row.id),
    problemId: Number(row.problem_id),
    groupId: Number(row.group_id),
    sample: Number(row.sample),
    modelId: text(row.model_id),
    text: text(row.text),
    finish: row.finish as Finish,
    tokens: Number(row.tokens),
    verdict: row.verdict as Verdict,
    answer: maybe(row.answer),
    answerSpan: row.span_start === null ? null : [Number(row.span_start), Number(row.span_end)],
    reason: text(row.reason),
    inPool: row.in_pool === 1,
    errorType: maybe(row.error_type),
    errorTypeSource: row.error_type_source as ErrorTypeSource | null,
    createdAt: text(row.created_at),
  };
}

export function toProblem(row: Row): StoredProblem {
  return {
    rowId: Number(row.id),
    set: text(row.set_name),
    id: text(row.external_id),
    problem: text(row.problem),
    gold: text(row.gold),
    ...(row.level === null ? {} : { level: text(row.level) }),
    ...(row.kind === null ? {} : { kind: text(row.kind) }),
    ...(row.topic === null ? {} : { topic: text(row.topic) }),
  };
}

export function toReflection(row: Row): Reflection {
  return {
    id: Number(row.id),
    attemptId: Number(row.attempt_id),
    modelId: text(row.model_id),
    sample: Number(row.sample),
    text: text(row.text),
    analysis: text(row.analysis),
    correctedSolution: text(row.corrected),
    parsed: row.parsed === 1,
    verdict: row.verdict as Verdict,
    answer: maybe(row.answer),
    reason: text(row.reason),
    createdAt: text(row.created_at),
  };
}

export function toAnnotation(row: Row): Annotation {
  const value = row.value === null ? null : JSON.parse(text(row.value));
  const said = hasAxis(row.kind) ? { kind: row.kind, axis: row.axis, value } : { kind: row.kind, value };
  return {
    id: Number(row.id),
    target: row.target as AnnotationTarget,
    targetId: Number(row.target_id),
    who: text(row.who),
    at: text(row.at),
    value: said as AnnotationValue,
    pass: row.pass === 2 ? 2 : 1,
  };
}

/** Kinds of which several stand beside each other: a rating on each axis, labels. */
export function hasAxis(kind: unknown): kind is "rating" | "label" {
  return kind === "rating" || kind === "label";
}

/** Of a word on one of several axes; "" of any other. */
export const axisOf = (value: AnnotationValue): string =>
  hasAxis(value.kind) ? (value as { axis: string }).axis : "";

/** Tokens of a generation, also where a server tells no more than their number. */
export function sizeOf({ tokens, tokenIds }: Generation): number {
  return tokens ?? tokenIds.length;
}

/** Token ids as little-endian Int32 and log-probabilities as little-endian Float32 (every platform we ship for). */
export function packTokens(generation: Generation): [ids: Buffer, logprobs: Buffer] {
  return [
    Buffer.from(Int32Array.from(generation.tokenIds).buffer),
    Buffer.from(Float32Array.from(generation.logprobs).buffer),
  ];
}

export function unpackTokens(row: Row): { tokenIds: number[]; logprobs: number[] } {
  // Copied: a Buffer of the driver's may begin at an offset that typed arrays refuse.
  const bytes = (value: unknown): ArrayBuffer => new Uint8Array(value as Buffer).buffer;
  return {
    tokenIds: [...new Int32Array(bytes(row.ids))],
    logprobs: [...new Float32Array(bytes(row.logprobs))],
  };
}
