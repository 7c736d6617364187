import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { PlotView } from "../../protocol/run-panel.js";
import { PLOTS } from "../../protocol/run-plots.js";
import { ErrataError } from "../../protocol/types.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { csv, type ExportedRun } from "./run-csv.js";
import type { RunFeed } from "./run-feed.js";
import { svg } from "./run-svg.js";

const FORMATS = [
  { label: "CSV", detail: "Every step of every shown run, none averaged", ending: "csv" },
  { label: "SVG", detail: "As shown: range, smoothing and scale; light, for papers", ending: "svg" },
] as const;

/** Saves a plot (or, without one, all figures) of a panel's runs where a person says. */
export async function exportPlot(
  services: Services,
  feed: RunFeed,
  id: string | null,
  view: PlotView,
): Promise<void> {
  const plot = PLOTS.find((one) => one.id === id) ?? null;
  const formats = plot ? FORMATS : FORMATS.slice(0, 1);
  const title = plot ? `Export “${plot.title}”` : "Export All Figures";
  const chosen =
    formats.length > 1
      ? await vscode.window.showQuickPick(formats, { title, placeHolder: "Format" })
      : formats[0];
  if (!chosen) return;
  const runs = await exported(services, feed);
  if (runs.every(({ data }) => data.points.length === 0)) {
    throw new ErrataError(
      "Nothing was measured yet.",
      "Export again after the first step.",
      "nothing-measured",
    );
  }
  const name = `${feed.runId}-${plot?.id ?? "figures"}.${chosen.ending}`;
  const file = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(services.workspace, name)),
    filters: { [chosen.label]: [chosen.ending] },
  });
  if (!file) return;
  await writeFile(file.fsPath, plot && chosen.ending === "svg" ? svg(plot, runs, view) : csv(plot, runs));
  const open = await inform(`Saved ${vscode.workspace.asRelativePath(file)}.`, "Open");
  if (open) await vscode.commands.executeCommand("vscode.open", file);
}

async function exported(services: Services, feed: RunFeed): Promise<ExportedRun[]> {
  const others = await Promise.all(
    [...feed.others.data()].map(async ([id, data]) => ({ name: (await services.runs.get(id)).name, data })),
  );
  return [{ name: feed.run?.name ?? feed.runId, data: feed.data }, ...others];
}
