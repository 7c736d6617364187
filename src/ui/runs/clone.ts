import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { cloneRecipe, nextName } from "../../runs/clone.js";
import type { RunInfo } from "../../runs/types.js";
import { refreshSchema } from "../recipes/new-recipe.js";
import { warn } from "../say.js";
import type { Services } from "../services.js";

/** Writes a new recipe with all fields of a run's, and opens it; nothing is started. */
export async function cloneRun(services: Services, run: RunInfo): Promise<void> {
  const { recipe, notes } = await cloneRecipe(run.folder, services.workspace);
  const fileOf = (name: string): string =>
    join(services.workspace, `${name.replace(/[^\w.-]+/g, "-")}.errata.json`);
  let { name } = recipe;
  while (existsSync(fileOf(name))) name = nextName(name);
  await refreshSchema(services, true);
  const json = JSON.stringify({ $schema: "./.errata/recipe.schema.json", ...recipe, name }, null, 2);
  // A pair of numbers reads better on one line.
  const text = `${json.replace(/\[\s+([\d.]+),\s+([\d.]+)\s+\]/g, "[$1, $2]")}\n`;
  await writeFile(fileOf(name), text, { flag: "wx" });
  await vscode.window.showTextDocument(vscode.Uri.file(fileOf(name)));
  if (notes.length > 0) void warn(notes.join(" "));
}
