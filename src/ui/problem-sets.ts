import { copyFile, mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import type { ProblemIssue } from "../problems/index.js";
import { assetFile } from "../protocol/paths.js";
import type { Services } from "./services.js";

/** Looks no further than this: a workspace may hold millions of files. */
const MOST = 200;

interface Choice extends vscode.QuickPickItem {
  file?: string;
}

/** Chooses a problem set: the active editor's first, then the workspace's JSON lines files, then any other. */
export async function askProblemSet(services: Services, title: string): Promise<string | undefined> {
  const active = activeProblemSet()?.fsPath;
  const pattern = new vscode.RelativePattern(services.workspace, "**/*.jsonl");
  const found = await vscode.workspace.findFiles(pattern, "**/{node_modules,.errata,.git,.venv}/**", MOST);
  const files = found.map(({ fsPath }) => fsPath).sort((a, b) => a.localeCompare(b));
  const item = (file: string, description: string): Choice => ({
    label: `$(json) ${basename(file)}`,
    description,
    file,
  });
  const items: Choice[] = [
    ...(active ? [item(active, "the active file")] : []),
    ...files
      .filter((file) => file !== active)
      .map((file) => item(file, vscode.workspace.asRelativePath(file))),
    { label: "$(folder-opened) Another File…" },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: "Problem set: JSON lines, JSON, CSV or Parquet with problems and their answers",
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  if (chosen.file) return chosen.file;
  const [other] =
    (await vscode.window.showOpenDialog({
      title,
      filters: { "Problem set": ["jsonl", "ndjson", "json", "csv", "tsv", "parquet"] },
    })) ?? [];
  return other?.fsPath;
}

/** More than this many problems, and a person is asked how many to take. */
const MANY = 300;

/** How many of a set's problems to take; 0 when the person went away. */
export async function askHowMany(total: number): Promise<number> {
  if (total <= MANY) return total;
  const chosen = await vscode.window.showQuickPick(
    [100, MANY, total].map((n) => ({ label: n === total ? `All ${n} problems` : `First ${n} problems`, n })),
    {
      title: "How Many Problems?",
      placeHolder: "What is sampled stays: more can follow later, and nothing is made twice",
      ignoreFocusOut: true,
    },
  );
  return chosen?.n ?? 0;
}

/** The active editor's file, when it may be a problem set. */
export function activeProblemSet(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri?.scheme === "file" && uri.path.endsWith(".jsonl") ? uri : undefined;
}

/** Lines that could not be used, marked in the editor where they stand. */
export class ProblemSetMarks implements vscode.Disposable {
  private readonly marks = vscode.languages.createDiagnosticCollection("errata-problems");

  show(file: string, issues: readonly ProblemIssue[]): void {
    this.marks.set(
      vscode.Uri.file(file),
      // A row of a table is no line that an editor shows.
      issues.flatMap(({ line, unit, message }) => {
        if (unit === "row") return [];
        const range = new vscode.Range(line - 1, 0, line - 1, Number.MAX_SAFE_INTEGER);
        const mark = new vscode.Diagnostic(range, `This line ${message}.`, vscode.DiagnosticSeverity.Warning);
        mark.source = "Errata";
        return [mark];
      }),
    );
  }

  dispose(): void {
    this.marks.dispose();
  }
}

/** Copies the demo's problem sets into `problems/`, without overwriting; returns the one to train on. */
export async function copyDemoProblems(workspace: string): Promise<string> {
  const from = assetFile("demo/problems");
  const to = join(workspace, "problems");
  await mkdir(to, { recursive: true });
  const names = (await readdir(from)).filter((name) => name.endsWith(".jsonl"));
  for (const name of names) {
    await copyFile(join(from, name), join(to, `linear-${name}`), 1 /* COPYFILE_EXCL */).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      },
    );
  }
  return join(to, "linear-train.jsonl");
}
