import * as vscode from "vscode";
import type { AttemptQuery, PoolGrouping } from "../../pool/types.js";
import type { Verdict } from "../../protocol/types.js";
import type { PoolViewState } from "./view.js";

interface Choice extends vscode.QuickPickItem {
  apply(query: AttemptQuery): AttemptQuery;
  holds(query: AttemptQuery): boolean;
}

const verdict = (value: Verdict, label: string): Choice => ({
  label,
  apply: (query) => ({ ...query, verdicts: [...(query.verdicts ?? []), value] }),
  holds: (query) => query.verdicts?.includes(value) ?? false,
});

const CHOICES: readonly Choice[] = [
  {
    label: "Not reviewed yet",
    apply: (query) => ({ ...query, reviewed: false }),
    holds: (query) => query.reviewed === false,
  },
  {
    label: "Reviewed",
    // Both ticked is no restriction.
    apply: ({ reviewed, ...query }) => (reviewed === false ? query : { ...query, reviewed: true }),
    holds: (query) => query.reviewed === true,
  },
  verdict("incorrect", "Incorrect"),
  verdict("unscored", "Could not be scored"),
  verdict("truncated", "Cut off at the token limit"),
  verdict("correct", "Correct"),
  {
    label: "Every attempt",
    description: "not only those that the pool keeps",
    apply: (query) => ({ ...query, scope: "all" }),
    holds: (query) => query.scope === "all",
  },
];

/** Text and ticks in one box; resolves when it is closed. */
export function askFilter(state: PoolViewState): Promise<void> {
  const box = vscode.window.createQuickPick<Choice>();
  box.title = "Filter the Error Pool";
  box.placeholder = "Text in the problem, the solution or the answer; tick what to keep; Enter applies";
  box.canSelectMany = true;
  // What is typed is the text to look for, so it must not hide the ticks.
  box.items = CHOICES.map((choice) => ({ ...choice, alwaysShow: true }));
  box.selectedItems = box.items.filter((choice) => choice.holds(state.query));
  box.value = state.query.text ?? "";
  return new Promise((resolve) => {
    box.onDidAccept(async () => {
      // The tree shows a real minus sign; the files have a hyphen.
      const text = box.value.trim().replaceAll("−", "-");
      const query = box.selectedItems.reduce<AttemptQuery>(
        (so_far, choice) => choice.apply(so_far),
        text ? { text } : {},
      );
      box.hide();
      // Pool members are wrong by definition: asking for other verdicts means every attempt.
      const beyond = query.verdicts?.some((value) => value !== "incorrect");
      await state.set({ query: beyond ? { ...query, scope: "all" } : query });
    });
    box.onDidHide(() => {
      box.dispose();
      resolve();
    });
    box.show();
  });
}

const GROUPINGS: readonly (vscode.QuickPickItem & { value: PoolGrouping })[] = [
  { value: "problem", label: "$(symbol-operator) Problem", description: "every problem, its attempts below" },
  { value: "level", label: "$(layers) Level" },
  { value: "kind", label: "$(tag) Kind of problem" },
  { value: "answer", label: "$(symbol-numeric) Answer", description: "the same wrong answer together" },
  { value: "errorType", label: "$(bug) Error type" },
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
