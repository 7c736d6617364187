import { basename, join, relative, sep } from "node:path";
import * as vscode from "vscode";
import { exportPool } from "../exchange/export.js";
import { safeName } from "../exchange/file-name.js";
import { FORMATS } from "../exchange/formats/index.js";
import { exportWords } from "../exchange/tell.js";
import type { ExportResult, FormatEntry } from "../exchange/types.js";
import type { Selection } from "../pool/export.js";
import type { AttemptQuery } from "../pool/types.js";
import { ErrataError } from "../protocol/types.js";
import { command } from "./commands.js";
import { attemptsOf, idsOf, isNode, needPool, rowsOf } from "./pool/selection.js";
import type { PoolTree } from "./pool/tree.js";
import type { PoolViewState } from "./pool/view.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";
import { count } from "./words.js";

/** Export…. What the tree shows, and what is selected in it, can be exported alone. */
export function registerExchange(services: Services, tree: PoolTree, state: PoolViewState): void {
  command(services, "export", ["folder"], async (...args) => {
    await needPool(services);
    const format = await askFormat(services);
    if (!format) return;
    const selection = await askSelection(services, format, args, tree, state);
    if (!selection) return;
    const file = await askFile(services, format);
    if (file) await exportTo(services, format, selection, file);
  });
}

/** Formats in a list. Prompts are templates of the pool's: nothing renders them where the folder is not trusted. */
async function askFormat(services: Services): Promise<FormatEntry | undefined> {
  const barred = (format: FormatEntry): boolean => format.renders && !services.trusted;
  const chosen = await vscode.window.showQuickPick(
    FORMATS.map((format) => ({
      label: `${barred(format) ? "$(lock)" : "$(export)"} ${format.title}`,
      detail: barred(format) ? "Renders prompt templates: not in Restricted Mode" : format.description,
      format,
    })),
    {
      title: "Export (1/3): Format",
      placeHolder: "What machines suggested is never a person's label; every row says who said it",
      matchOnDetail: true,
      ignoreFocusOut: true,
    },
  );
  if (chosen && barred(chosen.format)) {
    throw new ErrataError(
      "This workspace is in Restricted Mode, where no prompt template is rendered.",
      "Trust it if you know who made its files, or choose a format without prompts: Errata, Parquet, Label Studio, stepwise.",
      "untrusted",
    );
  }
  return chosen?.format;
}

interface What extends vscode.QuickPickItem {
  selection: Selection | "rows";
}

/** Ids that another part passes (`{ ids }`) and clicked rows are taken as they are; else a person is asked. */
async function askSelection(
  services: Services,
  format: FormatEntry,
  args: unknown[],
  tree: PoolTree,
  state: PoolViewState,
): Promise<Selection | undefined> {
  const [first] = args;
  const given = idsOf(first);
  if (given) return { ids: given };
  const rows = rowsOf(args, tree).filter(({ type }) => type !== "more");
  const selected = async (): Promise<AttemptQuery> => ({ ids: await attemptsOf(rows, services, tree) });
  if (isNode(first) && rows.length > 0) return selected();
  const all =
    format.selection === "everything" ? "with evaluations and second tries" : "right and wrong ones";
  const items: What[] = [
    { label: "$(database) Every Attempt", description: all, selection: format.selection },
    { label: "$(bug) The Error Pool", description: "telling errors alone", selection: { scope: "pool" } },
    {
      label: "$(verified) What Was Reviewed",
      description: "right and wrong ones that a person judged",
      selection: { scope: "all", reviewed: true },
    },
    ...(state.filtered
      ? [{ label: "$(filter) What the Tree Shows", description: "by its filter", selection: state.query }]
      : []),
    ...(rows.length > 0
      ? [
          {
            label: "$(list-selection) What Is Selected in the Tree",
            description: count(rows.length, "row"),
            selection: "rows" as const,
          },
        ]
      : []),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: `Export (2/3): Which Attempts, as ${format.title}`,
    placeHolder: "Which attempts",
    ignoreFocusOut: true,
  });
  return chosen && (chosen.selection === "rows" ? selected() : chosen.selection);
}

/** The dialog asks before it gives the name of a file that is there. */
async function askFile(services: Services, format: FormatEntry): Promise<string | undefined> {
  // Our own format and ProcessBench end alike: the name says which it is.
  const name = `${safeName(basename(services.workspace))}-${format.id}.${format.ending}`;
  const chosen = await vscode.window.showSaveDialog({
    title: `Export (3/3): ${format.title}`,
    saveLabel: "Export",
    defaultUri: vscode.Uri.file(join(services.workspace, name)),
    filters: { [format.title]: [format.ending] },
  });
  return chosen?.fsPath;
}

async function exportTo(
  services: Services,
  format: FormatEntry,
  selection: Selection,
  file: string,
): Promise<void> {
  let result: ExportResult | undefined;
  const done = await services.work.start({
    title: `Exporting ${format.title} to ${basename(file)}`,
    run: async (report, signal) => {
      const pool = await needPool(services);
      result = await exportPool(
        pool,
        { format: format.id, file, selection, overwrite: true },
        report,
        signal,
      );
    },
  });
  if (!done || !result) return;
  const { summary, skipped } = exportWords(result);
  services.log.info(`${summary} ${file}`);
  for (const line of skipped) services.log.info(`  skipped: ${line}`);
  const words = skipped.length > 0 ? `${summary.slice(0, -1)}: ${skipped.join("; ")}.` : summary;
  const beside =
    result.beside.length > 0 ? ` Beside it: ${result.beside.map((b) => basename(b)).join(", ")}.` : "";
  const readable = format.ending !== "parquet";
  const chosen = await inform(`${words}${beside}`, ...(readable ? ["Open"] : []), "Reveal");
  const uri = vscode.Uri.file(file);
  if (chosen === "Open") await vscode.commands.executeCommand("vscode.open", uri);
  if (chosen === "Reveal") {
    // The system's file manager is far away where all of this runs on another machine.
    const path = relative(services.workspace, file);
    const within = path !== ".." && !path.startsWith(`..${sep}`);
    await vscode.commands.executeCommand(within ? "revealInExplorer" : "revealFileInOS", uri);
  }
}
