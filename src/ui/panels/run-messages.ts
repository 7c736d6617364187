import { join } from "node:path";
import * as vscode from "vscode";
import type { RunDeed, RunFromView } from "../../protocol/run-panel.js";
import { METHOD_NAMES } from "../../protocol/run-words.js";
import { runWords } from "../runs/tree.js";
import type { Services } from "../services.js";
import { exportPlot } from "./run-export.js";
import type { RunFeed } from "./run-feed.js";

/** Answers what a Run panel's view asks for. Errors reach the person. */
export async function answer(services: Services, feed: RunFeed, message: RunFromView): Promise<void> {
  try {
    switch (message.type) {
      case "ready":
        feed.others.set(message.others.filter((id) => id !== feed.runId));
        await feed.snapshot();
        await feed.ask(message.rollouts);
        feed.followLog(message.log);
        if (message.zoom) feed.detail(message.zoom, message.axis);
        return;
      case "do":
        return await perform(services, feed, message.deed);
      case "add-runs":
        return await addRuns(services, feed);
      case "remove-run":
        return await feed.setOthers(feed.others.ids.filter((id) => id !== message.id));
      case "range":
        if (message.range) feed.detail(message.range, message.axis);
        return;
      case "rollouts":
        return await feed.ask(message.query);
      case "log":
        return feed.followLog(message.follow);
      case "export":
        return await exportPlot(services, feed, message.plot, message.view);
    }
  } catch (error) {
    services.fail(error);
  }
}

async function perform(services: Services, feed: RunFeed, deed: RunDeed): Promise<void> {
  const { run, runId } = feed;
  const call = (command: string, argument: unknown = runId) =>
    vscode.commands.executeCommand(command, argument);
  const show = (file: string) =>
    vscode.window.showTextDocument(vscode.Uri.file(join(run?.folder ?? "", file)), { preview: true });
  switch (deed) {
    case "stop":
      await services.runs.stop(runId);
      return;
    case "resume":
      await call("errata.resumeRun");
      return;
    case "compare":
      await call("errata.compare", run?.modelId ? await services.models.get(run.modelId) : undefined);
      return;
    case "clone":
      await call("errata.cloneRecipe");
      return;
    case "delete":
      await call("errata.deleteRun");
      return;
  }
  if (!run) return;
  if (deed === "folder") await call("revealInExplorer", vscode.Uri.file(run.folder));
  else if (deed === "log") await show("log.txt");
  else if (deed === "recipe") await show("recipe.json");
  else if (feed.rolloutsFile) await show(feed.rolloutsFile);
}

/** Every run but this one, those that are drawn already ticked. */
async function addRuns(services: Services, feed: RunFeed): Promise<void> {
  const runs = (await services.runs.list()).filter((run) => run.id !== feed.runId);
  const shown = new Set(feed.others.ids);
  const items = runs.map((run) => ({
    label: run.name,
    description: [METHOD_NAMES[run.method] ?? run.method, runWords(run)].filter(Boolean).join(" · "),
    ...(run.id === run.name ? {} : { detail: run.id }),
    picked: shown.has(run.id),
    id: run.id,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Compare With Runs",
    placeHolder: runs.length === 0 ? "There is no other run yet" : "Drawn over this run, a colour each",
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen) await feed.setOthers(chosen.map(({ id }) => id));
}
