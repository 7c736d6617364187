import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostOf } from "../../inference/remote/endpoint.js";
import { ErrataError, type Report } from "../../protocol/types.js";
import { EventLog } from "../event-log.js";
import type { RayTarget as Place } from "../recipe.js";
import { FILES, type Launch, readJson, type Spawned, writeJson } from "../run-folder.js";
import { CLUSTER_FILE, type Cluster, isTerminal, readCluster, writeCluster } from "./cluster-file.js";
import { clusterOrigin, RayApi } from "./ray-api.js";
import type { ClusterAccess, Target } from "./types.js";

/** A job that was taken is known at once; a proxy between us and the cluster may need a moment. */
const ASK_AGAIN = { tries: 3, ms: 1000 } as const;

/** For the step that is going on, its checkpoint and the export, after a request to stop. Seconds. */
const STOP_PATIENCE = 1800;

/** A Ray cluster, through its Jobs API: this machine needs no Ray. */
export class RayTarget implements Target {
  constructor(
    private readonly place: Place,
    private readonly access: ClusterAccess,
  ) {}

  async start(folder: string, resume: boolean, report: Report): Promise<void> {
    const launch = await readJson<Launch>(folder, FILES.launch);
    if (!launch) throw new ErrataError(`${folder} has no ${FILES.launch}.`, undefined, "bad-run");
    if (resume) this.needCheckpoint(folder, launch);
    const host = hostOf(this.place.address);
    const stage = (done: number, name: string, detail?: string) =>
      report({ stage: name, done, total: 3, ...(detail ? { detail } : {}) });
    stage(0, `Asking ${host}`);
    const { api, version } = await open(this.place.address, this.access);
    const before = await readCluster(folder);
    let submitted = false;
    const cluster = await this.prepare(folder, launch.run, version);
    try {
      stage(1, "Packing the run");
      // The packer is loaded when it is needed: it is no small part of the bundle.
      const { packRun } = await import("./ray-package.js");
      const zip = await packRun(folder, launch, {
        resume: resume && this.place.storage === undefined,
        weights: this.place.weights === undefined,
      });
      try {
        const megabytes = `${(zip.size / 1e6).toFixed(1)} MB`;
        stage(2, `Sending it to ${host}`, megabytes);
        if (!(await api.hasPackage(zip.name))) await api.upload(zip.name, zip);
        // Known before it is asked for: whatever happens to the answer, the job can be found again.
        await writeCluster(folder, { ...cluster, asked: Date.now() });
        const submission = {
          submission_id: cluster.job,
          entrypoint: entrypoint(this.place, cluster.job, resume),
          runtime_env: { working_dir: `gcs://${zip.name}`, env_vars: variables() },
          metadata: { errata_run: launch.run },
        };
        await api.submit(submission).catch(async (error: unknown) => {
          if (!(await mayHaveTaken(folder, api, error))) throw error;
        });
        submitted = true;
      } finally {
        await zip.remove();
      }
      await rm(join(folder, FILES.control), { force: true });
      const time = await lastTime(folder);
      const spawned: Spawned = { pid: 0, time, started: time, began: Date.now() / 1000 };
      await writeJson(folder, FILES.process, spawned);
    } catch (error) {
      // Nobody would know of it any more.
      if (submitted) await api.stop(cluster.job).catch(() => {});
      if (before) await writeCluster(folder, before);
      else await rm(join(folder, CLUSTER_FILE), { force: true });
      throw error;
    } finally {
      api.close();
    }
  }

  async stop(folder: string): Promise<void> {
    const cluster = await readCluster(folder);
    if (!cluster || cluster.over) return;
    try {
      const { api } = await open(cluster.address, this.access);
      try {
        if (!isTerminal(cluster.status)) await api.stop(cluster.job);
      } finally {
        api.close();
      }
      await writeJson(folder, FILES.control, { command: "stop" });
    } catch (error) {
      await this.giveUp(folder, cluster, error);
    }
  }

  /** A cluster may be gone for good: a second Stop that does not reach it ends the run on this side. */
  private async giveUp(folder: string, cluster: Cluster, error: unknown): Promise<void> {
    if (!(error instanceof ErrataError) || error.code !== "cluster") throw error;
    const before = await readJson<{ unreachable?: boolean }>(folder, FILES.control);
    if (before?.unreachable) {
      const message = `It was given up here while its cluster could not be reached; the job ${cluster.job} may still run there.`;
      await writeCluster(folder, { ...cluster, over: true, message });
      return;
    }
    await writeJson(folder, FILES.control, { command: "stop", unreachable: true });
    throw new ErrataError(
      `The run was not stopped. ${error.message}`,
      "If the cluster will not come back, Stop once more: the run is then given up on this side, and can be resumed or deleted.",
      "cluster",
    );
  }

