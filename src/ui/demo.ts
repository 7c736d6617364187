import * as vscode from "vscode";
import { copyDemoProblems } from "./problem-sets.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";

/** Puts the demo's problems into this workspace, opens them and offers to let the embedded model try. */
export async function tryDemo(services: Services): Promise<void> {
  const file = vscode.Uri.file(await copyDemoProblems(services.workspace));
  await vscode.window.showTextDocument(file, { preview: false });
  const chosen = await inform(
    "Linear equations in four levels, and a model of 0.2 million parameters that gets many of them wrong. Let it try?",
    "Sample the Problems",
  );
  if (chosen) await vscode.commands.executeCommand("errata.sampleFile", file);
}
