import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { findPrompt, type PromptPlace } from "../inference/prompts.js";
import type { Models } from "../inference/types.js";
import type { Pool } from "../pool/types.js";
import { describeIssues, readProblemSet } from "../problems/index.js";
import { assetFile, distFile } from "../protocol/paths.js";
import { ErrataError, type ModelEntry, type Report } from "../protocol/types.js";
import { seedErrors } from "./pool-seed.js";
import { startTime } from "./process.js";
import { type CompleteRecipe, fromFile, readRecipe } from "./recipe.js";
import { FILES, type Launch, type Spawned, writeJson, writeJsonl } from "./run-folder.js";

export interface LaunchContext {
  workspace: string;
  models: Models;
  pool: () => Promise<Pool>;
  /** The interpreter to use; rejects with "no-python" where there is none. */
  python: () => Promise<string>;
}

/** Checks a recipe and writes the folder of a new run. Returns the run's id; nothing has been started yet. */
export async function prepareRun(
  recipeFile: string,
  context: LaunchContext,
  report: Report,
): Promise<string> {
  const stages = ["Reading the recipe", "Reading the problems", "Seeding the error pool", "Writing the run"];
  const stage = (i: number, detail?: string) =>
    report({ stage: stages[i] ?? "", done: i, total: stages.length, ...(detail ? { detail } : {}) });

  stage(0);
  const recipe = await readRecipe(recipeFile);
  const model = await trainableModel(recipe, recipeFile, context.models);
  await context.python();

  stage(1);
  const set = await readProblemSet(recipe.problems);
  const problems = set.problems.slice(0, recipe.limit);
  if (set.issues.length > 0) stage(1, describeIssues(recipe.problems, set.issues));

  stage(2);
  const seed = await seedErrors(await context.pool(), recipe, problems);
  if (seed.elsewhere > 0) stage(2, `${seed.elsewhere} errors on problems of other sets are left out`);
  if (recipe.method === "scrpo" && recipe.correction.cycle[0] === 0 && seed.errors.length === 0) {
    throw new ErrataError(
      `The run has no errors to learn from: its cycle is [0, ${recipe.correction.cycle[1]}], correction alone, and its pool is empty${seed.elsewhere > 0 ? ` (${seed.elsewhere} errors of the workspace's pool are on problems of other sets)` : ""}.`,
      "Sample the problems first so that the error pool fills, or give the cycle a trial stage, such as [6, 4].",
      "empty-pool",
    );
  }

  stage(3);
  const { id, folder } = await newFolder(join(context.workspace, ".errata", "runs"), recipe.name);
  try {
    await writeJsonl(folder, FILES.problems, problems);
    await writeJsonl(folder, FILES.pool, seed.errors);
    await copyPrompts(folder, { family: model.prompts, workspace: context.workspace });
    const launch: Launch = {
      run: id,
      model: model.id,
      trainable: model.trainable,
      grader: [process.execPath, distFile("cli.js"), "grade", "--serve"],
      threads: recipe.threads || Math.max(1, availableParallelism() - 1),
      schema: assetFile("schemas/recipe.schema.json"),
      prompts: model.prompts ?? null,
      resume_from: null,
    };
    await writeJson(folder, FILES.launch, launch);
    // Last: with it the folder counts as a run. `model` becomes what it was resolved to.
    await writeJson(folder, FILES.recipe, { ...recipe, model: model.id });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return id;
}

/** Starts the trainer on a run's folder, detached, so that it outlives this process. */
export async function startTrainer(
  folder: string,
  python: string,
  threads: number,
  resume: boolean,
): Promise<void> {
  await rm(join(folder, FILES.control), { force: true });
  const time = Date.now() / 1000;
  const log = openSync(join(folder, FILES.log), "a");
  try {
    const args = ["-m", "errata_trainer", folder, ...(resume ? ["--resume"] : [])];
    const child = spawn(python, args, {
      cwd: folder,
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        ...process.env,
        PYTHONPATH: [assetFile("trainer"), process.env.PYTHONPATH].filter(Boolean).join(delimiter),
        PYTHONUNBUFFERED: "1",
        PYTHONUTF8: "1",
        // The grader is a program of ours: within VS Code process.execPath is Electron.
        ELECTRON_RUN_AS_NODE: "1",
        OMP_NUM_THREADS: String(threads),
        TOKENIZERS_PARALLELISM: "false",
        // Everything the trainer reads lies in folders.
        HF_HUB_OFFLINE: "1",
      },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) =>
        reject(new ErrataError(`${python} could not be started: ${error.message}.`, undefined, "no-python")),
      );
    });
    const pid = child.pid ?? 0;
    const spawned: Spawned = { pid, time, started: (await startTime(pid)) ?? time };
    await writeJson(folder, FILES.process, spawned);
    child.unref();
  } finally {
    closeSync(log);
  }
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
  for (const name of ["solve", "reflect"] as const) {
    await writeFile(join(target, `${name}.jinja`), (await findPrompt(name, place)).source);
  }
}
