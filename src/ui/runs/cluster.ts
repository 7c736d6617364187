import * as vscode from "vscode";
import { hostOf } from "../../inference/remote/endpoint.js";
import { clusterConsent, clusterNotAllowed, KnownClusters } from "../../runs/targets/consent.js";
import { clusterOrigin } from "../../runs/targets/ray-api.js";
import type { ClusterAccess } from "../../runs/targets/types.js";
import { command } from "../commands.js";
import { warn } from "../say.js";
import { askSecret } from "../secret.js";
import type { Services } from "../services.js";

const PLACE = "http://127.0.0.1:8265";

/** Clusters, for this window: tokens in its secret storage, and nothing sent without a person's word. */
export function clusterAccess(services: Pick<Services, "context" | "trusted">): ClusterAccess {
  const { context } = services;
  const known = new KnownClusters();
  return {
    token: async (origin) => (await context.secrets.get(secret(origin))) || undefined,
    refused: (origin, why) =>
      askSecret(context, { name: secret(origin), ...{ origin, why, what: "token" as const } }),
    allow: async (address) => {
      if (await known.has(address)) return;
      const yes = "Use This Cluster";
      const detail = `${clusterConsent(address)}\n\nThe recipe names it. You are asked once for each cluster.`;
      const question = `Send this run to ${hostOf(address)}?`;
      if ((await warn(question, { modal: true, detail }, yes)) !== yes) throw clusterNotAllowed(address);
      await known.add(address);
    },
    known: async (address) => services.trusted && (await known.has(address)),
  };
}

const secret = (origin: string): string => `errata.cluster ${origin}`;

/** `errata.setClusterToken`: for the cluster of a run, or for any address. */
export function registerClusters(services: Services): void {
  command(services, "setClusterToken", ["trust"], async () => {
    const typed = await vscode.window.showInputBox({
      title: "Set Cluster Token",
      prompt: "Address of the Ray cluster's dashboard",
      value: PLACE,
      ignoreFocusOut: true,
    });
    if (typed === undefined) return;
    const origin = clusterOrigin(typed);
    const stored = await askSecret(services.context, { name: secret(origin), origin, what: "token" });
    const said = stored ? "A token is kept for" : "No new token is kept for";
    vscode.window.setStatusBarMessage(`$(key) ${said} ${hostOf(origin)}`, 5000);
  });
}
