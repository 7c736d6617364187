import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as vscode from "vscode";
import { assetFile } from "../../protocol/paths.js";
import type { ModelEntry } from "../../protocol/types.js";
import { ErrataError } from "../../protocol/types.js";
import { parseRecipe } from "../../runs/recipe.js";
import { askModel } from "../models/ask.js";
import { askProblemSet } from "../problem-sets.js";
import type { Services } from "../services.js";

const SCHEMA = ".errata/recipe.schema.json";

const METHODS = [
  {
    label: "ScRPO",
    method: "scrpo",
    description: "trial and error, then self-correction, alternating",
    detail: "Learns from its own error pool: analysis and corrected solution (arXiv 2511.06065)",
  },
  {
    label: "GRPO",
    method: "grpo",
    description: "first attempts alone",
    detail: "The baseline to hold it against (arXiv 2402.03300)",
  },
] as const;

/** Asks for method, model and problems, writes a complete recipe and opens it. */
export async function newRecipe(services: Services, from?: ModelEntry): Promise<void> {
  const method = await vscode.window.showQuickPick([...METHODS], {
    title: "New Run Recipe (1/3): Method",
    placeHolder: "How should the model learn?",
  });
  if (!method) return;
  const model = from ?? (await askModel(services, "New Run Recipe (2/3): Model", { trainable: true }));
  if (!model) return;
  const problems = await askProblemSet(services, "New Run Recipe (3/3): Problems to Train On");
  if (!problems) return;
  const file = freeFile(services.workspace, `${method.method}-${model.id}`);
  const start = {
    name: `${method.method}-${model.id}`,
    method: method.method,
    model: model.id,
    problems: relative(services.workspace, problems),
  };
  // Every field with its value: hover tells what each means, and nothing is hidden in a default.
  const complete = parseRecipe(JSON.stringify(start), file);
  const { correction, filter, pool, ...common } = { ...complete, problems: start.problems };
  const parts = method.method === "scrpo" ? { correction, filter, pool } : {};
  await refreshSchema(services, true);
  const json = JSON.stringify({ $schema: `./${SCHEMA}`, ...start, ...common, ...parts }, null, 2);
  // A pair of numbers reads better on one line.
  const text = `${json.replace(/\[\s+([\d.]+),\s+([\d.]+)\s+\]/g, "[$1, $2]")}\n`;
  await writeFile(file, text, { flag: "wx" });
  await vscode.window.showTextDocument(vscode.Uri.file(file));
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
