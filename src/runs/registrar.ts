import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Models } from "../inference/types.js";
import type { RunEvent } from "../protocol/events.js";
import { FILES, type Launch, readJson, writeJson } from "./run-folder.js";
import type { RunInfo } from "./types.js";

/**
 * Puts the models that runs export into `models.json`, with where they came from. Whoever notices first does it:
 * this window, another one, the command line; the id is the run's, so doing it twice changes nothing.
 */
export class Registrar {
  private readonly pending = new Map<string, Promise<string | null>>();

  constructor(private readonly models: Models) {}

  /** The id of the run's model; null when it has none, or when a person took it off the list. */
  register(info: Omit<RunInfo, "modelId">, events: readonly RunEvent[]): Promise<string | null> {
    const pending = this.pending.get(info.id);
    if (pending) return pending;
    const work = this.registerNow(info, events).finally(() => this.pending.delete(info.id));
    this.pending.set(info.id, work);
    return work;
  }

  private async registerNow(
    info: Omit<RunInfo, "modelId">,
    events: readonly RunEvent[],
  ): Promise<string | null> {
    const done = await readJson<{ modelId: string }>(info.folder, FILES.registered);
    const end = events.findLast((event) => event.type === "end");
    const ended = info.status === "finished" || info.status === "stopped";
    // Attempts are stored by the model's id: what a stopped run left and what it ends with are two models.
    const modelId = info.status === "finished" ? info.id : `${info.id}-step-${info.step}`;
    if (!ended || end?.type !== "end" || end.model === undefined || done?.modelId === modelId) {
      const known = done && (await this.models.list()).some((model) => model.id === done.modelId);
      return known ? done.modelId : null;
    }
    const folder = join(info.folder, end.model);
    // A run's folder may come from elsewhere: what it names must lie within it.
    if (!folder.startsWith(info.folder) || !existsSync(folder)) return null;
    const launch = await readJson<Launch>(info.folder, FILES.launch);
    const trainable = join(folder, "hf");
    try {
      // The export of an earlier stop has been overwritten.
      if (done) await this.models.remove(done.modelId).catch(() => {});
      const { id } = await this.models.add(folder, {
        id: modelId,
        name: modelId,
        base: info.model,
        run: info.id,
        ...(launch?.prompts ? { prompts: launch.prompts } : {}),
        ...(existsSync(trainable) ? { trainable } : {}),
      });
      await writeJson(info.folder, FILES.registered, { modelId: id });
      return id;
    } catch {
      // Read-only workspace, or an export that is no model: the run is shown all the same.
      return null;
    }
  }
}
