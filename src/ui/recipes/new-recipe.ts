import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as vscode from "vscode";
import { assetFile } from "../../protocol/paths.js";
import type { ModelEntry } from "../../protocol/types.js";
import { ErrataError } from "../../protocol/types.js";
import { type Preset, type PresetSize, presetRecipe, presets, sizeOfModel } from "../../runs/presets.js";
import { askModel } from "../models/ask.js";
import type { TreeData } from "../pool/filter-data.js";
import { askProblemSet } from "../problem-sets.js";
import type { Services } from "../services.js";
import { count } from "../words.js";

const SCHEMA = ".errata/recipe.schema.json";

/** What is known before anybody is asked. */
export interface RecipeStart {
  model?: ModelEntry;
  /** What the run takes: then only methods that take something are offered. */
  data?: TreeData;
}

/** Asks for method, model and problems, writes a recipe from the method's preset and opens it. */
export async function newRecipe(services: Services, { model: from, data }: RecipeStart = {}): Promise<void> {
  const preset = await askPreset(data);
  if (!preset) return;
  const model = from ?? (await askModel(services, "New Run Recipe (2/3): Model", { trainable: true }));
  if (!model) return;
  const size = await askSize(model);
  if (!size) return;
  const problems = await askProblemSet(services, "New Run Recipe (3/3): Problems to Train On");
  if (!problems) return;
  const name = `${preset.id}-${model.id}`;
  const file = freeFile(services.workspace, name);
  await refreshSchema(services, true);
  const fill = { name, model: model.id, problems: relative(services.workspace, problems), size };
  const text = presetRecipe(preset, { ...fill, ...(data ? { data: { ...data } } : {}) }, file, `./${SCHEMA}`);
  await writeFile(file, text, { flag: "wx" });
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}

async function askPreset(data: TreeData | undefined): Promise<Preset | undefined> {
  const all = (await presets()).filter(({ sections }) => !data || sections.includes("data"));
  const items = all.map((preset) => ({
    label: preset.title,
    description: preset.description,
    detail: [preset.detail, preset.paper ? `(${preset.paper})` : ""].filter(Boolean).join(" "),
    preset,
  }));
  const on = data?.attempts ? ` on ${count(data.attempts.length, "attempt")}` : data ? " on the filter" : "";
  const chosen = await vscode.window.showQuickPick(items, {
    title: `New Run Recipe (1/3): Method`,
    placeHolder: on
      ? `How should the model learn${on}? Only methods that take stored attempts are listed`
      : "How should the model learn?",
    matchOnDescription: true,
  });
  return chosen?.preset;
}

/** A small model learns with all its weights on a CPU; of a large one a person says whether all of them should. */
async function askSize(model: ModelEntry): Promise<PresetSize | undefined> {
  if (!model.trainable || (await sizeOfModel(model.trainable)) === "small") return "small";
  const items: (vscode.QuickPickItem & { size: PresetSize })[] = [
    {
      label: "LoRA",
      description: "low-rank adapters: 1.5 B to 7 B on one GPU",
      detail: "Merged into the model at export",
      size: "large",
    },
    {
      label: "All weights",
      description: "as the papers do: several large GPUs for 7 B",
      detail: "With the papers' learning rates",
      size: "full",
    },
  ];
  const title = "New Run Recipe: Weights";
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: `What of ${model.name} learns?`,
  });
  return chosen?.size;
}
function freeFile(folder: string, name: string): string {
  for (let i = 1; i < 1000; i++) {
    const file = join(folder, `${name}${i === 1 ? "" : `-${i}`}.errata.json`);
    if (!existsSync(file)) return file;
  }
  throw new ErrataError(
    `There are a thousand recipes named ${name} here.`,
    "Delete or rename some.",
    "too-many",
  );
}

/**
 * The schema beside the recipes, so that `$schema` is a short relative path in every editor; kept equal to the
 * installed extension's. Without `make` it is only brought up to date where it already lies.
 */
export async function refreshSchema(services: Services, make = false): Promise<void> {
  if (!services.trusted) return;
  const file = join(services.workspace, SCHEMA);
  const [ours, theirs] = await Promise.all([
    readFile(assetFile("schemas/recipe.schema.json"), "utf8"),
    readFile(file, "utf8").catch(() => undefined),
  ]);
  if (theirs === ours || (theirs === undefined && !make)) return;
  await mkdir(join(services.workspace, ".errata"), { recursive: true });
  await writeFile(file, ours);
}
