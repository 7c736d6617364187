import { readJson, writeJson } from "../run-folder.js";

/** Of Ray's Jobs API. */
export type JobStatus = "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";

/** `cluster.json` in the folder of a run that is on a cluster: what this machine knows of the job. */
export interface Cluster {
  address: string;
  /** Submission id of the job. */
  job: string;
  /** Version of the cluster's Ray. */
  ray: string;
  workers: number;
  /** Node of the job's driver, where its outbox lies; null until the job has been placed. */
  node: string | null;
  /** Number of the next part to fetch. */
  next: number;
  /** Where this job's share of a file begins: an earlier one may have written before it. Bytes. */
  from: Record<string, number>;
  status: JobStatus | "SUBMITTING";
  /** When the cluster was asked to take it, by this machine's clock. Milliseconds since the epoch. */
  asked?: number;
  /** What it waits for. */
  note: string | null;
  /** Why it could not be asked the last time. */
  trouble: string | null;
  /** Folder of its outbox there; null until it has said so. */
  home: string | null;
  /** The job has said that nothing more will come. */
  drained: boolean;
  /** Everything is here, or nothing more will come, and what became of the job is known. */
  over: boolean;
  /** Why it ended, where its events do not say it. */
  message: string | null;
}

export const CLUSTER_FILE = "cluster.json";

export const readCluster = (folder: string): Promise<Cluster | undefined> =>
  readJson<Cluster>(folder, CLUSTER_FILE);

export const writeCluster = (folder: string, cluster: Cluster): Promise<void> =>
  writeJson(folder, CLUSTER_FILE, cluster);

export const isTerminal = (status: Cluster["status"]): boolean =>
  status === "STOPPED" || status === "SUCCEEDED" || status === "FAILED";
