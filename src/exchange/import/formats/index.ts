import type { FileStart, Format } from "../types.js";
import { INSPECT } from "./inspect.js";
import { LIGHTEVAL } from "./lighteval.js";
import { LM_EVAL } from "./lm-eval.js";
import { OPENAI_BATCH } from "./openai-batch.js";
import { PLAIN_FORMATS } from "./plain.js";
import { TRL } from "./trl.js";
import { VERL } from "./verl.js";

/** Formats of other tools: each knows its own files by their content. The first that knows a file reads it. */
export const FORMATS: readonly Format[] = [
  TRL,
  VERL,
  OPENAI_BATCH,
  INSPECT,
  LM_EVAL,
  LIGHTEVAL,
  // Any table is a plain one.
  ...PLAIN_FORMATS,
];

/** The format of a file that begins so; undefined where none knows it. */
export function detectFormat(start: FileStart): Format | undefined {
  return FORMATS.find((format) => format.reads(start));
}
