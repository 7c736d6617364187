import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../protocol/events.js";
import { resumeWords } from "../protocol/run-words.js";
import { ErrataError, type Report } from "../protocol/types.js";
import { EventLog, tail } from "./event-log.js";
import { installed, type LaunchContext, prepareRun } from "./launcher.js";
import { lock } from "./lock.js";
import { type PreviewedRun, previewRun } from "./preview.js";
import { Registrar } from "./registrar.js";
import { FILES, type Launch, readJson, writeJson } from "./run-folder.js";
import { isAlive, readStatus } from "./status.js";
import { Targets } from "./targets/index.js";
import type { RunInfo, Runs } from "./types.js";

/** Held in a run's folder by whoever starts or deletes it. */
const LOCK = "launch.lock";

/** How often the runs are looked at while somebody listens: other windows and the trainers change them. */
const POLL_MS = 1000;

/** Of each type of event, as many of the last ones are kept in memory; `readStatus` looks at 20 steps. */
const LAST_EVENTS = 100;

/** A trainer says its last word a moment before its process ends. */
const LEAVING_MS = 20_000;

/** Waits for a trainer that has said its last word to be gone; false when it stays. */
async function isGone(folder: string): Promise<boolean> {
  const end = Date.now() + LEAVING_MS;
  while (await isAlive(folder)) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}

async function refuseAlive({ id, folder, status }: Omit<RunInfo, "modelId">): Promise<void> {
  const ended = ["stopped", "finished", "failed"].includes(status);
  if (ended ? await isGone(folder) : !(await isAlive(folder))) return;
  throw new ErrataError(`The run ${id} is still running.`, "Stop it first.", "running");
}

/** The runs of one workspace. Opens nothing before it is asked; two windows may have the same runs in view. */
export class WorkspaceRuns implements Runs {
  private readonly folder: string;
  private readonly logs = new Map<string, { log: EventLog; events: RunEvent[] }>();
  private readonly listeners = new Set<() => void>();
  private readonly tails = new Set<() => void>();
  private readonly registrar: Registrar;
  private readonly targets: Targets;
  /** Being sent to where they will run: a person may be asked meanwhile. */
  private readonly launching = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private seen = "";

  constructor(private readonly context: LaunchContext) {
    this.folder = join(context.workspace, ".errata", "runs");
    this.registrar = new Registrar(context.models);
    this.targets = new Targets(context);
  }

  async list(): Promise<RunInfo[]> {
    const names = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    const runs: RunInfo[] = [];
    for (const entry of names) {
      if (entry.isDirectory() && (await isRun(join(this.folder, entry.name))))
        runs.push(await this.get(entry.name));
    }
    return runs.sort((a, b) => b.startedAt.localeCompare(a.startedAt) || b.id.localeCompare(a.id));
  }

  async get(id: string): Promise<RunInfo> {
    const folder = await this.existing(id);
    this.targets.keepUp(folder);
    const info = await readStatus(id, folder, await this.events(id));
    if (this.launching.has(id)) return { ...info, status: "starting", message: null, modelId: null };
    return { ...info, modelId: await this.registrar.register(info, await this.events(id)) };
  }

  async start(recipeFile: string, report: Report = () => {}): Promise<string> {
    const id = await prepareRun(recipeFile, this.context, report);
    await this.alone(id, async () => {
      try {
        await this.launch(id, false, report);
      } catch (error) {
        // It never was: there is nothing to look at and nothing to resume.
        await rm(join(this.folder, id), { recursive: true, force: true });
        throw error;
      }
    });
    return id;
  }

  preview(recipeFile: string, report?: Report): Promise<PreviewedRun> {
    return previewRun(recipeFile, this.context, report);
  }

  async stop(id: string): Promise<void> {
    const folder = await this.existing(id);
    if (!(await isAlive(folder))) {
      throw new ErrataError(`The run ${id} is not running.`, undefined, "not-running");
    }
    await (await this.targets.of(folder)).stop(folder);
    this.changed();
  }

  async resume(id: string, report: Report = () => {}): Promise<void> {
    await this.existing(id);
    await this.alone(id, () => this.resumeAlone(id, report));
  }

  private async resumeAlone(id: string, report: Report): Promise<void> {
    const info = await this.get(id);
    await refuseAlive(info);
    if (info.status === "finished") {
      throw new ErrataError(
        `The run ${id} has finished all its ${info.steps} steps.`,
        "Start a new run from its recipe, with its model as the base.",
        "finished",
      );
    }
    const launch = await this.readLaunch(info.folder, id);
    const step = info.checkpoint;
    report({ stage: resumeWords(step), done: 0, total: 0 });
    // Errata may have been updated since, and an older version's folder is gone.
    const current: Launch = {
      ...{ ...launch, ...installed(), resume_from: step },
      trainable: await this.weightsOf(launch),
    };
    await writeJson(info.folder, FILES.launch, current);
    await this.launch(id, step !== null, report);
  }

