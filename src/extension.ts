import type * as vscode from "vscode";
import { registerComparison } from "./ui/compare.js";
import { createServices } from "./ui/create.js";
import { registerImport } from "./ui/import.js";
import { registerLive } from "./ui/live.js";
import { registerMachine } from "./ui/machine.js";
import { registerModels } from "./ui/models/index.js";
import { registerPanels } from "./ui/panels/index.js";
import { registerPeople } from "./ui/people.js";
import { registerPool } from "./ui/pool/index.js";
import { registerPrompts } from "./ui/prompts.js";
import { registerRecipes } from "./ui/recipes/index.js";
import { registerReflection } from "./ui/reflect.js";
import { registerReviewKeys } from "./ui/review-keys.js";
import { registerRuns } from "./ui/runs/index.js";
import { registerSampling } from "./ui/sample.js";

/** Registers every feature and returns at once: no file is read and nothing native is loaded before it is asked for. */
export function activate(context: vscode.ExtensionContext): void {
  const services = createServices(context);
  const panels = registerPanels(services);
  const pool = registerPool(services, panels);
  const runs = registerRuns(services, panels);
  const models = registerModels(services);
  registerRecipes(services, panels);
  registerSampling(services);
  registerReflection(services, pool);
  registerReviewKeys(services, panels);
  registerLive(services, panels);
  registerComparison(services, panels);
  registerPeople(services, panels);
  registerImport(services, panels);
  registerPrompts(services, pool);
  registerMachine(services, [pool, runs, models]);
  context.subscriptions.push(panels, services);
}
