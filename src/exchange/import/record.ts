import { createHash } from "node:crypto";
import { basename, extname } from "node:path";
import type { ForeignRecord } from "../../pool/import-foreign.js";
import type { SourceNames } from "../../pool/sources.js";
import { derivedId } from "../../problems/fields.js";
import type { ForeignAttempt, ForeignRow } from "./types.js";

/** Ids that were derived from a problem's text lately: a group's attempts come together. */
const REMEMBERED = 1000;

/** What a row is in the pool: names that the log lacks, and the ids by which it is known again. */
export class Records {
  private readonly ids = new Map<string, string>();
  private readonly samplings = new Map<string, string>();
  private readonly stem: string;

  /** @param file as it was called when it was first imported */
  constructor(
    private readonly fingerprint: string,
    file: string,
    private readonly names: SourceNames,
  ) {
    this.stem = basename(file, extname(file));
  }

  of(row: ForeignAttempt): ForeignRecord {
    const { problem, run = this.stem } = row;
    return {
      set: this.names.set ?? row.set ?? run,
      problem: {
        ...{ id: problem.id ?? this.derived(problem.text), problem: problem.text, gold: problem.gold ?? "" },
        ...(problem.level !== undefined && { level: problem.level }),
        ...(problem.kind !== undefined && { kind: problem.kind }),
        ...(problem.topic !== undefined && { topic: problem.topic }),
      },
      sampling: this.samplingOf(row),
      modelId: row.modelId ?? this.names.model ?? run,
      ...{ sample: row.sample, text: row.text, finish: row.finish ?? "stop", tokens: row.tokens ?? 0 },
    };
  }

  private derived(text: string): string {
    return remembered(this.ids, text, () => derivedId(text));
  }

  /** By what the log says: another name for its model does not make it another sampling. */
  private samplingOf({ modelId, group }: ForeignAttempt): string {
    return remembered(this.samplings, `${modelId ?? ""}\n${group}`, () =>
      keyOf("import", this.fingerprint, modelId ?? "", group),
    );
  }
}

function remembered(known: Map<string, string>, key: string, make: () => string): string {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  if (known.size >= REMEMBERED) known.clear();
  known.set(key, made);
  return made;
}

/** 32 hexadecimal digits that stand for these words. */
function keyOf(...words: (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(words)).digest("hex").slice(0, 32);
}

/** Why a row is no attempt, whatever its format promises: what logs hold is anybody's. undefined: it is one. */
export function whyNot(row: ForeignRow): string | undefined {
  if (row.kind === "skipped") return row.why;
  if (typeof row.problem.text !== "string" || row.problem.text.trim() === "")
    return "The row has no problem.";
  if (row.kind === "problem") return "The row is a problem without an attempt.";
  if (typeof row.text !== "string") return "The solution is no text.";
  const { sample } = row;
  const counts = sample === null || (Number.isSafeInteger(sample) && sample >= 0);
  return counts ? undefined : "The number of the sample is no whole number.";
}

/** What a person should know of an attempt that is taken. @param gold as the pool has it */
export function oddities(row: ForeignAttempt, gold: string, renamed: boolean): string[] {
  return [
    ...(gold === "" ? [WITHOUT_GOLD] : []),
    ...(row.text.trim() === "" ? ["The solution is empty: it has no answer to be graded."] : []),
    ...(renamed
      ? ["Its problem's id has another text or gold answer in this set; the problem got an id of its own."]
      : []),
  ];
}

export const WITHOUT_GOLD =
  "Its problem has no gold answer: it is graded by the log's own score, or not at all.";
