import * as vscode from "vscode";
import { type CudaState, cudaPlan, setUpCuda } from "../runs/cuda.js";
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
  command(services, "setUpCuda", ["trust"], () => setUpGpu(services));
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

async function setUpGpu(services: Services): Promise<void> {
  const { log } = services;
  const go = "Set Up CUDA";
  const asked = { modal: true, detail: cudaPlan() };
  if ((await vscode.window.showInformationMessage("Set up CUDA for sampling?", asked, go)) !== go) return;
  const explicit = services.setting("python");
  const found: { state?: CudaState } = {};
  const done = await services.work.start({
    title: "Setting up CUDA",
    run: async (report, signal) => {
      const python = { ...(explicit ? { explicit } : {}), managed: MANAGED };
      found.state = await setUpCuda({ python, report, signal, log: (line) => log.info(`pip: ${line}`) });
    },
  });
  const { state } = found;
  if (!done || !state) return;
  for (const { name, folder } of state.libraries) log.info(`CUDA: ${name}: ${folder ?? "missing"}`);
  for (const { why, mend } of state.troubles) log.warn(`CUDA: ${why}. ${mend}`);
  if (state.works) {
    void vscode.window.showInformationMessage(
      "CUDA works: the embedded model gave the CPU's tokens on the GPU.",
    );
    return;
  }
  const [trouble] = state.troubles;
  const text = `CUDA is set up, but does not run here: ${trouble?.why ?? "the log says why"}. ${trouble?.mend.split("\n")[0] ?? ""}`;
  const chosen = await vscode.window.showWarningMessage(text.trim(), "Show Log", "Doctor");
  if (chosen === "Show Log") log.show();
  if (chosen === "Doctor") await vscode.commands.executeCommand("errata.doctor");
}