  async remove(id: string): Promise<void> {
    const folder = await this.existing(id);
    await this.alone(id, async () => {
      await refuseAlive(await readStatus(id, folder, await this.events(id)));
      await rm(folder, { recursive: true, force: true });
    });
    this.logs.delete(id);
    this.changed();
  }

  /** Brings home what jobs on clusters have sent by now; a cluster that does not answer is not waited for. */
  async catchUp(): Promise<void> {
    const alive = (await this.list()).filter(({ status }) => /^(starting|running|stopping)$/.test(status));
    await Promise.all(alive.map(({ folder }) => this.targets.catchUp(folder)));
  }

  watch(id: string, on: (events: RunEvent[]) => void): () => void {
    const end = tail(join(this.folder, id, FILES.events), on);
    this.tails.add(end);
    return () => {
      end();
      this.tails.delete(end);
    };
  }

  onDidChange(listener: () => void): () => void {
    this.listeners.add(listener);
    this.timer ??= setInterval(() => void this.look(), POLL_MS).unref();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stopLooking();
    };
  }

  dispose(): void {
    this.targets.dispose();
    this.listeners.clear();
    this.stopLooking();
    for (const end of this.tails) end();
    this.tails.clear();
  }

  /** Starting, resuming and deleting a run: of all windows and command lines one does it at a time. */
  private async alone(id: string, work: () => Promise<void>): Promise<void> {
    const unlock = await lock(join(this.folder, id, LOCK));
    if (!unlock) {
      throw new ErrataError(
        `The run ${id} is being started or deleted already, here or in another window.`,
        "Wait for it.",
        "running",
      );
    }
    try {
      await work();
    } finally {
      await unlock();
    }
  }

  /** The model that a run began with: one that came with Errata moves when Errata is updated. */
  private async weightsOf({ model, trainable }: Launch): Promise<string> {
    if (existsSync(join(trainable, "config.json"))) return trainable;
    const known = await this.context.models.get(model).catch(() => undefined);
    return known?.trainable ?? trainable;
  }

  private async launch(id: string, resume: boolean, report: Report): Promise<void> {
    const folder = join(this.folder, id);
    await this.readLaunch(folder, id);
    this.launching.add(id);
    try {
      await (await this.targets.of(folder)).start(folder, resume, report);
    } finally {
      this.launching.delete(id);
    }
    this.changed();
  }

  private async readLaunch(folder: string, id: string): Promise<Launch> {
    const launch = await readJson<Launch>(folder, FILES.launch);
    if (launch) return launch;
    throw new ErrataError(
      `The run ${id} cannot be started: ${join(folder, FILES.launch)} is missing or damaged.`,
      "Start a new run from its recipe.json.",
      "bad-run",
    );
  }

  /** The events of a run that its status tells from; only what is new is read. */
  private async events(id: string): Promise<RunEvent[]> {
    let entry = this.logs.get(id);
    if (!entry) {
      entry = { log: new EventLog(join(this.folder, id, FILES.events)), events: [] };
      this.logs.set(id, entry);
    }
    const fresh = await entry.log.read();
    if (fresh.length > 0) entry.events = telling([...entry.events, ...fresh]);
    return entry.events;
  }

  private async existing(id: string): Promise<string> {
    const folder = join(this.folder, id);
    // Ids come from trees, links and command lines: none may lead out of the folder of runs.
    if (/^[\w.-]+$/.test(id) && !id.startsWith(".") && (await isRun(folder))) return folder;
    throw new ErrataError(`There is no run ${id} in ${this.folder}.`, "See `errata runs`.", "no-run");
  }

  private async look(): Promise<void> {
    const runs = await this.list().catch(() => []);
    const now = JSON.stringify(runs.map(({ secondsLeft: _, ...run }) => run));
    if (now === this.seen) return;
    const first = this.seen === "";
    this.seen = now;
    if (!first || runs.length > 0) this.changed();
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private stopLooking(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

async function isRun(folder: string): Promise<boolean> {
  return stat(join(folder, FILES.recipe)).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Without what a long run has hundreds of thousands of: of its steps the last ones tell where it stands. */
function telling(events: readonly RunEvent[]): RunEvent[] {
  const counts = new Map<RunEvent["type"], number>();
  const kept: RunEvent[] = [];
  for (const event of events.toReversed()) {
    const count = (counts.get(event.type) ?? 0) + 1;
    counts.set(event.type, count);
    if (count <= LAST_EVENTS) kept.push(event);
  }
  return kept.reverse();
}
