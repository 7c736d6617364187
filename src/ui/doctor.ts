import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { distFile } from "../protocol/paths.js";
import { ErrataError } from "../protocol/types.js";
import { interpreterIn, MANAGED } from "../runs/python.js";
import type { Services } from "./services.js";

const SCHEME = "errata-doctor";
const PAGE = vscode.Uri.from({ scheme: SCHEME, path: "/Errata Doctor" });
/** Looking at every backend and interpreter takes seconds; more than this is a fault. */
const PATIENCE_MS = 120_000;

/**
 * What this machine can do, as a page in the editor. The command line's own doctor writes it, in a process of its
 * own: what it looks for (accelerators, interpreters) may crash whoever looks.
 */
export class Doctor implements vscode.Disposable, vscode.TextDocumentContentProvider {
  private text = "";
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(private readonly services: Services) {}

  provideTextDocumentContent(): string {
    return this.text;
  }

  async show(): Promise<void> {
    this.text = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Looking at what this machine can do…" },
      () => this.look(),
    );
    this.changed.fire(PAGE);
    const document = await vscode.workspace.openTextDocument(PAGE);
    await vscode.window.showTextDocument(document, { preview: false });
  }

  private look(): Promise<string> {
    const made = interpreterIn(MANAGED);
    const python = this.services.setting("python") || (existsSync(made) ? made : "");
    const backend = this.services.setting("backend");
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    const args = [distFile("cli.js"), "doctor", ...(folder ? ["--workspace", folder] : [])];
    const env = {
      ...process.env,
      ELECTRON_RUN_AS_NODE: "1",
      ...(python ? { ERRATA_PYTHON: python } : {}),
      ...(backend === "auto" ? {} : { ERRATA_BACKEND: backend }),
    };
    return new Promise((resolve, reject) => {
      execFile(process.execPath, args, { env, timeout: PATIENCE_MS }, (error, stdout, stderr) => {
        // Exit status 1 says that something is missing; what it is stands in the text.
        if (stdout.trim()) resolve(page(stdout));
        else
          reject(
            new ErrataError(
              `The doctor could not finish: ${stderr.trim().split("\n").at(-1) || error?.message || "it said nothing"}`,
              "The log has more.",
            ),
          );
        if (stderr.trim()) this.services.log.debug(`doctor: ${stderr.trim()}`);
      });
    });
  }

  dispose(): void {
    this.provider.dispose();
    this.changed.dispose();
  }
}

function page(findings: string): string {
  return [
    `What this machine can do, looked at ${new Date().toLocaleString()}`,
    "",
    findings.trimEnd(),
    "",
    "✓ is there   · works without it   ✗ is missing",
    "",
  ].join("\n");
}
