import * as vscode from "vscode";
import type { PoolFilter } from "../../protocol/types.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { keptWords } from "../words.js";

interface Choice extends vscode.QuickPickItem {
  filter: PoolFilter | "variance" | "band";
}

/** Chooses the pool's filter and applies it to what is stored; nothing is sampled again. */
export async function askPoolFilter(services: Services): Promise<void> {
  const pool = await services.pool();
  const group = services.setting("group");
  const now = await pool.filter();
  const preset = (label: string, filter: PoolFilter): Choice => ({
    label: same(filter, now) ? `$(check) ${label}` : label,
    description: keptWords(filter, group),
    filter,
  });
  const chosen = await vscode.window.showQuickPick<Choice>(
    [
      preset("Variance at least 0.5 (ScRPO's filter)", { kind: "variance", min: 0.5 }),
      preset("Variance at least 0.9", { kind: "variance", min: 0.9 }),
      preset("Mixed: solved at least once and failed at least once", { kind: "mixed" }),
      preset("Success between 0.1 and 0.7 (S²R's band)", { kind: "band", low: 0.1, high: 0.7 }),
      preset("Everything that is wrong", { kind: "all" }),
      { label: "Variance at least…", filter: "variance" },
      { label: "Success between…", filter: "band" },
    ],
    {
      title: "Which Errors Enter the Pool",
      placeHolder: `Now: ${keptWords(now, group)}. k is how many of the G attempts at a problem are right.`,
    },
  );
  const filter = chosen && (await complete(chosen.filter, group));
  if (!filter) return;
  const stats = await pool.applyFilter(filter);
  services.log.info(`Filter ${JSON.stringify(filter)}: ${stats.inPool} attempts in the pool`);
  void inform(
    `The pool now holds ${stats.inPool} of ${stats.incorrect} wrong attempts (${keptWords(filter, group)}).`,
  );
}

async function complete(
  filter: PoolFilter | "variance" | "band",
  group: number,
): Promise<PoolFilter | undefined> {
  if (typeof filter === "object") return filter;
  const one = filter === "variance";
  const typed = await vscode.window.showInputBox({
    title: one ? "Variance at Least" : "Success Between",
    prompt: one
      ? "p(1 − p) over its largest value, 0 to 1"
      : "Two shares of right answers, 0 to 1, e.g. 0.1 0.7",
    value: one ? "0.5" : "0.1 0.7",
    validateInput: (text) => {
      const parsed = parse(text, one);
      return parsed
        ? { message: keptWords(parsed, group), severity: vscode.InputBoxValidationSeverity.Info }
        : one
          ? "One number between 0 and 1"
          : "Two numbers between 0 and 1, the smaller first";
    },
  });
  return typed === undefined ? undefined : parse(typed, one);
}

function parse(text: string, one: boolean): PoolFilter | undefined {
  const numbers = text
    .split(/[\s,;–]+/)
    .filter(Boolean)
    .map(Number);
  if (numbers.some((n) => !(n >= 0 && n <= 1))) return undefined;
  const [low, high] = numbers;
  if (one) return numbers.length === 1 && low !== undefined ? { kind: "variance", min: low } : undefined;
  if (numbers.length !== 2 || low === undefined || high === undefined || low > high) return undefined;
  return { kind: "band", low, high };
}

function same(a: PoolFilter, b: PoolFilter): boolean {
  return JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
}
