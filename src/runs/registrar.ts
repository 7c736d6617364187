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
    if (done) {
      const there = (await this.models.list()).some((model) => model.id === done.modelId);
      return there ? done.modelId : null;
    }
    if (info.status !== "finished" && info.status !== "stopped") return null;
    const end = events.findLast((event) => event.type === "end");
    if (end?.type !== "end" || end.model === undefined) return null;
    const folder = join(info.folder, end.model);
    // A run's folder may come from elsewhere: what it names must lie within it.
    if (!folder.startsWith(info.folder) || !existsSync(folder)) return null;
    const launch = await readJson<Launch>(info.folder, FILES.launch);
    const trainable = join(folder, "hf");
    try {
      const { id } = await this.models.add(folder, {
        id: info.id,
        name: info.id,
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
