import { hostOf, isOpen } from "../inference/remote/endpoint.js";
import { clusterConsent, clusterNotAllowed, KnownClusters } from "../runs/targets/consent.js";
import type { ClusterAccess } from "../runs/targets/types.js";
import { agrees } from "./ask.js";

const warned = new Set<string>();

/**
 * Clusters, for the command line: the token is ERRATA_RAY_TOKEN, else RAY_AUTH_TOKEN as for Ray's own tools; `trust`
 * agrees to a recipe's cluster without asking.
 */
export function clusterAccess(trust: boolean, known = new KnownClusters()): ClusterAccess {
  return {
    token: async (origin) => {
      const token = process.env.ERRATA_RAY_TOKEN?.trim() || process.env.RAY_AUTH_TOKEN?.trim() || undefined;
      if (token && isOpen(origin) && !warned.has(origin)) {
        warned.add(origin);
        console.error(
          `The token goes to ${hostOf(origin)} over plain http: whoever is on the way can read it.`,
        );
      }
      return token;
    },
    allow: async (address) => {
      if (await known.has(address)) return;
      if (!trust && !(await agrees(clusterConsent(address)))) throw clusterNotAllowed(address);
      await known.add(address);
    },
    known: (address) => known.has(address),
  };
}
