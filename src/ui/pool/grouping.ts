import * as vscode from "vscode";
import type { TreeGrouping } from "./nodes.js";
import type { PoolViewState } from "./view.js";

const GROUPINGS: readonly (vscode.QuickPickItem & { value: TreeGrouping })[] = [
  { value: "problem", label: "$(symbol-operator) Problem", description: "every problem, its attempts below" },
  { value: "level", label: "$(layers) Level" },
  { value: "kind", label: "$(symbol-class) Kind of problem" },
  { value: "answer", label: "$(symbol-numeric) Answer", description: "the same wrong answer together" },
  { value: "errorType", label: "$(bug) Error type", description: "as the rubric lists them" },
  { value: "label", label: "$(tag) Label", description: "an attempt stands under each of its labels" },
  { value: "decision", label: "$(law) Decision", description: "correction accepted, rejected, or neither" },
  { value: "rating", label: "$(star-empty) Rating", description: "of the reflection, overall" },
  { value: "firstWrong", label: "$(list-ordered) First wrong step" },
  { value: "model", label: "$(circuit-board) Model", description: "that made the attempt" },
  { value: "run", label: "$(graph-line) Run", description: "that trained the model" },
];

export async function askGrouping(state: PoolViewState): Promise<void> {
  const items = GROUPINGS.map((item) =>
    item.value === state.grouping ? { ...item, picked: true, detail: "now" } : item,
  );
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Group the Error Pool By",
    placeHolder: "Problems of one group stand together",
  });
  if (chosen) await state.set({ grouping: chosen.value });
}
