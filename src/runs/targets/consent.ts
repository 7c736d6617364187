import { homedir } from "node:os";
import { join } from "node:path";
import { KnownServers } from "../../inference/remote/consent.js";
import { hostOf } from "../../inference/remote/endpoint.js";
import { ErrataError } from "../../protocol/types.js";
import { clusterOrigin } from "./ray-api.js";

/** Clusters to which this person has agreed to send runs: in the person's own folder, never in a workspace. */
export class KnownClusters {
  private readonly servers: KnownServers;

  constructor(file = join(homedir(), ".errata", "clusters.json")) {
    this.servers = new KnownServers(file);
  }

  has(address: string): Promise<boolean> {
    return this.servers.has(clusterOrigin(address));
  }

  add(address: string): Promise<void> {
    return this.servers.add(clusterOrigin(address));
  }
}

/** What a person should know before the first run goes there. */
export function clusterConsent(address: string): string {
  return `The run's recipe, problems, prompts, pool errors and the model's weights are sent to ${clusterOrigin(address)}, where whoever runs that cluster can read them. What it sends back is kept in the run's folder; its model is loaded like any other.`;
}

export function clusterNotAllowed(address: string): ErrataError {
  return new ErrataError(
    `Nothing was sent to ${hostOf(address)}: the recipe names it as its cluster, and you have not agreed to use it.`,
    "If you know that cluster, start the run in the editor or on a terminal, where you are asked once; `errata run --trust-cluster RECIPE.json` agrees without asking.",
    "cluster-consent",
  );
}
