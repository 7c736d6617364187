import * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import { ErrataError } from "../../protocol/types.js";
import { filterWords } from "./filter-words.js";
import { nameFault, type SavedFilter, type SavedFilters } from "./saved-filters.js";
import type { Catalogue } from "./shape.js";
import { inPick } from "./text.js";

/** Gives a filter a name, to come back to it. */
export async function askSaveFilter(saved: SavedFilters, query: AttemptQuery): Promise<void> {
  if (Object.keys(query).length === 0) {
    throw new ErrataError(
      "There is no filter to save: the tree shows the whole pool.",
      "Filter the Error Pool first.",
      "no-filter",
    );
  }
  const name = await vscode.window.showInputBox({
    title: "Save This Filter",
    prompt: "It stands first in the filter box, in this workspace",
    value: saved.of(query)?.name ?? "",
    validateInput: (text) => {
      const fault = nameFault(text);
      if (fault) return fault;
      if (!saved.all.some((filter) => filter.name === text.trim())) return undefined;
      return {
        message: "A filter of this name is there; it will be replaced",
        severity: vscode.InputBoxValidationSeverity.Info,
      };
    },
  });
  if (name !== undefined) await saved.save(name.trim(), query);
}

type Row = vscode.QuickPickItem & { saved: SavedFilter };
const FORGET: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Delete" };

/** One of the saved filters; undefined when none was chosen. */
export async function askSavedFilter(
  saved: SavedFilters,
  catalogue: Catalogue,
): Promise<SavedFilter | undefined> {
  if (saved.all.length === 0) {
    throw new ErrataError(
      "No filter is saved in this workspace.",
      "Filter the Error Pool, then save the filter under a name.",
      "no-filter",
    );
  }
  const box = vscode.window.createQuickPick<Row>();
  box.title = "Use a Saved Filter";
  box.placeholder = "Enter applies; the bin deletes";
  box.matchOnDescription = true;
  const draw = (): void => {
    box.items = saved.all.map((each) => ({
      ...{ saved: each, label: `$(bookmark) ${inPick(each.name)}`, buttons: [FORGET] },
      description: inPick(filterWords(each.query, catalogue)),
    }));
  };
  draw();
  return new Promise((resolve) => {
    box.onDidTriggerItemButton(({ item }) => void saved.remove(item.saved.name).then(draw));
    box.onDidAccept(() => {
      resolve(box.selectedItems[0]?.saved);
      box.hide();
    });
    box.onDidHide(() => {
      box.dispose();
      resolve(undefined);
    });
    box.show();
  });
}
