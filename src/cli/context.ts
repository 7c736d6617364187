import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createGrader } from "../grading/index.js";
import type { Grader, GraderSettings } from "../grading/types.js";
import { AnyEngine } from "../inference/any-engine.js";
import { InferenceClient } from "../inference/client.js";
import { WorkspaceModels } from "../inference/models.js";
import type { Engine, Models } from "../inference/types.js";
import { openPool } from "../pool/pool.js";
import type { Pool } from "../pool/types.js";
import { ErrataError } from "../protocol/types.js";
import { findPython, MANAGED, type PythonPlaces } from "../runs/python.js";
import { WorkspaceRuns } from "../runs/store.js";
import { clusterAccess } from "./cluster.js";
import { remoteEngine } from "./endpoint.js";
import { ProgressLine } from "./progress.js";

/**
 * What the commands work with, each part opened when it is first asked for and closed at the end. The very same
 * classes as in the editor. A command works on one workspace: `--workspace`, else the current folder.
 */
export class Context {
  readonly progress = new ProgressLine();
  private readonly controller = new AbortController();
  private readonly closing: (() => unknown)[] = [];
  private readonly parts = new Map<string, unknown>();

  /** Aborted by Ctrl+C: what was done is kept. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  interrupt(): void {
    this.controller.abort();
  }

  workspace(option: string | undefined): string {
    return resolve(option ?? ".");
  }

  /** Opened, and made where there is none. */
  pool(option: string | undefined): Promise<Pool> {
    return this.once("pool", async () => {
      const pool = await openPool(this.workspace(option));
      this.closing.push(() => pool.close());
      return pool;
    });
  }

  /** A workspace without a pool is a mistake in the path, not an empty pool. */
  existingPool(option: string | undefined): Promise<Pool> {
    const workspace = this.workspace(option);
    if (existsSync(join(workspace, ".errata", "pool.sqlite"))) return this.pool(option);
    throw new ErrataError(
      `There is no error pool in ${workspace}.`,
      "Name the workspace with --workspace DIR, or fill a pool first with `errata sample`.",
      "no-pool",
    );
  }

  engine(): Engine {
    return this.once("engine", () => {
      const backend = process.env.ERRATA_BACKEND;
      const engine = new AnyEngine({
        local: () => new InferenceClient(backend ? { backend } : {}),
        remote: () => remoteEngine(),
      });
      this.closing.push(() => engine.dispose());
      return engine;
    });
  }

  grader(settings?: GraderSettings): Grader {
    return this.once("grader", () => {
      const grader = createGrader({}, settings);
      this.closing.push(() => grader.dispose());
      return grader;
    });
  }

  models(option: string | undefined): Models {
    return this.once("models", () => new WorkspaceModels(this.workspace(option)));
  }

  runs(option: string | undefined, python?: string, trustCluster = false): WorkspaceRuns {
    return this.once("runs", () => {
      const runs = new WorkspaceRuns({
        workspace: this.workspace(option),
        models: this.models(option),
        pool: () => this.pool(option),
        python: async () => (await findPython(this.pythonPlaces(python))).python,
        cluster: clusterAccess(trustCluster),
      });
      this.closing.push(() => runs.dispose());
      return runs;
    });
  }

  pythonPlaces(explicit?: string): PythonPlaces {
    return { explicit, managed: MANAGED };
  }

  async close(): Promise<void> {
    this.progress.close();
    for (const close of this.closing.reverse()) await close();
  }

  private once<T>(name: string, make: () => T): T {
    if (!this.parts.has(name)) this.parts.set(name, make());
    return this.parts.get(name) as T;
  }
}
