import * as vscode from "vscode";
import { createGrader } from "../grading/index.js";
import { ANSWER_READERS, type AnswerReader, DEFAULT_GRADER, type GraderSettings } from "../grading/types.js";
import type { Regrade } from "../protocol/verdicts.js";
import { previewRegrade, settingsWords } from "../verdicts/index.js";
import type { Panels } from "./panels/index.js";
import type { Scope } from "./pool/scope.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";
import { changesWords, MOST_TOLERANCE, parseTolerance } from "./verdict-words.js";
import { count } from "./words.js";

const TITLE = "Re-grade";

const READERS: Readonly<Record<AnswerReader, { label: string; description: string }>> = {
  boxed: { label: "Box", description: "\\boxed{…}, the last meaningful one" },
  tag: { label: "Tag", description: "<answer>…</answer>" },
  hash: { label: "Hash signs", description: "#### 72, as GSM8K writes it" },
  announced: { label: "“The answer is …”", description: "in words, at the end" },
  bold: { label: "Bold", description: "**42**, the last one" },
  lastLine: { label: "Last line", description: "where it is mathematics or a number alone" },
};

/** Asks for the grader's settings; undefined when a person leaves. */
export async function askSettings(scope: string): Promise<GraderSettings | undefined> {
  const readers = await askReaders(scope);
  if (!readers) return undefined;
  const tolerance = await askTolerance();
  if (tolerance === undefined) return undefined;
  const units = await askUnits();
  return units && { readers, tolerance, units };
}

async function askReaders(scope: string): Promise<AnswerReader[] | undefined> {
  const items = ANSWER_READERS.map((reader) => ({ ...READERS[reader], reader, picked: true }));
  for (;;) {
    const chosen = await vscode.window.showQuickPick(items, {
      title: `${TITLE} (2/4): Where Answers Are Read From, of ${scope}`,
      placeHolder: "Tick the readers in use; the order is the grader’s",
      ...{ canPickMany: true, ignoreFocusOut: true },
    });
    if (!chosen) return undefined;
    if (chosen.length > 0) return chosen.map(({ reader }) => reader);
    void vscode.window.setStatusBarMessage("$(warning) Tick one reader at least", 5000);
  }
}

async function askTolerance(): Promise<number | undefined> {
  const typed = await vscode.window.showInputBox({
    title: `${TITLE} (3/4): Tolerance`,
    prompt:
      "Relative, between decimals and exact numbers alike: 0.001 is one in a thousand. 0: only what is exactly equal",
    value: String(DEFAULT_GRADER.tolerance),
    ignoreFocusOut: true,
    validateInput: (text) => {
      const value = parseTolerance(text);
      if (value === undefined) return `A number from 0 to ${MOST_TOLERANCE}, such as 0.001`;
      if (value === 0) return undefined;
      const severity = vscode.InputBoxValidationSeverity.Info;
      return { message: `3.14 would be equal to ${(3.14 * (1 + value)).toPrecision(4)}`, severity };
    },
  });
  return typed === undefined ? undefined : parseTolerance(typed);
}

async function askUnits(): Promise<GraderSettings["units"] | undefined> {
  const chosen = await vscode.window.showQuickPick(
    [
      { label: "Forgive a missing unit", description: "5 is 5 cm", units: "forgive" as const },
      { label: "Units must be there", description: "5 is not 5 cm", units: "require" as const },
    ],
    { title: `${TITLE} (4/4): Units`, placeHolder: "A unit that only one side has", ignoreFocusOut: true },
  );
  return chosen?.units;
}

/** Grades the attempts anew, nothing else, and shows what would change. */
export async function regrade(
  services: Services,
  panels: Panels,
  scope: Scope,
  settings: GraderSettings,
): Promise<void> {
  let made: Regrade | undefined;
  const who = await services.who();
  const done = await services.work.start({
    title: `Re-grading ${scope.words}`,
    run: async (report, signal) => {
      const pool = await services.pool();
      const grader = createGrader({}, settings);
      try {
        const words = settingsWords(settings);
        made = await previewRegrade(pool, scope.query, grader, {
          ...{ who, settings: words, scope: scope.words, report, signal },
        });
      } finally {
        await grader.dispose();
      }
    },
  });
  if (!done || !made) return;
  services.log.info(`Re-grading ${made.id} (${made.settings}): ${changesWords(made) || "nothing changes"}`);
  if (made.changes.length > 0) {
    panels.regrade(made.id);
    return;
  }
  // Nothing to look at, and nothing to keep.
  await (await services.pool()).dropRegrade(made.id);
  void inform(
    `Nothing would change: all ${count(made.graded, "attempt")} keep their verdicts. ${made.settings}.`,
  );
}
