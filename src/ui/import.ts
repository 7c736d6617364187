import * as vscode from "vscode";
import { command } from "./commands.js";
import type { Panels } from "./panels/index.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";

/** More panels than this nobody wants at once. */
const MANY = 8;

/** Import Attempts…, and Open in Error Pool: each file is shown first; nothing is written before its Import is pressed. */
export function registerImport(services: Services, panels: Panels): void {
  command(services, "importAttempts", ["folder"], async (...args) => {
    const [given] = args;
    open(panels, given instanceof vscode.Uri ? [given] : await ask(services));
  });
  // The explorer passes the clicked file, and all that are selected.
  command(services, "openInErrorPool", ["folder"], (clicked, selected) => {
    const all = Array.isArray(selected) && selected.length > 0 ? selected : [clicked];
    open(
      panels,
      all.filter((one): one is vscode.Uri => one instanceof vscode.Uri),
    );
  });
}

async function ask(services: Services): Promise<vscode.Uri[]> {
  const chosen = await vscode.window.showOpenDialog({
    title: "Import Attempts",
    openLabel: "Look at It",
    canSelectMany: true,
    defaultUri: vscode.Uri.file(services.workspace),
    filters: {
      "Logs, tables and Errata exports": ["jsonl", "json", "csv", "parquet", "eval"],
      "All files": ["*"],
    },
  });
  return chosen ?? [];
}

function open(panels: Panels, files: readonly vscode.Uri[]): void {
  for (const { fsPath } of files.slice(0, MANY)) panels.import(fsPath);
  if (files.length <= MANY) return;
  void inform(
    `${MANY} of ${files.length} files were opened. Choose the others once these are imported, or import all of them by \`errata import\`.`,
  );
}
