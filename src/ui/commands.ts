import * as vscode from "vscode";
import { ErrataError } from "../protocol/types.js";
import type { CommandName } from "./names.js";
import type { Services } from "./services.js";

/** What must be so for a command to run. Where it is not, the command says why and what to do. */
export type Need = "folder" | "trust";

const REFUSALS: Readonly<Record<Need, (services: Services) => ErrataError | undefined>> = {
  folder: () =>
    vscode.workspace.workspaceFolders?.length
      ? undefined
      : new ErrataError(
          "No folder is open.",
          "Open one: its error pool, runs and models are kept there.",
          "no-folder",
        ),
  trust: (services) =>
    services.trusted
      ? undefined
      : new ErrataError(
          "This workspace is in Restricted Mode, where nothing runs.",
          "Trust it if you know who made its files; the error pool can be read without.",
          "untrusted",
        ),
};

export type Handler = (...args: unknown[]) => unknown;

/** Registers a command with its enabled and its disabled form. Errors of either reach the person. */
export function command(services: Services, name: CommandName, needs: readonly Need[], run: Handler): void {
  const handler = async (...args: unknown[]): Promise<void> => {
    const refusal = needs.map((need) => REFUSALS[need](services)).find((error) => error !== undefined);
    if (refusal) {
      services.fail(refusal);
      return;
    }
    try {
      await run(...args);
    } catch (error) {
      services.fail(error);
    }
  };
  services.context.subscriptions.push(vscode.commands.registerCommand(`errata.${name}`, handler));
}

/** Context keys are write-only in VS Code; a failure to set one is never worth a message. */
export function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand("setContext", key, value);
}
