import * as vscode from "vscode";
import { ErrataError } from "../protocol/types.js";
import type { CommandName } from "./names.js";
import { complain, warn } from "./say.js";

interface Mend {
  title: string;
  command: `errata.${CommandName}` | "workbench.trust.manage" | "vscode.openFolder";
}

const SHOW_LOG: Mend = { title: "Show Log", command: "errata.showLog" };
const SET_UP: Mend = { title: "Set Up Training", command: "errata.setUpTraining" };
const DOCTOR: Mend = { title: "Doctor", command: "errata.doctor" };
const ADD_MODEL: Mend = { title: "Add Model…", command: "errata.addModel" };
const SAMPLE: Mend = { title: "Sample Problems…", command: "errata.sample" };
const DEMO: Mend = { title: "Try the Demo", command: "errata.tryDemo" };
const FILTER: Mend = { title: "Change Filter…", command: "errata.applyFilter" };
const NEW_RECIPE: Mend = { title: "New Run Recipe…", command: "errata.newRecipe" };

/** What mends an error, by its code; an error without one shows the log. */
export const MENDS: Readonly<Record<string, readonly Mend[]>> = {
  "no-folder": [{ title: "Open Folder…", command: "vscode.openFolder" }],
  untrusted: [{ title: "Manage Workspace Trust", command: "workbench.trust.manage" }],
  busy: [{ title: "Stop It", command: "errata.stop" }],
  "no-pool": [DEMO, SAMPLE],
  "empty-pool": [FILTER, SAMPLE],
  "no-filter": [{ title: "Filter…", command: "errata.filter" }],
  "no-labels": [{ title: "Edit Rubric", command: "errata.editRubric" }],
  "not-sampling": [SAMPLE],
  "nothing-selected": [{ title: "Whole Pool", command: "errata.reflectPool" }],
  "no-model": [ADD_MODEL, DEMO],
  "unknown-model": [ADD_MODEL],
  "bad-model": [ADD_MODEL, SHOW_LOG],
  "not-a-model": [ADD_MODEL],
  "no-weights": [ADD_MODEL],
  "no-python": [SET_UP, DOCTOR],
  "no-problem": [{ title: "Open Review", command: "errata.review" }],
  "no-math-verify": [SET_UP, DOCTOR],
  "regrade-later": [{ title: "Show Re-gradings", command: "errata.showRegrades" }],
  "grader-failed": [SHOW_LOG],
  "install-failed": [SHOW_LOG, DOCTOR],
  "no-run": [NEW_RECIPE],
  "no-recipe": [NEW_RECIPE],
  "bad-rubric": [{ title: "Edit the Rubric…", command: "errata.editRubric" }],
  "cluster-token": [{ title: "Set Cluster Token…", command: "errata.setClusterToken" }],
  "endpoint-key": [{ title: "Set Endpoint Key…", command: "errata.setEndpointKey" }],
  "endpoint-consent": [ADD_MODEL],
  "hub-not-found": [ADD_MODEL],
  "not-trainable": [ADD_MODEL],
  "hub-no-model": [ADD_MODEL],
  "hub-unreachable": [ADD_MODEL, SHOW_LOG],
  "preview-failed": [SET_UP, DOCTOR],
  "worker-died": [SHOW_LOG, DOCTOR],
  "out-of-memory": [SHOW_LOG, DOCTOR],
};

/** Shows what happened and what to do, with buttons that do it; the log keeps the stack. */
export async function showError(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const known = error instanceof ErrataError ? error : fromSystem(error);
  const cause = error instanceof Error ? error : new Error(String(error));
  if (known) log.warn([known.message, known.hint].filter(Boolean).join(" "));
  else log.error(cause);
  const mends = (known?.code && MENDS[known.code]) || [SHOW_LOG];
  const text = [sentence(known?.message ?? cause.message), known?.hint].filter(Boolean).join(" ");
  const show = known?.code === "busy" ? warn : complain;
  const chosen = await show(text, ...mends.map((mend) => mend.title));
  const mend = mends.find(({ title }) => title === chosen);
  if (mend) await vscode.commands.executeCommand(mend.command);
}

/** The first line, ended by a full stop: notifications are one paragraph. */
function sentence(message: string): string {
  const line = message.trim().split("\n", 1)[0] ?? "";
  return /[.!?…:]$/.test(line) ? line : `${line}.`;
}

export { DOCTOR, SET_UP };

/** What the file system refuses, in words. */
function fromSystem(error: unknown): ErrataError | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  const where = path ?? "the folder";
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new ErrataError(
        `${where} cannot be written.`,
        "Check its permissions, or open a copy.",
        "read-only",
      );
    case "ENOSPC":
      return new ErrataError(
        `The disk is full: ${where}.`,
        "Free some space; what was stored is kept.",
        "disk-full",
      );
    default:
      return undefined;
  }
}
