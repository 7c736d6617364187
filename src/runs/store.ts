import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../protocol/events.js";
import { ErrataError, type Report } from "../protocol/types.js";
import { EventLog, tail } from "./event-log.js";
import { type LaunchContext, prepareRun, startTrainer } from "./launcher.js";
import { Registrar } from "./registrar.js";
import { FILES, type Launch, readJson, writeJson } from "./run-folder.js";
import { isAlive, readStatus } from "./status.js";
import type { RunInfo, Runs } from "./types.js";

/** How often the runs are looked at while somebody listens: other windows and the trainers change them. */
const POLL_MS = 1000;

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

/** The runs of one workspace. Opens nothing before it is asked; two windows may have the same runs in view. */
export class WorkspaceRuns implements Runs {
  private readonly folder: string;
  private readonly logs = new Map<string, { log: EventLog; events: RunEvent[] }>();
  private readonly listeners = new Set<() => void>();
  private readonly tails = new Set<() => void>();
  private readonly registrar: Registrar;
  private timer: NodeJS.Timeout | undefined;
  private seen = "";

  constructor(private readonly context: LaunchContext) {
    this.folder = join(context.workspace, ".errata", "runs");
    this.registrar = new Registrar(context.models);
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
    const info = await readStatus(id, folder, await this.events(id));
    return { ...info, modelId: await this.registrar.register(info, await this.events(id)) };
  }

  async start(recipeFile: string, report: Report = () => {}): Promise<string> {
    const id = await prepareRun(recipeFile, this.context, report);
    await this.launch(id, false);
    return id;
  }

  async stop(id: string): Promise<void> {
    const folder = await this.existing(id);
    if (!(await isAlive(folder))) {
      throw new ErrataError(`The run ${id} is not running.`, undefined, "not-running");
    }
    await writeJson(folder, FILES.control, { command: "stop" });
    this.changed();
  }

  async resume(id: string): Promise<void> {
    const info = await this.get(id);
    const ended = ["stopped", "finished", "failed"].includes(info.status);
    if (ended ? !(await isGone(info.folder)) : await isAlive(info.folder)) {
      throw new ErrataError(`The run ${id} is still running.`, "Stop it first.", "running");
    }
    if (info.status === "finished") {
      throw new ErrataError(
        `The run ${id} has finished all its ${info.steps} steps.`,
        "Start a new run from its recipe, with its model as the base.",
        "finished",
      );
    }
    const events = await this.events(id);
    const checkpoint = events.findLast((event) => event.type === "checkpoint");
    const launch = await this.readLaunch(info.folder, id);
    const step = checkpoint?.type === "checkpoint" ? checkpoint.step : null;
    await writeJson(info.folder, FILES.launch, { ...launch, resume_from: step });
    await this.launch(id, step !== null);
  }

  async remove(id: string): Promise<void> {
    const folder = await this.existing(id);
    if (await isAlive(folder)) {
      throw new ErrataError(`The run ${id} is still running.`, "Stop it first.", "running");
    }
    await rm(folder, { recursive: true, force: true });
    this.logs.delete(id);
    this.changed();
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
    this.listeners.clear();
    this.stopLooking();
    for (const end of this.tails) end();
    this.tails.clear();
  }

  private async launch(id: string, resume: boolean): Promise<void> {
    const folder = join(this.folder, id);
    const { threads } = await this.readLaunch(folder, id);
    await startTrainer(folder, await this.context.python(), threads, resume);
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

  /** All events of a run so far; only what is new is read. */
  private async events(id: string): Promise<RunEvent[]> {
    let entry = this.logs.get(id);
    if (!entry) {
      entry = { log: new EventLog(join(this.folder, id, FILES.events)), events: [] };
      this.logs.set(id, entry);
    }
    entry.events.push(...(await entry.log.read()));
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
