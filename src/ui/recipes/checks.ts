import { stat } from "node:fs/promises";
import * as vscode from "vscode";
import { ErrataError } from "../../protocol/types.js";
import { lineOfField } from "../../runs/json-lines.js";
import { type CompleteRecipe, parseRecipe } from "../../runs/recipe.js";
import type { Services } from "../services.js";
import { isRecipe } from "./selector.js";

const WAIT_MS = 300;

/** Marks in a recipe what its schema cannot know: is the model there, can it be trained, is the problem set there? */
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
    let recipe: CompleteRecipe;
    try {
      recipe = parseRecipe(text, document.uri.fsPath);
    } catch {
      // The JSON schema marks these already, at the right place.
      this.marks.delete(document.uri);
      return;
    }
    const mark = (field: string, message: string): vscode.Diagnostic => {
      const line = document.lineAt(Math.min(document.lineCount, lineOfField(text, [field])) - 1);
      const range = new vscode.Range(
        line.lineNumber,
        line.firstNonWhitespaceCharacterIndex,
        line.lineNumber,
        line.text.length,
      );
      const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
      diagnostic.source = "Errata";
      return diagnostic;
    };
    const found: vscode.Diagnostic[] = [];
    const model = await this.modelProblem(recipe.model);
    if (model) found.push(mark("model", model));
    if (!(await isFile(recipe.problems)))
      found.push(
        mark("problems", `There is no problem set at ${recipe.problems} (paths are relative to this file).`),
      );
    if (document.getText() === text) this.marks.set(document.uri, found);
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

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
