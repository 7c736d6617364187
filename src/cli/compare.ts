import type { Change, Comparison, Figure } from "../protocol/comparison.js";
import { compareModels } from "../runs/compare.js";
import { answer, readArguments } from "./arguments.js";
import type { Context } from "./context.js";
import { groupSize, limitOf, SAMPLING, samplingOptions } from "./sampling-options.js";

/** `errata compare MODEL_A MODEL_B PROBLEMS`. */
export async function compare(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, SAMPLING, ["MODEL_A", "MODEL_B", "PROBLEMS"]);
  const [a = "", b = "", problemSet = ""] = words;
  const models = context.models(values.workspace);
  const [modelA, modelB] = [await models.get(a), await models.get(b)];
  const comparison = await compareModels(
    {
      engine: context.engine(),
      grader: context.grader(),
      pool: await context.pool(values.workspace),
      workspace: context.workspace(values.workspace),
    },
    {
      modelA,
      modelB,
      problemSet,
      group: groupSize(values),
      options: samplingOptions(values),
      ...limitOf(values),
    },
    context.progress.report,
    context.signal,
  );
  context.progress.close();
  const { fixed, regressed } = comparison;
  // Counts for machines that only want figures, as DESIGN.md has it; the problems stand beside them.
  const flat = {
    ...comparison,
    fixed: fixed.length,
    regressed: regressed.length,
    fixedProblems: fixed,
    regressedProblems: regressed,
  };
  if (!(await answer(json, flat))) console.log(describe(comparison));
}

function describe(comparison: Comparison): string {
  const { modelA, modelB, passAt1, accT2, fixRate, retryRate, fixed, regressed, mcnemarP } = comparison;
  const row = (name: string, { a, b, difference }: Change) =>
    `${name.padEnd(30)}${figure(a)}${figure(b)}${figure(difference)}`;
  return [
    `${comparison.problems}, ${comparison.group} samples each, 95 % intervals by problem`,
    `${"".padEnd(30)}${modelA.slice(0, 22).padEnd(24)}${modelB.slice(0, 22).padEnd(24)}difference`,
    row("pass@1", passAt1),
    row("right after one reflection", accT2),
    row("fix rate, on A's wrong ones", fixRate),
    row("plain retry of the same", retryRate),
    `${fixed.length} fixed, ${regressed.length} regressed (solved: at least half of the samples right); McNemar, exact: p = ${mcnemarP.toPrecision(2)}`,
  ].join("\n");
}

function figure({ value, low, high, n }: Figure): string {
  if (n === 0) return "–".padEnd(24);
  const number = (share: number) => (100 * share).toFixed(1);
  return `${number(value)} % [${number(low)}, ${number(high)}]`.padEnd(24);
}
