import type { ExportedAttempt } from "../pool/export.js";
import type { Provenance } from "./types.js";
import type { Correction, Ruling } from "./words.js";

/** The grader's name beside people's. */
const GRADER = "grader";

/** Said by a person. @param model whose text it is; by default the attempt's */
export function saidBy(
  record: ExportedAttempt,
  { who, at }: { who: string; at: string },
  model: string | null = record.attempt.modelId,
  reflection: number | null = null,
): Provenance {
  const { attempt, sampling } = record;
  return { attempt: attempt.id, who, at, kind: "person", model, sampling: sampling.key, reflection };
}

/** Of a verdict: a person's, or the grader's. */
export function ruledBy(record: ExportedAttempt, { by }: Ruling): Provenance {
  if (by) return saidBy(record, by);
  const { attempt, sampling } = record;
  return {
    ...{ attempt: attempt.id, who: GRADER, at: attempt.createdAt, kind: "machine" },
    ...{ model: attempt.modelId, sampling: sampling.key, reflection: null },
  };
}

export function correctedBy(record: ExportedAttempt, { by, how, reflection }: Correction): Provenance {
  const model = how === "accepted" ? (reflection?.modelId ?? null) : null;
  return saidBy(record, by, model, reflection?.id ?? null);
}
