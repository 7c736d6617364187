import * as vscode from "vscode";
import type { Services } from "../services.js";
import { RecipeChecks } from "./checks.js";
import { refreshSchema } from "./new-recipe.js";
import { isRecipe, RECIPES } from "./selector.js";

/** "▶ Start run" above a recipe. */
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
        command: "errata.setUpTraining",
        title: "Set Up Training",
        tooltip: "Makes the Python environment that training needs, once",
      }),
    ];
  }
}

export function registerRecipes(services: Services): RecipeChecks {
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
