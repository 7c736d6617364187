import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findPrompt, PROMPT_NAMES, type PromptPlace } from "../inference/prompts.js";
import type { Models } from "../inference/types.js";
import type { Pool } from "../pool/types.js";
import { describeIssues, readProblemSet } from "../problems/index.js";
import { leftOutWords } from "../protocol/figures.js";
import { assetFile, distFile } from "../protocol/paths.js";
import { ErrataError, type ModelEntry, type Problem, type Report } from "../protocol/types.js";
import { type GatheredData, gatherData, withoutBad } from "./data.js";
import { dataLines } from "./data-words.js";
import { type CompleteRecipe, fromFile, readRecipe } from "./recipe.js";
import { FILES, type Launch, writeJson, writeJsonl } from "./run-folder.js";
import { ACCELERATE_FILE, checkAccelerate } from "./targets/accelerate.js";
import type { Places } from "./targets/index.js";
import { threadsOf } from "./targets/local.js";
import { clusterAddress } from "./targets/ray-api.js";

export interface LaunchContext extends Places {
  workspace: string;
  models: Models;
  pool: () => Promise<Pool>;
  /** The interpreter to use; rejects with "no-python" where there is none. */
  python: () => Promise<string>;
}

/** What a run is given, before anything is written: runs and previews are made from it. */
export interface RunPlan {
  recipe: CompleteRecipe;
  model: ModelEntry & { trainable: string };
  problems: Problem[];
  /** Of the set, those that it is not given: a person called them bad, or their gold answer wrong. */
  badProblems: number;
  /** Lines of the problem set that cannot be used, in a sentence; null when there are none. */
  issues: string | null;
  data: GatheredData;
  /** Text of the accelerate configuration, where the recipe names one. */
  accelerate?: string;
}

const STAGES = ["Reading the recipe", "Reading the problems", "Gathering the data", "Writing the run"];

/** Gathers what a recipe's run is given. Writes nothing, and needs no Python. */
export async function planRun(recipeFile: string, context: LaunchContext, report: Report): Promise<RunPlan> {
  const stage = stages(report);
  stage(0);
  const recipe = await readRecipe(recipeFile);
  const { target } = recipe;
  const accelerate =
    target.kind === "local" && target.accelerate !== undefined
      ? await checkAccelerate(recipe, target.accelerate)
      : undefined;
  const model = await trainableModel(recipe, recipeFile, context.models);

  stage(1);
  const set = await readProblemSet(recipe.problems);
  const problems = set.problems.slice(0, recipe.limit);
  const issues = set.issues.length > 0 ? describeIssues(recipe.problems, set.issues) : null;
  if (issues) stage(1, issues);

  stage(2);
  const pool = await context.pool();
  const data = await gatherData(pool, recipe, problems);
  for (const line of dataLines(data.summary)) stage(2, line);
  // Rewards against a wrong gold answer would teach what is wrong.
  const good = await withoutBad(pool, problems);
  const bad = problems.length - good.length;
  if (bad > 0) stage(2, leftOutWords(bad));
  const plan = { recipe, model, problems: good, badProblems: bad, issues, data };
  return accelerate === undefined ? plan : { ...plan, accelerate };
}

