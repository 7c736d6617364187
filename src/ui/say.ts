import * as vscode from "vscode";
import { unlinked } from "../protocol/latex.js";

/**
 * Notifications. VS Code makes links of `[words](command:…)` and of addresses in them, and what we say names models,
 * files and servers' words: here nothing of it becomes a link, turns round or hides. Dialogs go the same way.
 */
interface Say {
  <T extends string>(message: string, ...actions: T[]): Thenable<T | undefined>;
  <T extends string>(
    message: string,
    options: vscode.MessageOptions,
    ...actions: T[]
  ): Thenable<T | undefined>;
}

const through =
  (show: Say): Say =>
  <T extends string>(message: string, first?: vscode.MessageOptions | T, ...rest: T[]) =>
    typeof first === "object"
      ? show(unlinked(message), first, ...rest)
      : show(unlinked(message), ...(first === undefined ? [] : [first]), ...rest);

export const inform = through(vscode.window.showInformationMessage);
export const warn = through(vscode.window.showWarningMessage);
export const complain = through(vscode.window.showErrorMessage);
