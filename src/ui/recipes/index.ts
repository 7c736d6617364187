import * as vscode from "vscode";
import { command } from "../commands.js";
import type { Panels } from "../panels/index.js";
import { askRecipe } from "../runs/index.js";
import type { Services } from "../services.js";
import { RecipeChecks } from "./checks.js";
import { refreshSchema } from "./new-recipe.js";
import { isRecipe, RECIPES } from "./selector.js";

/** "▶ Start Run" and "Preview" above a recipe. */
class RecipeLenses implements vscode.CodeLensProvider {
  constructor(
    private readonly services: Services,
    readonly onDidChangeCodeLenses: vscode.Event<void>,
  ) {}

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0);
    const { running } = this.services.work;
    return [
      new vscode.CodeLens(top, {
        command: "errata.startRun",
        title: running ? "$(loading~spin) Start Run" : "$(play) Start Run",
        tooltip: running
          ? `${running} is going on: the run would share the machine with it`
          : "Checks the recipe and starts the trainer; it goes on when this window closes",
        arguments: [document.uri],
      }),
      new vscode.CodeLens(top, {
        command: "errata.previewRun",
        title: "$(checklist) Preview",
        tooltip: "What the run would do, what it takes, and which tokens receive what; starts nothing",
        arguments: [document.uri],
      }),
      new vscode.CodeLens(top, {
        command: "errata.setUpTraining",
        title: "Set Up Training",
        tooltip: "Makes the Python environment that training needs, once",
      }),
    ];
  }
}

export function registerRecipes(services: Services, panels: Panels): RecipeChecks {
  command(services, "previewRun", ["folder", "trust"], async (uri) => {
    const recipe = uri instanceof vscode.Uri ? uri : await askRecipe(services, "Preview Run");
    if (!recipe) return;
    const open = vscode.workspace.textDocuments.find((one) => one.uri.toString() === recipe.toString());
    if (open?.isDirty && !(await open.save())) return;
    panels.preview(recipe.fsPath);
  });
  const checks = new RecipeChecks(services);
  services.context.subscriptions.push(
    checks,
    vscode.languages.registerCodeLensProvider(RECIPES, new RecipeLenses(services, services.work.onDidChange)),
    vscode.workspace.onDidOpenTextDocument((document) => opened(document, checks, services)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => checks.later(document)),
    vscode.workspace.onDidCloseTextDocument((document) => checks.forget(document)),
  );
  for (const document of vscode.workspace.textDocuments) opened(document, checks, services);
  return checks;
}

function opened(document: vscode.TextDocument, checks: RecipeChecks, services: Services): void {
  if (!isRecipe(document)) return;
  checks.later(document);
  refreshSchema(services).catch((error: unknown) =>
    services.log.debug("the recipe schema stays as it is", error),
  );
}
