import * as vscode from "vscode";
import { type MergePreview, openMerge } from "../pool/merge.js";
import { countWords, previewWords } from "../pool/merge-words.js";
import { command } from "./commands.js";
import type { Panels } from "./panels/index.js";
import { needPool } from "./pool/index.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";

/** Several people on one pool: how far they agree, and another's pool merged into this one. */
export function registerPeople(services: Services, panels: Panels): void {
  command(services, "agreement", ["folder"], async () => {
    await needPool(services);
    panels.agreement();
  });
  command(services, "mergePool", ["folder", "trust"], async (...args) => {
    const [given] = args;
    const file = given instanceof vscode.Uri ? given : await askFile(services);
    if (file) await merge(services, file.fsPath);
  });
}

async function askFile(services: Services): Promise<vscode.Uri | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Merge Another Pool: a pool.sqlite of an .errata Folder, or a Backup of One",
      openLabel: "Look at It",
      filters: { "Error pool": ["sqlite", "db"], "All files": ["*"] },
      defaultUri: vscode.Uri.file(services.workspace),
    })) ?? [];
  return file;
}

/** The preview is asked about within the job: the copy it was made from is what is then merged. */
async function merge(services: Services, file: string): Promise<void> {
  const pool = await services.pool();
  let added = "";
  const done = await services.work.start({
    title: "Merging a pool",
    run: async (report, signal) => {
      report({ stage: "Reading the other pool", done: 0, total: 0 });
      const merging = await openMerge(pool, file);
      try {
        if (signal.aborted || !(await confirmed(merging.preview))) return;
        added = countWords(await merging.apply(report, signal));
      } finally {
        await merging.close();
      }
    },
  });
  if (!done || added === "") return;
  const show = "Show Agreement";
  if ((await inform(`Merged: ${added}.`, show)) === show) {
    await vscode.commands.executeCommand("errata.agreement");
  }
}

async function confirmed(preview: MergePreview): Promise<boolean> {
  const nothing = Object.values(preview.adds).every((n) => n === 0);
  const detail = previewWords(preview).join("\n");
  if (nothing) {
    await inform("There is nothing new in this pool.", { modal: true, detail });
    return false;
  }
  const go = "Merge";
  return (await inform("Merge this pool?", { modal: true, detail }, go)) === go;
}
