import type { Report } from "../../protocol/types.js";

/** Where a run runs. All of them leave the run's folder on this machine as the trainer itself would. */
export interface Target {
  /** Starts the trainer on a prepared folder, so that it outlives this process. */
  start(folder: string, resume: boolean, report: Report): Promise<void>;
  /** Asks for a checkpoint and the end. */
  stop(folder: string): Promise<void>;
}

/** A person's tokens for clusters, and their word on which clusters files may be sent to. */
export interface ClusterAccess {
  /** By origin (scheme, host, port); sent to no other. */
  token(origin: string): Promise<string | undefined>;
  /** The cluster refused what it was sent: true when there is another token now. */
  refused?(origin: string, why: string): Promise<boolean>;
  /** Rejects ("cluster-consent") unless the person has agreed, now or before. */
  allow(address: string): Promise<void>;
  /** Without asking. */
  known(address: string): Promise<boolean>;
}