/** Checks a recipe and writes the folder of a new run. Returns the run's id; nothing has been started yet. */
export async function prepareRun(
  recipeFile: string,
  context: LaunchContext,
  report: Report,
): Promise<string> {
  const plan = await planRun(recipeFile, context, report);
  // What can be known of the place before anything is written.
  const { target } = plan.recipe;
  if (target.kind === "ray") clusterAddress(target.address);
  else await context.python();
  stages(report)(3);
  const { id, folder } = await newFolder(join(context.workspace, ".errata", "runs"), plan.recipe.name);
  try {
    if (plan.accelerate !== undefined) await writeFile(join(folder, ACCELERATE_FILE), plan.accelerate);
    await writeRun(id, folder, plan, context.workspace);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return id;
}

/** Writes what the trainer reads into a run's folder, or a preview's. */
export async function writeRun(
  id: string,
  folder: string,
  { recipe, model, problems, data }: RunPlan,
  workspace: string,
): Promise<void> {
  await writeJsonl(folder, FILES.problems, problems);
  await writeJsonl(folder, FILES.pool, data.rows);
  await copyPrompts(folder, { family: model.prompts, workspace });
  const launch: Launch = {
    run: id,
    uuid: randomUUID(),
    model: model.id,
    trainable: model.trainable,
    ...installed(),
    // A cluster's node has its own share of cores.
    threads: recipe.threads || (recipe.target.kind === "local" ? threadsOf(recipe.target) : 0),
    prompts: model.prompts ?? null,
    resume_from: null,
  };
  await writeJson(folder, FILES.launch, launch);
  // Last: with it the folder counts as a run. `model` becomes what it was resolved to.
  await writeJson(folder, FILES.recipe, { ...recipe, model: model.id });
}

/** What the trainer is given of this installation: after an update it lies in another folder. */
export function installed(): Pick<Launch, "grader" | "schema"> {
  return {
    grader: [process.execPath, distFile("cli.js"), "grade", "--serve"],
    schema: assetFile("schemas/recipe.schema.json"),
  };
}

function stages(report: Report): (i: number, detail?: string) => void {
  return (i, detail) =>
    report({ stage: STAGES[i] ?? "", done: i, total: STAGES.length, ...(detail ? { detail } : {}) });
}

/** The recipe's model: an id, else a folder relative to the recipe. Refuses one that cannot be trained. */
async function trainableModel(
  recipe: CompleteRecipe,
  recipeFile: string,
  models: Models,
): Promise<ModelEntry & { trainable: string }> {
  const known = (await models.list()).some((model) => model.id === recipe.model);
  const path = fromFile(recipeFile, recipe.model);
  const model = await models.get(!known && existsSync(path) ? path : recipe.model);
  const { trainable } = model;
  if (trainable === undefined || !isFile(join(trainable, "config.json"))) {
    const why = model.endpoint
      ? `it is on the server ${model.endpoint.url}`
      : trainable === undefined
        ? `${model.folder} holds an ONNX export alone`
        : `${trainable} is not a Hugging Face model folder`;
    throw new ErrataError(
      `The model ${model.name} has no trainable weights: ${why}.`,
      'It can be sampled but not trained. Put its Hugging Face folder into a subfolder "hf", or name it as "trainable" in models.json.',
      "no-weights",
    );
  }
  return { ...model, trainable };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** A folder of its own for a new run: `scrpo-01`, `scrpo-02`, … Two windows never get the same one. */
async function newFolder(runs: string, name: string): Promise<{ id: string; folder: string }> {
  const slug =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "run";
  await mkdir(runs, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new ErrataError(
      `A run cannot be kept in ${runs}: ${error.code === "ENOSPC" ? "the disk is full" : "the folder cannot be written"} (${error.code}).`,
      "Open a workspace folder that can be written.",
      "read-only",
    );
  });
  const taken = (await readdir(runs)).map((id) => Number(new RegExp(`^${slug}-(\\d+)$`).exec(id)?.[1] ?? 0));
  for (let number = Math.max(0, ...taken) + 1; ; number++) {
    const id = `${slug}-${String(number).padStart(2, "0")}`;
    const folder = join(runs, id);
    try {
      await mkdir(folder);
      return { id, folder };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** The run keeps its own copy: prompts are editable, and a resumed run must go on with those it began with. */
async function copyPrompts(folder: string, place: PromptPlace): Promise<void> {
  const target = join(folder, FILES.prompts);
  await mkdir(target);
  for (const name of PROMPT_NAMES) {
    await writeFile(join(target, `${name}.jinja`), (await findPrompt(name, place)).source);
  }
}
