import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ErrataError } from "../../protocol/types.js";
import { lock } from "../lock.js";
import { FILES, lastWords } from "../run-folder.js";
import { type Cluster, isTerminal, readCluster, writeCluster } from "./cluster-file.js";
import type { RayApi } from "./ray-api.js";
import { applyPart } from "./ray-parts.js";

/** Parts in one folder of the outbox (ray_outbox.py, FOLDER_SIZE). */
const FOLDER_SIZE = 100;
const QUICK_MS = 300;
const IDLE_MS = 3000;
const LOST_MS = 60_000;
/** From the request until the cluster knows the job: as long as its answer may take. */
const TAKING_MS = 60_000;
const LOCK = "follower.lock";
/** Looks at an outbox that does not answer any more, though the job is over: about ten minutes. */
const LAST_TRIES = 12;

/**
 * Brings what a job sends into the run's folder until everything is there, the signal ends it, or somebody else does
 * it already. Whatever happens to this process, the next follower goes on at the number in `cluster.json`.
 */
export async function follow(
  folder: string,
  connect: (cluster: Cluster) => Promise<RayApi>,
  signal: AbortSignal,
): Promise<void> {
  const unlock = await lock(join(folder, LOCK));
  if (!unlock) return;
  let api: RayApi | undefined;
  try {
    let wait = QUICK_MS;
    let failures = 0;
    for (;;) {
      const cluster = await readCluster(folder);
      if (!cluster || cluster.over || signal.aborted) return;
      try {
        api ??= await connect(cluster);
        const moved = await look(folder, cluster, api);
        failures = 0;
        if (cluster.over) await sweep(cluster, api);
        wait = moved ? QUICK_MS : Math.min(wait * 1.5, IDLE_MS);
      } catch (error) {
        if (signal.aborted) return;
        api?.close();
        api = undefined;
        failures++;
        await troubled(folder, cluster, error, failures);
        wait = Math.min(Math.max(wait, 1000) * 2, LOST_MS);
      }
      await sleep(wait, undefined, { signal }).catch(() => {});
    }
  } finally {
    api?.close();
    await unlock();
  }
}

/** One look at the job and its outbox. True when something came. */
export async function look(folder: string, cluster: Cluster, api: RayApi): Promise<boolean> {
  const before = JSON.stringify(cluster);
  const job = await api.job(cluster.job);
  if (!job) {
    // It is being sent at this moment, by another window perhaps.
    if (cluster.status === "SUBMITTING" && Date.now() - (cluster.asked ?? 0) < TAKING_MS) return false;
    const why =
      "The cluster does not know the job any more: it was started anew, or the job was deleted there.";
    await finish(folder, cluster, why);
    return true;
  }
  cluster.trouble = null;
  cluster.node = job.driver_node_id ?? cluster.node;
  const changed = cluster.status !== job.status;
  cluster.status = job.status;
  if (job.status === "PENDING") cluster.note = job.message;
  else if (changed) cluster.note = null;
  const fetch = cluster.node !== null && !cluster.drained;
  const fetched = fetch ? await fetchParts(folder, cluster, cluster.node ?? "", api) : 0;
  if (cluster.drained && (await saidEnd(folder, cluster))) {
    await finish(folder, cluster, null);
    return true;
  }
  if (isTerminal(job.status) && fetched === 0) {
    // Without a last part the driver had no time to send one.
    await finish(folder, cluster, job.status === "FAILED" ? diedWords(job.message) : null);
    return true;
  }
  if (JSON.stringify(cluster) !== before) await writeCluster(folder, cluster);
  return fetched > 0 || changed;
}

/** How many parts came. */
async function fetchParts(folder: string, cluster: Cluster, node: string, api: RayApi): Promise<number> {
  const first = cluster.next;
  for (;;) {
    const home = `errata/${cluster.job}/${Math.floor(cluster.next / FOLDER_SIZE)}`;
    const there = new Set(await api.logs(node, `${home}/*.part`));
    const before = cluster.next;
    for (;;) {
      const name = `${home}/${String(cluster.next).padStart(8, "0")}.part`;
      if (!there.has(name)) break;
      const news = await applyPart(folder, await api.logFile(node, name), cluster.from);
      cluster.next++;
      if (news.note !== undefined) cluster.note = news.note || null;
      cluster.drained = news.ended;
      cluster.home = news.home ?? cluster.home;
      await writeCluster(folder, cluster);
      if (news.ended) return cluster.next - first;
    }
    if (cluster.next === before || cluster.next % FOLDER_SIZE !== 0) return cluster.next - first;
  }
}

/** Nothing more will come. A job that was stopped before its trainer could say so is given its last event here. */
async function finish(folder: string, cluster: Cluster, message: string | null): Promise<void> {
  if (cluster.status === "STOPPED" && !(await saidEnd(folder, cluster))) {
    const end = { type: "end", time: Date.now() / 1000, reason: "stopped" };
    await appendFile(join(folder, FILES.events), `${JSON.stringify(end)}\n`);
  }
  cluster.message = message;
  cluster.note = null;
  cluster.over = true;
  await writeCluster(folder, cluster);
}

/** Clears the outbox away by a last small job; where that does not work, it goes with the cluster's session. */
async function sweep({ job, home }: Cluster, api: RayApi): Promise<void> {
  if (home === null || !/^\/[\w./:@+-]+$/.test(home) || !home.endsWith(`/errata/${job}`)) return;
  const submission = { submission_id: `${job}-sweep`, entrypoint: `rm -rf ${home}` };
  await api.submit({ ...submission, runtime_env: {}, metadata: {} }).catch(() => {});
}

async function saidEnd(folder: string, cluster: Cluster): Promise<boolean> {
  const bytes = await readFile(join(folder, FILES.events)).catch(() => Buffer.alloc(0));
  const own = bytes.subarray(cluster.from[FILES.events] ?? 0).toString("utf8");
  return own
    .split("\n")
    .some((line) => line.startsWith('{"type": "end"') || line.startsWith('{"type":"end"'));
}

async function troubled(folder: string, cluster: Cluster, error: unknown, failures: number): Promise<void> {
  const fresh = (await readCluster(folder)) ?? cluster;
  fresh.trouble = error instanceof Error ? error.message : String(error);
  const code = error instanceof ErrataError ? error.code : undefined;
  // A part that cannot be used will not get better, nor will an outbox on a node that is gone.
  if (code === "bad-part" || (isTerminal(fresh.status) && failures >= LAST_TRIES)) {
    await finish(folder, fresh, `The job is over, but not everything came back: ${fresh.trouble}`);
  } else await writeCluster(folder, fresh);
}

/** Ray's message ends with the last lines of the driver's log, of which the last is ours. */
function diedWords(message: string | null): string {
  const lines = (message ?? "").trim().split("\n");
  return lines.at(-1)?.trim() || "The job failed without a word.";
}

/** What a run on a cluster is doing that its events do not tell. */
export function clusterWords(cluster: Cluster): string | null {
  if (cluster.over) return null;
  if (cluster.trouble !== null) return `no contact with the cluster: ${cluster.trouble}`;
  if (cluster.note) return cluster.note;
  if (isTerminal(cluster.status)) return "bringing its files back";
  return null;
}

/** Why a run on a cluster has no end of its own. */
export async function clusterDeath(folder: string, cluster: Cluster): Promise<string> {
  const words = await lastWords(folder);
  return [cluster.message ?? "The job ended without a word.", words && `Its log ends:\n${words}`]
    .filter(Boolean)
    .join(" ");
}
