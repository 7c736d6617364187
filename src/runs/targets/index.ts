import { setTimeout as sleep } from "node:timers/promises";
import { ErrataError } from "../../protocol/types.js";
import type { CompleteRecipe } from "../recipe.js";
import { FILES, readJson } from "../run-folder.js";
import { type Cluster, readCluster } from "./cluster-file.js";
import { LocalTarget } from "./local.js";
import { open, RayTarget } from "./ray.js";
import type { RayApi } from "./ray-api.js";
import { follow } from "./ray-follow.js";
import type { ClusterAccess, Target } from "./types.js";

/** A follower that could not begin, or was not needed, is tried again after so long. */
const AGAIN_MS = 3000;
const CATCH_UP_MS = 60_000;
const LOOK_MS = 400;

export interface Places {
  python: () => Promise<string>;
  /** Without it nothing is sent to any cluster. */
  cluster?: ClusterAccess | undefined;
}

/** Where runs run, and who brings home what is on a cluster. */
export class Targets {
  private readonly following = new Map<string, { ended: Promise<void>; next: number }>();
  private readonly controller = new AbortController();

  constructor(private readonly places: Places) {}

  /** By the recipe in the run's folder. */
  async of(folder: string): Promise<Target> {
    const recipe = await readJson<Pick<CompleteRecipe, "target">>(folder, FILES.recipe);
    const target = recipe?.target ?? { kind: "local", processes: 1 };
    if (target.kind === "local") return new LocalTarget(target, this.places.python);
    return new RayTarget(target, this.access());
  }

  /** Sees to it that somebody brings home what the run's job sends; returns at once. */
  keepUp(folder: string): void {
    const known = this.following.get(folder);
    if (this.controller.signal.aborted || (known && Date.now() < known.next)) return;
    const entry = { ended: Promise.resolve(), next: Number.POSITIVE_INFINITY };
    this.following.set(folder, entry);
    entry.ended = this.followNow(folder)
      .catch(() => {})
      .finally(() => {
        entry.next = Date.now() + AGAIN_MS;
      });
  }

  /** Resolves when everything is here that the job has sent so far, or nothing could be fetched. */
  async catchUp(folder: string): Promise<void> {
    this.keepUp(folder);
    const ended = this.following.get(folder)?.ended;
    const end = Date.now() + CATCH_UP_MS;
    let before = "";
    let still = 0;
    while (ended && still < 3 && Date.now() < end) {
      await Promise.race([ended, sleep(LOOK_MS)]);
      const cluster = await readCluster(folder);
      if (!cluster || cluster.over || cluster.trouble !== null) return;
      const now = `${cluster.next} ${cluster.status}`;
      still = now === before ? still + 1 : 0;
      before = now;
    }
  }

  dispose(): void {
    this.controller.abort();
  }

  private async followNow(folder: string): Promise<void> {
    const cluster = await readCluster(folder);
    const { cluster: access } = this.places;
    // The folder may come from elsewhere: it does not make us talk to a cluster that nobody here has agreed to.
    if (!cluster || cluster.over || !(await access?.known(cluster.address))) return;
    await follow(folder, (now) => this.connect(now), this.controller.signal);
  }

  private async connect({ address }: Cluster): Promise<RayApi> {
    const access = this.access();
    // In the background nobody is asked for a token: the trouble is shown with the run.
    const { token, known } = access;
    const quiet: ClusterAccess = {
      token: token.bind(access),
      known: known.bind(access),
      allow: async () => {},
    };
    return (await open(address, quiet)).api;
  }

  private access(): ClusterAccess {
    if (this.places.cluster) return this.places.cluster;
    throw new ErrataError("This window cannot reach clusters.", undefined, "cluster");
  }
}
