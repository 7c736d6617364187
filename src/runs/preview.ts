import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { leftOutWords } from "../protocol/figures.js";
import type { ContextFit, MaskItem, MaskLine, MaskPreview, RunOutline } from "../protocol/run-preview.js";
import { ErrataError, type Report } from "../protocol/types.js";
import { type LaunchContext, planRun, type RunPlan, writeRun } from "./launcher.js";
import { exampleRows, withReflections } from "./preview-rows.js";
import { methodSentence, recipeFacts } from "./preview-words.js";
import { recipeWarnings } from "./recipe-faults.js";
import { FILES, writeJsonl } from "./run-folder.js";
import { environment } from "./targets/local.js";

/** Loading the tokenizer and TRL takes seconds; more than this is a fault. */
const PATIENCE_MS = 180_000;
const SHOWN = 12;

export interface MaskOptions {
  /** Only these attempts; none named means the first that the run would use. */
  attempts?: readonly number[];
  limit?: number;
  signal?: AbortSignal;
}

/** A recipe before its run: what it comes to, and when it is asked for, what every token would receive. */
export interface PreviewedRun {
  outline: RunOutline;
  /** Asks the trainer. Rejects with "no-python" where training is not set up, and "preview-failed". */
  masks(options?: MaskOptions): Promise<MaskPreview>;
}

/** Goes the way of a run up to its start and leaves no trace. Rejects as starting it would. */
export async function previewRun(
  recipeFile: string,
  context: LaunchContext,
  report: Report = () => {},
): Promise<PreviewedRun> {
  const plan = await planRun(recipeFile, context, report);
  return { outline: outlineOf(recipeFile, plan), masks: (options = {}) => masksOf(plan, context, options) };
}

function outlineOf(file: string, plan: RunPlan): RunOutline {
  const { recipe, model, problems, badProblems, issues } = plan;
  const errors = plan.data.summary.counts.find(({ kind }) => kind === "errors")?.used ?? 0;
  return {
    file,
    name: recipe.name,
    method: recipe.method,
    sentence: methodSentence(recipe),
    model: model.name,
    problems: { file: recipe.problems, count: problems.length, issues },
    facts: recipeFacts(recipe, problems.length),
    data: plan.data.summary,
    warnings: [
      ...recipeWarnings(recipe, problems.length, errors).map(({ message }) => message),
      ...(badProblems > 0 ? [`${leftOutWords(badProblems)}.`] : []),
    ],
  };
}

async function masksOf(plan: RunPlan, context: LaunchContext, options: MaskOptions): Promise<MaskPreview> {
  const python = await context.python();
  const folder = await mkdtemp(join(tmpdir(), "errata-preview-"));
  try {
    await writeRun("preview", folder, plan, context.workspace);
    const { rows } = plan.data;
    const used = new Set(rows.map(({ attempt_id }) => attempt_id));
    const pool = await context.pool();
    const beside = used.size === 0 || options.attempts?.some((id) => !used.has(id));
    const others = beside ? await exampleRows(plan, pool, options.attempts ?? []) : [];
    const shown = [...rows, ...others.filter(({ attempt_id }) => !used.has(attempt_id))];
    await writeJsonl(folder, FILES.pool, await withReflections(shown, pool));
    const masks = await ask(python, folder, options);
    // The problem set's own solutions are always the run's.
    const items = masks.items.map((item) => ({
      ...item,
      used: item.attempt === null || used.has(item.attempt),
    }));
    return { ...masks, items };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ask(python: string, folder: string, options: MaskOptions): Promise<MaskPreview> {
  const { attempts = [], limit = SHOWN, signal } = options;
  const words = ["-m", "errata_trainer.preview", folder, "--limit", String(limit)];
  if (attempts.length > 0) words.push("--attempts", attempts.join(","));
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(PATIENCE_MS);
    const child = spawn(python, words, {
      cwd: folder,
      env: environment(1),
      stdio: ["ignore", "pipe", "pipe"],
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    let fit: ContextFit | undefined;
    const items: MaskItem[] = [];
    let said = "";
    let refusal: string | undefined;
    child.stderr.on("data", (data: Buffer) => {
      said = (said + data.toString()).slice(-4000);
    });
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as MaskLine;
      if (line.type === "head")
        fit = { prompt: line.prompt, completion: line.completion, context: line.context, turns: line.turns };
      else if (line.type === "item") items.push(line);
      else refusal = line.message;
    });
    child.once("error", (error) => reject(failed(timeout.aborted ? "it took too long" : error.message)));
    child.once("close", () => {
      if (fit && refusal === undefined) resolve({ fit, items });
      else reject(failed(refusal ?? said.trim().split("\n").at(-1) ?? "it said nothing"));
    });
  });
}

function failed(why: string): ErrataError {
  return new ErrataError(
    `The trainer could not show what tokens receive: ${why}`,
    "Set up training anew, or ask the doctor what is missing.",
    "preview-failed",
  );
}