  private needCheckpoint(folder: string, { resume_from: step }: Launch): void {
    const there = join(folder, FILES.checkpoints, `checkpoint-${step}`);
    if (this.place.storage !== undefined || existsSync(there)) return;
    throw new ErrataError(
      `The checkpoint of step ${step} is not here: it was too large to travel, and went with its job.`,
      "Start the run anew with target.storage, a folder that every node sees: checkpoints stay there.",
      "no-checkpoint",
    );
  }

  private async prepare(folder: string, run: string, ray: string): Promise<Cluster> {
    const from: Record<string, number> = {};
    for (const name of [FILES.events, FILES.log]) {
      from[name] = await stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      );
    }
    const job = `errata-${run}-${randomUUID().slice(0, 8)}`;
    const { address, workers } = this.place;
    return {
      ...{ address, job, ray, workers, node: null, next: 0, from, status: "SUBMITTING" },
      ...{ note: null, trouble: null, home: null, drained: false, over: false, message: null },
    };
  }
}

/** A connection that answered; a token is asked for where the cluster wants one. Nothing is sent without consent. */
export async function open(
  address: string,
  access: ClusterAccess,
): Promise<{ api: RayApi; version: string }> {
  const origin = clusterOrigin(address);
  await access.allow(address);
  for (;;) {
    const api = new RayApi(address, await access.token(origin));
    try {
      return { api, version: await api.version() };
    } catch (error) {
      api.close();
      const refused = error instanceof ErrataError && error.code === "cluster-token";
      if (!refused || !(await access.refused?.(origin, error.message))) throw error;
    }
  }
}

/**
 * The answer to a submission did not come, or was an error: is the job there all the same? Where the cluster cannot be
 * asked, either, the run is kept: whoever looks asks on, and Stop can reach the job as soon as the cluster answers.
 */
async function mayHaveTaken(folder: string, api: RayApi, why: unknown): Promise<boolean> {
  const cluster = await readCluster(folder);
  if (!cluster || !(why instanceof ErrataError) || why.code !== "cluster") return false;
  for (let tries = 0; tries < ASK_AGAIN.tries; tries++) {
    if (tries > 0) await sleep(ASK_AGAIN.ms);
    try {
      if (await api.job(cluster.job)) return true;
    } catch {
      const trouble = `it has not said whether it took the job ${cluster.job}, which may be running there. ${why.message}`;
      await writeCluster(folder, { ...cluster, trouble });
      return true;
    }
  }
  return false;
}

function entrypoint(place: Place, job: string, resume: boolean): string {
  const words = [
    ...["python", "-m", "errata_trainer.ray_driver", "--job", job, "--workers", String(place.workers)],
    ...["--cpus", String(place.cpus_per_worker), "--gpus", String(place.gpus_per_worker)],
    ...(resume ? ["--resume"] : []),
    ...(place.storage === undefined ? [] : ["--storage", place.storage]),
    ...(place.weights === undefined ? [] : ["--weights", place.weights]),
  ];
  return words.map(quoted).join(" ");
}

/** For the shell that starts the job. */
const quoted = (word: string): string =>
  /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function variables(): Record<string, string> {
  return {
    // Ray kills a job 3 seconds after it has asked it to stop, unless it is told otherwise.
    RAY_JOB_STOP_WAIT_TIME_S: String(STOP_PATIENCE),
    RAY_TRAIN_V2_ENABLED: "1",
    PYTHONUNBUFFERED: "1",
    TOKENIZERS_PARALLELISM: "false",
    HF_HUB_OFFLINE: "1",
  };
}

/**
 * A time that is after everything in the run's events and before what comes next, by the cluster's own clock: ours may
 * be minutes away from it. Seconds since the epoch; 0 for a new run.
 */
async function lastTime(folder: string): Promise<number> {
  const events = await new EventLog(join(folder, FILES.events)).read();
  const last = Math.max(0, ...events.slice(-1).map(({ time }) => time));
  return last === 0 ? 0 : last + 1e-3;
}
