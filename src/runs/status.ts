import type {
  Heartbeat,
  RunCheckpoint,
  RunEnd,
  RunEvent,
  RunMetrics,
  RunPhase,
  RunStart,
} from "../protocol/events.js";
import { isSameProcess } from "./process.js";
import type { CompleteRecipe } from "./recipe.js";
import { FILES, lastWords, readJson, type Spawned } from "./run-folder.js";
import { readCluster } from "./targets/cluster-file.js";
import { clusterDeath, clusterWords } from "./targets/ray-follow.js";
import type { RunInfo, RunStatus } from "./types.js";

/** A heartbeat comes every 2 s; a machine under load, or one that slept, is given this long. Seconds. */
const FRESH = 30;

/**
 * Is the trainer of this folder alive: heartbeat fresh, pid and start time agreeing? On a cluster: is there anything
 * still to come?
 */
export async function isAlive(folder: string): Promise<boolean> {
  const cluster = await readCluster(folder);
  if (cluster) return !cluster.over;
  const spawned = await readJson<Spawned>(folder, FILES.process);
  const beat = await readJson<Heartbeat>(folder, FILES.heartbeat);
  const now = Date.now() / 1000;
  if (beat && (!spawned || beat.time >= spawned.time)) {
    return now - beat.time < FRESH && (await isSameProcess(beat.pid, beat.started));
  }
  // Not yet beating: Python and torch take a while to load.
  return spawned !== undefined && (await isSameProcess(spawned.pid, spawned.started));
}

/** What a run's folder and its events tell. `events` are all of the file, in order. */
export async function readStatus(
  id: string,
  folder: string,
  events: readonly RunEvent[],
): Promise<Omit<RunInfo, "modelId">> {
  const recipe = await readJson<CompleteRecipe>(folder, FILES.recipe);
  const spawned = await readJson<Spawned>(folder, FILES.process);
  const launch = await readJson<{ model: string }>(folder, FILES.launch);
  const cluster = await readCluster(folder);
  const began = events.findLastIndex((event) => event.type === "start");
  const start = events[began] as RunStart | undefined;
  const current = events.slice(Math.max(0, began));
  const end = current.findLast((event): event is RunEnd => event.type === "end");
  // An end from before the last start of the process belongs to the time before Resume.
  const ended = end && (!spawned || end.time >= spawned.time) ? end : undefined;
  const metrics = current.filter((event): event is RunMetrics => event.type === "metrics");
  const phase = current.findLast((event): event is RunPhase => event.type === "phase");
  const last = metrics.at(-1);
  const steps = start?.steps ?? recipe?.max_steps ?? 0;
  const step = last?.step ?? start?.resumedFrom ?? 0;

  let status: RunStatus;
  let message: string | null = ended?.message ?? null;
  if (ended) status = ended.reason;
  else if (cluster ? !cluster.over : await isAlive(folder)) {
    const started = start !== undefined && (!spawned || start.time >= spawned.time);
    const stopping = (await readJson(folder, FILES.control)) !== undefined;
    status = stopping ? "stopping" : started ? "running" : "starting";
  } else {
    status = "died";
    message = cluster ? await clusterDeath(folder, cluster) : await processDeath(folder);
  }
  const alive = status === "running" || status === "starting" || status === "stopping";
  const first = events.find((event) => event.type === "start");
  return {
    id,
    folder,
    name: recipe?.name ?? id,
    method: start?.method ?? recipe?.method ?? "",
    model: launch?.model ?? start?.model ?? recipe?.model ?? "",
    status,
    step,
    steps,
    checkpoint: lastCheckpoint(events),
    stage: last?.stage ?? null,
    phase: alive ? ((cluster && clusterWords(cluster)) ?? phase?.phase ?? null) : null,
    startedAt: new Date((first?.time ?? spawned?.began ?? spawned?.time ?? 0) * 1000).toISOString(),
    secondsLeft: alive ? secondsLeft(metrics, steps) : null,
    message,
  };
}

/** Step of the newest whole checkpoint; null where none was made. */
function lastCheckpoint(events: readonly RunEvent[]): number | null {
  const last = events.findLast((event): event is RunCheckpoint => event.type === "checkpoint");
  return last?.step ?? null;
}

async function processDeath(folder: string): Promise<string> {
  const words = await lastWords(folder);
  return `The trainer's process ended without a word${words ? `. Its log ends:\n${words}` : "."}`;
}

/** From the pace of the last 20 steps, which hold both stages at the usual cycle. */
function secondsLeft(metrics: readonly RunMetrics[], steps: number): number | null {
  const recent = metrics.slice(-20);
  const [a, b] = [recent[0], recent.at(-1)];
  if (!a || !b || b.step <= a.step) return null;
  return ((b.time - a.time) / (b.step - a.step)) * (steps - b.step);
}
