import * as vscode from "vscode";
import { type CudaState, cudaPlan, setUpCuda } from "../runs/cuda.js";
import { ensureEnvironment, installInto } from "../runs/environment.js";
import { MANAGED, probe, requirements, troubles } from "../runs/python.js";
import { command } from "./commands.js";
import { Doctor } from "./doctor.js";
import { inform, warn } from "./say.js";
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
  const own = services.setting("python");
  const into = own ? await askWhere(own) : "managed";
  if (into === undefined) return;
  const torchIndex = services.setting("torchIndex");
  const done = await services.work.start({
    title: "Setting up the training environment",
    run: async (report, signal) => {
      const options = {
        ...{ report, signal, log: (line: string) => log.info(`pip: ${line}`) },
        ...(torchIndex ? { torchIndex } : {}),
      };
      log.info(`Training environment: ${into === "own" ? own : MANAGED}`);
      const made =
        into === "own"
          ? await installInto(own, options)
          : await ensureEnvironment({ folder: MANAGED, ...options });
      log.info(`Training environment is ready: Python ${made.version}, PyTorch ${made.packages.torch}`);
    },
  });
  if (!done) return;
  const chosen = await inform("The training environment is ready. A recipe starts a run.", "New Run Recipe…");
  if (chosen) await vscode.commands.executeCommand("errata.newRecipe");
}

/** A person who has named an interpreter is asked before anything is installed into it. */
async function askWhere(own: string): Promise<"own" | "managed" | undefined> {
  const info = await probe(own, [...(await requirements()).keys()]);
  const wrong = info ? troubles(info, await requirements()) : ["an interpreter that runs"];
  const install = "Install Into It";
  const managed = "Use Errata's Own Environment";
  const detail =
    wrong.length === 0
      ? "It has everything that training needs."
      : `It lacks:\n${wrong.map((each) => `· ${each}`).join("\n")}\n\nErrata's own environment lies in ${MANAGED}; the setting is then emptied.`;
  const chosen = await inform(
    `The setting errata.python names ${own}.`,
    { modal: true, detail },
    ...(wrong.length === 0 ? [] : [install]),
    managed,
  );
  if (chosen === install) return "own";
  if (chosen !== managed) return undefined;
  await vscode.workspace
    .getConfiguration("errata")
    .update("python", undefined, vscode.ConfigurationTarget.Global);
  return "managed";
}

async function setUpGpu(services: Services): Promise<void> {
  const { log } = services;
  const go = "Set Up CUDA";
  const asked = { modal: true, detail: cudaPlan() };
  if ((await inform("Set up CUDA for sampling?", asked, go)) !== go) return;
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
    void inform("CUDA works: the embedded model gave the CPU's tokens on the GPU.");
    return;
  }
  const [trouble] = state.troubles;
  const text = `CUDA is set up, but does not run here: ${trouble?.why ?? "the log says why"}. ${trouble?.mend.split("\n")[0] ?? ""}`;
  const chosen = await warn(text.trim(), "Show Log", "Doctor");
  if (chosen === "Show Log") log.show();
  if (chosen === "Doctor") await vscode.commands.executeCommand("errata.doctor");
}
