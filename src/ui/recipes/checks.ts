import * as vscode from "vscode";
import { lineOfField } from "../../protocol/json-lines.js";
import { ErrataError } from "../../protocol/types.js";
import { type CompleteRecipe, parseRecipe, RecipeContradiction } from "../../runs/recipe.js";
import { type RecipeFault, recipeFaults } from "../../runs/recipe-faults.js";
import type { Services } from "../services.js";
import { isRecipe } from "./selector.js";

const WAIT_MS = 300;

/** Marks in a recipe what its schema cannot know: is the model there, are its problems, is anything left to learn from? */
export class RecipeChecks implements vscode.Disposable {
  private readonly marks = vscode.languages.createDiagnosticCollection("errata");
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly services: Services) {}

  later(document: vscode.TextDocument): void {
    if (!isRecipe(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        void this.check(document);
      }, WAIT_MS),
    );
  }

  forget(document: vscode.TextDocument): void {
    clearTimeout(this.timers.get(document.uri.toString()));
    this.marks.delete(document.uri);
  }

  async check(document: vscode.TextDocument): Promise<void> {
    const text = document.getText();
    const found = await this.faults(text, document.uri.fsPath);
    if (document.getText() !== text) return;
    const marks = found.map(({ path, message, severity }) => {
      const line = document.lineAt(Math.min(document.lineCount, lineOfField(text, path)) - 1);
      const range = new vscode.Range(
        line.range.start.translate(0, line.firstNonWhitespaceCharacterIndex),
        line.range.end,
      );
      const { Error: error, Warning: warning } = vscode.DiagnosticSeverity;
      const mark = new vscode.Diagnostic(range, message, severity === "error" ? error : warning);
      mark.source = "Errata";
      return mark;
    });
    this.marks.set(document.uri, marks);
  }

  private async faults(text: string, file: string): Promise<RecipeFault[]> {
    let recipe: CompleteRecipe;
    try {
      recipe = parseRecipe(text, file);
    } catch (error) {
      // What the JSON schema marks already, at the right place, is not marked twice.
      if (!(error instanceof RecipeContradiction)) return [];
      const [, message = error.message] = /:\d+: (.*)$/s.exec(error.message) ?? [];
      return [{ path: error.path, message: `${message} ${error.hint ?? ""}`, severity: "error" }];
    }
    const model = await this.modelProblem(recipe.model);
    const pool = await this.services.poolIfAny().catch(() => undefined);
    return [
      ...(model ? [{ path: ["model"], message: model, severity: "error" as const }] : []),
      ...(await recipeFaults(recipe, pool)),
    ];
  }

  private async modelProblem(id: string): Promise<string | undefined> {
    try {
      const model = await this.services.models.get(id);
      return model.trainable
        ? undefined
        : `${model.name} has no trainable weights beside it: it can sample, but no run can start from it.`;
    } catch (error) {
      return error instanceof ErrataError
        ? [error.message, error.hint].filter(Boolean).join(" ")
        : `The model ${id} cannot be read: ${String(error)}`;
    }
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.marks.dispose();
  }
}
