import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { createGrader } from "../grading/index.js";
import type { Grader } from "../grading/types.js";
import { AnyEngine } from "../inference/any-engine.js";
import { WorkspaceModels } from "../inference/models.js";
import type { Engine, Models } from "../inference/types.js";
import { openPool } from "../pool/pool.js";
import type { Pool } from "../pool/types.js";
import { ErrataError } from "../protocol/types.js";
import { findPython, MANAGED } from "../runs/python.js";
import { WorkspaceRuns } from "../runs/store.js";
import type { Runs } from "../runs/types.js";
import { annotator } from "./annotator.js";
import { showError } from "./errors.js";
import { LiveFeed } from "./live-feed.js";
import { remoteEngine } from "./models/endpoint.js";
import type { Step } from "./names.js";
import { clusterAccess } from "./runs/cluster.js";
import type { Services } from "./services.js";
import type { Settings } from "./settings.js";
import { Walkthrough } from "./walkthrough.js";
import { Work } from "./work.js";

/** The services of one window. Each part is made at its first use. */
export function createServices(context: vscode.ExtensionContext): Services {
  return new WindowServices(context);
}

class WindowServices implements Services {
  readonly log = vscode.window.createOutputChannel("Errata", { log: true });
  readonly work = new Work((error) => this.fail(error));
  readonly live = new LiveFeed();
  private readonly poolChanged = new vscode.EventEmitter<void>();
  readonly onDidChangePool = this.poolChanged.event;
  private opening: Promise<Pool> | undefined;
  private theEngine: Engine | undefined;
  private theGrader: Grader | undefined;
  private theModels: Models | undefined;
  private theRuns: Runs | undefined;
  private name: Promise<string> | undefined;

  private readonly walkthrough: Walkthrough;

  constructor(readonly context: vscode.ExtensionContext) {
    this.walkthrough = new Walkthrough(context);
    context.subscriptions.push(
      // What was opened for reading alone may now be written.
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        // The repository's own name may be asked for from now on.
        this.name = undefined;
        this.closePool();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("errata.annotator")) {
          this.name = undefined;
          this.poolChanged.fire();
        }
        const engine = ["backend", "threads", "cacheMemory"];
        if (engine.some((name) => event.affectsConfiguration(`errata.${name}`))) this.closeEngine();
      }),
    );
  }

  get workspace(): string {
    const folder = vscode.workspace.workspaceFolders?.[0];
    if (folder) return folder.uri.fsPath;
    throw new ErrataError(
      "No folder is open.",
      "Open one: its error pool, runs and models are kept there.",
      "no-folder",
    );
  }

  get trusted(): boolean {
    return vscode.workspace.isTrusted;
  }

  pool(): Promise<Pool> {
    if (this.opening) return this.opening;
    const opening = openPool(this.workspace, { readOnly: !this.trusted });
    this.opening = opening;
    opening.then(
      (pool) => {
        pool.onDidChange(() => this.poolChanged.fire());
        this.poolChanged.fire();
      },
      () => {
        if (this.opening === opening) this.opening = undefined;
      },
    );
    return opening;
  }

  async poolIfAny(): Promise<Pool | undefined> {
    if (!vscode.workspace.workspaceFolders?.length) return undefined;
    if (this.opening || existsSync(join(this.workspace, ".errata", "pool.sqlite"))) return this.pool();
    return undefined;
  }

  engine(): Engine {
    this.needTrust();
    const backend = this.setting("backend");
    const threads = this.setting("threads");
    this.theEngine ??= new AnyEngine({
      // Loaded when it is first needed: what talks to the worker is no small part of the bundle.
      local: async () => {
        const { InferenceClient } = await import("../inference/client.js");
        return new InferenceClient({
          ...(backend === "auto" ? {} : { backend }),
          ...(threads > 0 ? { threads } : {}),
          cacheBytes: Math.round(this.setting("cacheMemory") * 2 ** 30),
          log: (line) => this.log.info(`inference: ${line}`),
        });
      },
      remote: () => remoteEngine(this),
    });
    return this.theEngine;
  }

  grader(): Grader {
    this.needTrust();
    this.theGrader ??= createGrader();
    return this.theGrader;
  }

  get models(): Models {
    this.theModels ??= new WorkspaceModels(this.workspace);
    return this.theModels;
  }

  get runs(): Runs {
    this.theRuns ??= new WorkspaceRuns({
      workspace: this.workspace,
      models: this.models,
      pool: () => this.pool(),
      python: async () => {
        const places = { explicit: this.setting("python"), managed: MANAGED };
        return (await findPython(places)).python;
      },
      cluster: clusterAccess(this),
    });
    return this.theRuns;
  }

  who(): Promise<string> {
    this.name ??= annotator(this.setting("annotator"), this.trusted ? this.workspace : undefined);
    return this.name;
  }

  setting<K extends keyof Settings>(key: K): Settings[K] {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const value = vscode.workspace.getConfiguration("errata", folder).get<Settings[K]>(key);
    if (value === undefined) throw new Error(`package.json declares no setting errata.${key}`);
    return value;
  }

  done(step: Step): void {
    this.walkthrough.done(step);
  }

  fail(error: unknown): void {
    void showError(error, this.log);
  }

  private needTrust(): void {
    if (this.trusted) return;
    throw new ErrataError(
      "This workspace is in Restricted Mode, where nothing runs.",
      "Trust it if you know who made its files; the error pool can be read without.",
      "untrusted",
    );
  }

  private closePool(): void {
    const { opening } = this;
    this.opening = undefined;
    opening
      ?.then((pool) => pool.close())
      .catch((error: unknown) => this.log.debug("closing the pool", error));
    this.poolChanged.fire();
  }

  private closeEngine(): void {
    const engine = this.theEngine;
    this.theEngine = undefined;
    engine?.dispose().catch((error: unknown) => this.log.debug("stopping the inference worker", error));
  }

  dispose(): void {
    this.work.dispose();
    this.live.dispose();
    this.closeEngine();
    this.theGrader?.dispose().catch((error: unknown) => this.log.debug("stopping the grader", error));
    this.theRuns?.dispose();
    this.closePool();
    this.poolChanged.dispose();
    this.log.dispose();
  }
}
