import type * as vscode from "vscode";
import type { Grader } from "../grading/types.js";
import type { Engine, Models } from "../inference/types.js";
import type { Pool } from "../pool/types.js";
import type { Runs } from "../runs/types.js";
import type { LiveFeed } from "./live-feed.js";
import type { Step } from "./names.js";
import type { Settings } from "./settings.js";
import type { Work } from "./work.js";

/**
 * What every feature of the editor works with. Nothing here is opened before it is asked for: the pool, the
 * worker processes and the run folders all wait for their first use.
 */
export interface Services extends vscode.Disposable {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** The workspace's folder. Throws an ErrataError ("no-folder") where no folder is open. */
  readonly workspace: string;
  /** False in an untrusted workspace: the pool can be read, and nothing runs. */
  readonly trusted: boolean;
  /** Opened once; a failure is not kept, so the next call tries again. */
  pool(): Promise<Pool>;
  /** The pool, unless this folder has none yet: looking at a folder writes nothing into it. */
  poolIfAny(): Promise<Pool | undefined>;
  /** The pool was opened, something in it changed, or somebody else annotates now: what is shown is read again. */
  readonly onDidChangePool: vscode.Event<void>;
  /** Refuses ("untrusted") in an untrusted workspace. */
  engine(): Engine;
  /** Refuses ("untrusted") in an untrusted workspace. */
  grader(): Grader;
  readonly models: Models;
  readonly runs: Runs;
  /** Who annotates: the setting, else git's user.name, else the login name. */
  who(): Promise<string>;
  setting<K extends keyof Settings>(key: K): Settings[K];
  /** Long work: one at a time, with progress, Cancel and errors that carry what mends them. */
  readonly work: Work;
  /** What is being sampled, for people to watch. */
  readonly live: LiveFeed;
  /** A step of the walkthrough really happened. */
  done(step: Step): void;
  /** Shows an error for people, with the action that mends it; logs it with its stack. */
  fail(error: unknown): void;
}
