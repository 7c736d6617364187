import type { Grader } from "../grading/types.js";
import { ProgressLine } from "./progress.js";

/**
 * What the commands work with, each part opened when it is first asked for and closed at the end. The very same
 * classes as in the editor.
 */
export class Context {
  readonly progress = new ProgressLine();
  private readonly controller = new AbortController();
  private readonly closing: (() => unknown)[] = [];

  /** Aborted by Ctrl+C: what was done is kept. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  interrupt(): void {
    this.controller.abort();
  }

  grader(): Grader {
    throw new Error("not wired");
  }

  async close(): Promise<void> {
    this.progress.close();
    for (const close of this.closing.reverse()) await close();
  }
}
