import { basename } from "node:path";
import { findPrompt } from "../inference/prompts.js";
import { describeIssues, readProblemSet } from "../problems/index.js";
import { samplePipeline } from "../sampling/pipeline.js";
import { answer, readArguments, tellLeftOut, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { groupSize, limitOf, SAMPLING, samplingOptions } from "./sampling-options.js";

/** `errata sample PROBLEMS --model M`: G attempts of each problem, graded, into the error pool. */
export async function sample(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, { ...SAMPLING, model: { type: "string" } }, [
    "PROBLEMS",
  ]);
  if (values.model === undefined) throw new UsageError("--model M is missing.");
  const [file = ""] = words;
  const options = samplingOptions(values);
  const group = groupSize(values);
  const { limit } = limitOf(values);
  const set = await readProblemSet(file);
  if (set.issues.length > 0) console.error(describeIssues(file, set.issues, 20));
  const model = await context.models(values.workspace).get(values.model);
  const pool = await context.pool(values.workspace);
  const problems = await pool.putProblems(basename(file), set.problems.slice(0, limit));
  const prompt = await findPrompt("solve", {
    family: model.prompts,
    workspace: context.workspace(values.workspace),
  });
  const result = await samplePipeline(
    { engine: context.engine(), grader: context.grader() },
    { pool, model, problems, group, options, prompt },
    context.progress.report,
    context.signal,
  );
  context.progress.close();
  if (await answer(json, result)) return;
  const { attempts, correct, incorrect, unscored, truncated, inPool, badProblems } = result;
  console.log(
    `${attempts} attempts: ${correct} correct, ${incorrect} incorrect, ${truncated} truncated, ${unscored} unscored; ${inPool} in the error pool`,
  );
  tellLeftOut(badProblems);
}
