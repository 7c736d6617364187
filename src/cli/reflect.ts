import { findPrompt } from "../inference/prompts.js";
import { reflectOn } from "../reflection/reflect.js";
import { answer, number, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { SAMPLING, samplingOptions } from "./sampling-options.js";

const { group: _, limit: __, ...OPTIONS } = SAMPLING;

/** `errata reflect --model M [--attempts ID,ID,…]`: by default on every attempt of the error pool. */
export async function reflect(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, {
    ...OPTIONS,
    model: { type: "string" },
    attempts: { type: "string" },
    samples: { type: "string" },
  });
  if (values.model === undefined) throw new UsageError("--model M is missing.");
  const options = samplingOptions(values);
  const samples = number("samples", values.samples, 1, { min: 1, whole: true });
  const ids = values.attempts?.split(",").map((id) => number("attempts", id, 0, { min: 1, whole: true }));
  const model = await context.models(values.workspace).get(values.model);
  const pool = await context.existingPool(values.workspace);
  const prompt = await findPrompt("reflect", {
    family: model.prompts,
    workspace: context.workspace(values.workspace),
  });
  const result = await reflectOn(
    { engine: context.engine(), grader: context.grader() },
    { pool, model, attemptIds: ids ?? (await pool.attemptIds({ scope: "pool" })), samples, options, prompt },
    context.progress.report,
    context.signal,
  );
  context.progress.close();
  if (await answer(json, result)) return;
  console.log(
    `${result.reflections} reflections: ${result.parsed} with both sections, ${result.fixed} mend the answer`,
  );
}
