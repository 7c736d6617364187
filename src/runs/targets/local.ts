import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { assetFile } from "../../protocol/paths.js";
import { ErrataError } from "../../protocol/types.js";
import { startTime } from "../process.js";
import type { LocalTarget as Place } from "../recipe.js";
import { FILES, type Launch, readJson, type Spawned, writeJson } from "../run-folder.js";
import { ACCELERATE_FILE } from "./accelerate.js";
import type { Target } from "./types.js";

/**
 * This machine: the trainer as a detached process, several through torchrun (`python -m torch.distributed.run`), or
 * whatever an accelerate configuration says.
 */
export class LocalTarget implements Target {
  constructor(
    private readonly place: Place,
    private readonly python: () => Promise<string>,
  ) {}

  async start(folder: string, resume: boolean): Promise<void> {
    const python = await this.python();
    const launch = await readJson<Launch>(folder, FILES.launch);
    await rm(join(folder, FILES.control), { force: true });
    const time = Date.now() / 1000;
    const log = openSync(join(folder, FILES.log), "a");
    try {
      const args = [...launcher(this.place, folder), "-m", "errata_trainer", folder];
      const child = spawn(python, resume ? [...args, "--resume", String(launch?.resume_from)] : args, {
        cwd: folder,
        detached: true,
        stdio: ["ignore", log, log],
        env: environment(launch?.threads ?? 1),
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) =>
          reject(
            new ErrataError(`${python} could not be started: ${error.message}.`, undefined, "no-python"),
          ),
        );
      });
      const pid = child.pid ?? 0;
      const spawned: Spawned = { pid, time, started: (await startTime(pid)) ?? time };
      await writeJson(folder, FILES.process, spawned);
      child.unref();
    } finally {
      closeSync(log);
    }
  }

  async stop(folder: string): Promise<void> {
    await writeJson(folder, FILES.control, { command: "stop" });
  }
}

/** What stands between the interpreter and the trainer. */
function launcher(place: Place, folder: string): string[] {
  if (place.accelerate !== undefined) {
    const config = join(folder, ACCELERATE_FILE);
    return ["-m", "accelerate.commands.launch", "--config_file", config];
  }
  if (place.processes === 1) return [];
  return ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", String(place.processes)];
}

/** What a process of the trainer is started with. */
export function environment(threads: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PYTHONPATH: [assetFile("trainer"), process.env.PYTHONPATH].filter(Boolean).join(delimiter),
    PYTHONUNBUFFERED: "1",
    PYTHONUTF8: "1",
    // The grader is a program of ours: within VS Code process.execPath is Electron.
    ELECTRON_RUN_AS_NODE: "1",
    OMP_NUM_THREADS: String(threads),
    TOKENIZERS_PARALLELISM: "false",
    // Everything the trainer reads lies in folders.
    HF_HUB_OFFLINE: "1",
  };
}

/** Threads of one process where the recipe does not say: one core is left to the editor. */
export function threadsOf(place: Place): number {
  return Math.max(1, Math.floor((availableParallelism() - 1) / place.processes));
}
