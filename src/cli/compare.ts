import type { Change, Comparison, Figure } from "../protocol/comparison.js";
import { compareModels } from "../runs/compare.js";
import { answer, readArguments, tellLeftOut } from "./arguments.js";
import type { Context } from "./context.js";
import { groupSize, limitOf, SAMPLING, samplingOptions } from "./sampling-options.js";

/** What costs samples of its own. */
const MEASURES = {
  intrinsic: { type: "boolean" },
  verify: { type: "boolean" },
  lift: { type: "boolean" },
} as const;

/** `errata compare MODEL_A MODEL_B PROBLEMS`. */
export async function compare(args: readonly string[], context: Context): Promise<void> {
  const options = { ...SAMPLING, ...MEASURES };
  const { values, words, json } = readArguments(args, options, ["MODEL_A", "MODEL_B", "PROBLEMS"]);
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
      measure: {
        ...(values.intrinsic && { intrinsic: true }),
        ...(values.verify && { verify: true }),
        ...(values.lift && { lift: true }),
      },
    },
    context.progress.report,
    context.signal,
  );
  context.progress.close();
  const { fixed, regressed } = comparison;
  // Counts for machines that only want figures; the problems stand beside them.
  const flat = {
    ...comparison,
    fixed: fixed.length,
    regressed: regressed.length,
    fixedProblems: fixed,
    regressedProblems: regressed,
  };
  if (await answer(json, flat)) return;
  console.log(describe(comparison));
  tellLeftOut(comparison.badProblems ?? 0);
}

function describe(c: Comparison): string {
  const { fixed, regressed, mcnemarP, passAtK, boundary, intrinsic, verification, lift } = c;
  const last = passAtK?.curve.at(-1);
  return [
    `${c.problems}, ${c.group} samples each, the same seed for both, 95 % intervals by problem`,
    `${"".padEnd(30)}${c.modelA.slice(0, 22).padEnd(24)}${c.modelB.slice(0, 22).padEnd(24)}difference`,
    row("pass@1", c.passAt1),
    ...(last && last.k > 1 ? [row(`pass@${last.k}`, last)] : []),
    ...(boundary ? [row("groups without variance", boundary.zeroVariance)] : []),
    "oracle-gated: wrong first attempts alone, and the model is told that they are wrong",
    row("right after one reflection", c.accT2),
    row("fix rate, on A's wrong ones", c.fixRate),
    row("plain retry of the same", c.retryRate),
    ...(lift ? [sides("reflection lift", lift.a.lift, lift.b.lift)] : []),
    ...(lift?.a.shuffleDrop && lift.b.shuffleDrop
      ? [sides("drop, analyses shuffled", lift.a.shuffleDrop, lift.b.shuffleDrop)]
      : []),
    ...(intrinsic
      ? [
          "intrinsic: every first attempt is looked at again, and nothing is said of it",
          row("Acc@t1", intrinsic.accT1),
          row("Acc@t2", intrinsic.accT2),
          row("Δ", intrinsic.delta),
          row("Δ i→c, of all", intrinsic.deltaIC),
          row("Δ c→i, of all", intrinsic.deltaCI),
          row("answer changed", intrinsic.changedAnswer),
          row("edit-distance ratio", intrinsic.editRatio),
          row("ICR, of the wrong (S²R)", intrinsic.conditional.icr),
          row("CIR, of the right (S²R)", intrinsic.conditional.cir),
        ]
      : []),
    ...(verification
      ? [
          "verification of its own first attempts (S²R)",
          row("verification accuracy", verification.accuracy),
          row("error recall", verification.errorRecall),
          row("correct precision", verification.correctPrecision),
          row("unparsable", verification.unparsable),
        ]
      : []),
    `${fixed.length} fixed, ${regressed.length} regressed (solved: at least half of the samples right); McNemar, exact: p = ${mcnemarP.toPrecision(2)}`,
    ...(c.alarms ?? []).map(
      ({ model, message }) => `Alarm, ${model === "a" ? c.modelA : c.modelB}: ${message}`,
    ),
  ].join("\n");
}

function row(name: string, { a, b, difference }: Change): string {
  return `${name.padEnd(30)}${figure(a)}${figure(b)}${figure(difference)}`.trimEnd();
}

function sides(name: string, a: Figure, b: Figure): string {
  return `${name.padEnd(30)}${figure(a)}${figure(b)}`.trimEnd();
}

function figure({ value, low, high, n }: Figure): string {
  if (n === 0) return "–".padEnd(24);
  const number = (share: number) => (100 * share).toFixed(1);
  return `${number(value)} % [${number(low)}, ${number(high)}]`.padEnd(24);
}
