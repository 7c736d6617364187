import type { AttemptQuery } from "../pool/types.js";
import { VERDICTS, type Verdict } from "../protocol/types.js";
import { DISPUTE_KINDS, type DisputeKind } from "../protocol/verdicts.js";
import { number, UsageError } from "./arguments.js";

/** Options that select attempts. */
export const SELECTION = {
  scope: { type: "string" },
  attempts: { type: "string" },
  text: { type: "string" },
  level: { type: "string" },
  kind: { type: "string" },
  "error-type": { type: "string" },
  label: { type: "string" },
  model: { type: "string" },
  verdict: { type: "string" },
  dispute: { type: "string" },
  reviewed: { type: "boolean" },
} as const;

type Values = {
  [K in keyof typeof SELECTION]?: (typeof SELECTION)[K]["type"] extends "boolean" ? boolean : string;
};

const KNOWN: readonly string[] = VERDICTS;

/** What the options select; undefined where none of them is given. */
export function queryOf(values: Values): AttemptQuery | undefined {
  const { scope, text, level, kind, label, model, reviewed, dispute } = values;
  if (scope !== undefined && scope !== "pool" && scope !== "all") {
    throw new UsageError(`--scope is "${scope}"; it must be pool or all.`);
  }
  if (dispute !== undefined && !isDispute(dispute)) {
    throw new UsageError(`--dispute is "${dispute}"; it must be any, ${DISPUTE_KINDS.join(", ")}.`);
  }
  const ids = values.attempts?.split(",").map((id) => number("attempts", id, 0, { min: 1, whole: true }));
  const errorType = values["error-type"];
  const verdicts = values.verdict?.split(",").map((verdict) => {
    if (KNOWN.includes(verdict)) return verdict as Verdict;
    throw new UsageError(`--verdict is "${verdict}"; there are ${KNOWN.join(", ")}.`);
  });
  const given: AttemptQuery = {
    ...(text === undefined ? {} : { text }),
    ...(level === undefined ? {} : { level }),
    ...(kind === undefined ? {} : { kind }),
    ...(label === undefined ? {} : { label }),
    ...(errorType === undefined ? {} : { errorType }),
    ...(model === undefined ? {} : { modelId: model }),
    ...(verdicts === undefined ? {} : { verdicts }),
    ...(dispute === undefined ? {} : { dispute }),
    ...(reviewed === undefined ? {} : { reviewed }),
    ...(ids === undefined ? {} : { ids }),
  };
  if (scope === undefined && Object.keys(given).length === 0) return undefined;
  // Named attempts are those; what is said of attempts holds for right ones, too.
  return scope === undefined ? (ids ? given : { scope: "all", ...given }) : { scope, ...given };
}

/** The same, in words: "model base, in dispute (any)". */
export function queryWords(query: AttemptQuery): string {
  const { scope, ids, ...rest } = query;
  const parts = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  const all = scope === "pool" ? "the error pool" : "all attempts";
  const which = ids ? (ids.length === 1 ? `attempt ${ids[0]}` : `${ids.length} attempts`) : all;
  return [which, ...parts].join(", ");
}

const isDispute = (word: string): word is "any" | DisputeKind =>
  word === "any" || (DISPUTE_KINDS as readonly string[]).includes(word);
