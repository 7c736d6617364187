import * as vscode from "vscode";
import { findPython, MANAGED } from "../runs/python.js";
import {
  askOpinions,
  LineGrader,
  mathVerify,
  type OpinionGrader,
  type OpinionsResult,
} from "../verdicts/index.js";
import type { Scope } from "./pool/scope.js";
import { inPick } from "./pool/text.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";
import { opinionWords } from "./verdict-words.js";

/** A grader that is not running yet. */
interface Choice extends vscode.QuickPickItem {
  /** null: adds one of one's own. */
  start: (() => Promise<OpinionGrader>) | null;
}

/** A second opinion on many attempts: stored beside ours, never in its place. */
export async function askGrader(
  services: Services,
  askScope: (title: string) => Promise<Scope | undefined>,
): Promise<void> {
  const chosen = await vscode.window.showQuickPick(choices(services), {
    title: "Ask Another Grader (1/2)",
    placeHolder: "What it says stands beside our verdict; where they differ, the attempt is in dispute",
    ignoreFocusOut: true,
  });
  if (!chosen) return;
  if (!chosen.start) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "errata.graders");
    return;
  }
  const scope = await askScope("Ask Another Grader (2/2): Which Attempts");
  if (scope) await ask(services, chosen.start, scope);
}

function choices(services: Services): Choice[] {
  const own = Object.entries(services.setting("graders")).filter(
    ([name, line]) => name.trim() !== "" && typeof line === "string" && line.trim() !== "",
  );
  return [
    {
      ...{ label: "$(verified) math-verify", description: "from the Python environment of training" },
      start: () => startMathVerify(services),
    },
    ...own.map(
      ([name, line]): Choice => ({
        ...{ label: `$(terminal) ${inPick(name)}`, description: inPick(line) },
        start: async () => new LineGrader({ name, command: line, cwd: services.workspace }),
      }),
    ),
    {
      ...{
        label: "$(add) A Command of Your Own…",
        description: "reads and writes JSON lines; setting errata.graders",
      },
      start: null,
    },
  ];
}

/** Where its environment is missing, the error offers to set it up. */
async function startMathVerify(services: Services): Promise<OpinionGrader> {
  const { python, packages } = await findPython({ explicit: services.setting("python"), managed: MANAGED });
  return mathVerify({ python, version: packages["math-verify"] ?? "" });
}

async function ask(services: Services, start: () => Promise<OpinionGrader>, scope: Scope): Promise<void> {
  const pool = await services.pool();
  let result: OpinionsResult | undefined;
  let grader: OpinionGrader | undefined;
  const done = await services.work.start({
    title: `A second opinion on ${scope.words}`,
    run: async (report, signal) => {
      grader = await start();
      try {
        result = await askOpinions(pool, scope.query, grader, { report, signal });
      } finally {
        await grader.close();
      }
    },
  });
  if (!done || !result) return;
  const disputes = await pool.disputes({ ...scope.query, dispute: "any" });
  const n = disputes.disagree + disputes.imported + disputes.unsure;
  const words = opinionWords(result, disputes.disagree);
  services.log.info(words);
  const review = "Review Disputes";
  const again = await inform(words, ...(n > 0 ? [review] : []));
  if (again === review) await vscode.commands.executeCommand("errata.reviewDisputes");
}
