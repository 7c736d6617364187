import { basename } from "node:path";
import * as vscode from "vscode";
import { findPrompt } from "../inference/prompts.js";
import { describeIssues, readProblemSet } from "../problems/index.js";
import { leftOutWords } from "../protocol/figures.js";
import { type SamplingResult, samplePipeline } from "../sampling/pipeline.js";
import { command } from "./commands.js";
import { tryDemo } from "./demo.js";
import { currentModel } from "./models/ask.js";
import { samplingOptions } from "./options.js";
import { activeProblemSet, askHowMany, askProblemSet, ProblemSetMarks } from "./problem-sets.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";
import { count } from "./words.js";

export function registerSampling(services: Services): void {
  const marks = new ProblemSetMarks();
  services.context.subscriptions.push(marks);
  command(services, "tryDemo", ["folder", "trust"], () => tryDemo(services));
  command(services, "sample", ["folder", "trust"], async () => {
    const file = await askProblemSet(services, "Sample Problems");
    if (file) await sample(services, marks, file);
  });
  command(services, "sampleFile", ["folder", "trust"], async (uri) => {
    const file = uri instanceof vscode.Uri ? uri : activeProblemSet();
    const chosen = file?.fsPath ?? (await askProblemSet(services, "Sample Problems"));
    if (chosen) await sample(services, marks, chosen);
  });
  command(services, "stop", [], async () => {
    if (services.work.running) await services.work.stop();
    else void inform("Nothing is running. A training run is stopped in the Runs view.");
  });
}

/** Samples a problem set into the pool. The same request again makes only what is missing. */
async function sample(services: Services, marks: ProblemSetMarks, file: string): Promise<void> {
  const name = basename(file);
  const set = await readProblemSet(file);
  marks.show(file, set.issues);
  if (set.issues.length > 0) services.log.warn(describeIssues(file, set.issues, 100));
  const problems = set.problems.slice(0, await askHowMany(set.problems.length));
  const model = problems.length > 0 ? await currentModel(services) : undefined;
  if (!model) return;
  const prompt = await findPrompt("solve", { family: model.prompts, workspace: services.workspace });
  let result: SamplingResult | undefined;
  const group = services.setting("group");
  const done = await services.work.start({
    title: `Sampling ${count(problems.length, "problem")} of ${name} with ${model.name}`,
    watch: true,
    run: async (report, signal) => {
      const pool = await services.pool();
      const ids = await pool.putProblems(name, problems);
      const tools = { engine: services.engine(), grader: services.grader(), watch: services.live };
      const job = { pool, model, problems: ids, group, options: samplingOptions(services), prompt };
      result = await samplePipeline(tools, job, report, signal);
      logResult(services, name, result);
      services.live.close(outcome(result));
    },
  });
  if (done && result) await tell(services, result, set.issues.length);
}

function logResult({ log }: Services, name: string, result: SamplingResult): void {
  const { attempts, correct, incorrect, unscored, truncated, made, tokens, seconds, backend } = result;
  log.info(
    `${name}: ${attempts} attempts, ${correct} correct, ${incorrect} incorrect, ${unscored} unscored, ${truncated} truncated`,
  );
  if (backend === null) return;
  log.info(
    `${made} made now, ${tokens} tokens in ${seconds.toFixed(1)} s (${Math.round(tokens / seconds)} tok/s) on ${backend}`,
  );
  for (const { backend: other, why } of result.notTaken) log.info(`not on ${other}: ${why}`);
  for (const note of result.notes ?? []) log.warn(note);
}

function outcome({ attempts, problems, correct, incorrect, inPool }: SamplingResult): string {
  return `${count(attempts, "attempt")} at ${count(problems, "problem")}: ${correct} correct, ${incorrect} wrong, ${inPool} of those in the error pool.`;
}

async function tell(services: Services, result: SamplingResult, issues: number): Promise<void> {
  services.done("sampled");
  const parts = [
    outcome(result),
    result.unscored > 0 ? `${result.unscored} could not be scored.` : "",
    result.truncated > 0 ? `${result.truncated} were cut off: raise errata.maxTokens.` : "",
    result.badProblems > 0 ? `${leftOutWords(result.badProblems)}.` : "",
    issues > 0
      ? `${count(issues, "line")} of the file could not be used as they are; they are marked in it.`
      : "",
  ];
  const actions =
    result.inPool > 0 ? (["Reflect on the Pool", "Open Review"] as const) : (["Change Filter…"] as const);
  const chosen = await inform(parts.filter(Boolean).join(" "), ...actions);
  if (chosen === "Reflect on the Pool") await vscode.commands.executeCommand("errata.reflectPool");
  if (chosen === "Open Review") await vscode.commands.executeCommand("errata.review");
  if (chosen === "Change Filter…") await vscode.commands.executeCommand("errata.applyFilter");
}
