import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as vscode from "vscode";
import { DEFAULT_RUBRIC, type Rubric } from "../protocol/rubric.js";
import { readRubric, rubricFile, rubricText } from "../review/rubric.js";
import { command } from "./commands.js";
import type { Services } from "./services.js";

/** The command that opens the workspace's rubric, made from the default where there is none. */
export function registerRubric(services: Services): void {
  command(services, "editRubric", ["folder", "trust"], async () => {
    const file = rubricFile(services.workspace);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, rubricText(), { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await vscode.window.showTextDocument(vscode.Uri.file(file));
  });
}

/** The workspace's rubric, read again whenever its file changes. */
export class WorkspaceRubric implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Rubric>();
  readonly onDidChange = this.changed.event;
  private readonly watcher: vscode.Disposable | undefined;
  /** What was wrong the last time: said once, not at every look. */
  private told = "";
  private last: Rubric = DEFAULT_RUBRIC;

  constructor(private readonly services: Services) {
    const folder = vscode.workspace.workspaceFolders?.[0];
    if (!folder) return;
    const pattern = new vscode.RelativePattern(folder, ".errata/rubric.json");
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const look = (): void => void this.read().then((rubric) => this.changed.fire(rubric));
    watcher.onDidChange(look);
    watcher.onDidCreate(look);
    watcher.onDidDelete(look);
    this.watcher = watcher;
  }

  /** A broken file is told once; what was read before stands meanwhile, so that keys go on rating the same axes. */
  async read(): Promise<Rubric> {
    if (!vscode.workspace.workspaceFolders?.length) return DEFAULT_RUBRIC;
    try {
      const rubric = await readRubric(this.services.workspace);
      this.told = "";
      this.last = rubric;
    } catch (error) {
      if (this.told !== String(error)) this.services.fail(error);
      this.told = String(error);
    }
    return this.last;
  }

  dispose(): void {
    this.watcher?.dispose();
    this.changed.dispose();
  }
}
