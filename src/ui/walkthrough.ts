import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { setContext } from "./commands.js";
import { STEPS, type Step } from "./names.js";

const DONE = "errata.done";
/** The page registers its steps when it is first opened. */
const REGISTERED_MS = 1500;

/** Ticks the walkthrough's steps when they really happened, in whichever workspace. */
export class Walkthrough {
  constructor(private readonly context: vscode.ExtensionContext) {}

  done(step: Step): void {
    const done = this.steps();
    if (done.has(step)) return;
    setContext(`errata.done.${step}`, true);
    void this.context.globalState.update(DONE, [...done, step]);
  }

  /**
   * VS Code ticks a step when its context key becomes true, and never when it was true before the page was first
   * opened: so the keys are lowered, and raised again under the page's eyes.
   */
  async open(): Promise<void> {
    const done = this.steps();
    for (const step of done) setContext(`errata.done.${step}`, false);
    const id = `${this.context.extension.id}#start`;
    await vscode.commands.executeCommand("workbench.action.openWalkthrough", id, false);
    await sleep(REGISTERED_MS);
    for (const step of done) setContext(`errata.done.${step}`, true);
  }

  private steps(): Set<Step> {
    const kept = this.context.globalState.get<string[]>(DONE, []);
    return new Set(STEPS.filter((step) => kept.includes(step)));
  }
}
