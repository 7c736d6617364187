import * as vscode from "vscode";

/** Recipes are any `*.errata.json`, wherever they lie. */
export const RECIPES: vscode.DocumentSelector = [
  { language: "json", scheme: "file", pattern: "**/*.errata.json" },
  { language: "jsonc", scheme: "file", pattern: "**/*.errata.json" },
];

export function isRecipe(document: vscode.TextDocument): boolean {
  return vscode.languages.match(RECIPES, document) > 0;
}
