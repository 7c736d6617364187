import * as vscode from "vscode";
import { ensureEnvironment } from "../runs/environment.js";
import { MANAGED } from "../runs/python.js";
import { command } from "./commands.js";
import { Doctor } from "./doctor.js";
import type { Services } from "./services.js";
import { Walkthrough } from "./walkthrough.js";

/** What is about this machine and this window: the doctor, the training environment, the log. */
export function registerMachine(services: Services, trees: readonly { refresh(): void }[]): void {
  const refresh = () => {
    for (const tree of trees) tree.refresh();
  };
  const doctor = new Doctor(services);
  services.context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(refresh), doctor);
  command(services, "refresh", [], refresh);
  command(services, "showLog", [], () => services.log.show());
  command(services, "walkthrough", [], () => new Walkthrough(services.context).open());
  command(services, "setUpTraining", ["trust"], () => setUpTraining(services));
  command(services, "doctor", ["trust"], () => doctor.show());
}

async function setUpTraining(services: Services): Promise<void> {
  const { log } = services;
  const base = services.setting("python");
  const done = await services.work.start({
    title: "Setting up the training environment",
    run: async (report, signal) => {
      const folder = MANAGED;
      log.info(`Training environment: ${folder}`);
      const made = await ensureEnvironment({
        folder,
        ...(base ? { base } : {}),
        report,
        signal,
        log: (line) => log.info(`pip: ${line}`),
      });
      log.info(`Training environment is ready: Python ${made.version}`);
    },
  });
  if (!done) return;
  const chosen = await vscode.window.showInformationMessage(
    "The training environment is ready. A recipe starts a run.",
    "New Run Recipe…",
  );
  if (chosen) await vscode.commands.executeCommand("errata.newRecipe");
}
