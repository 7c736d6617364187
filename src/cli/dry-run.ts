import {
  contextWords,
  type MaskItem,
  type MaskPreview,
  type MaskTrouble,
  maskSentence,
  type RunOutline,
} from "../protocol/run-preview.js";
import { STAGE_NAMES } from "../protocol/run-words.js";
import { ErrataError } from "../protocol/types.js";
import { dataLines } from "../runs/data-words.js";
import { answer } from "./arguments.js";
import type { Context } from "./context.js";

/** What `errata run --dry-run --json` answers (schemas/dry-run.schema.json). */
export interface DryRun extends RunOutline {
  masks: MaskPreview | null;
  /** Why there are no masks. */
  trouble: MaskTrouble | null;
}

/** `errata run --dry-run RECIPE.json`: what the run would do, take and learn from. Starts nothing, leaves no trace. */
export async function dryRun(
  file: string,
  options: { workspace: string | undefined; python: string | undefined; json: string | true | undefined },
  context: Context,
): Promise<void> {
  const runs = context.runs(options.workspace, options.python);
  const previewed = await runs.preview(file, context.progress.report);
  const out: DryRun = { ...previewed.outline, masks: null, trouble: null };
  context.progress.report({ stage: "Asking the trainer what tokens receive", done: 0, total: 0 });
  try {
    out.masks = await previewed.masks({ signal: context.signal });
  } catch (error) {
    if (!(error instanceof ErrataError)) throw error;
    out.trouble = { message: error.message, hint: error.hint ?? null, mends: [] };
  }
  context.progress.close();
  if (!(await answer(options.json, out))) console.log(page(out));
}

function page({ name, sentence, model, problems, facts, data, warnings, masks, trouble }: DryRun): string {
  const width = Math.max(...facts.map(({ label }) => label.length), 8);
  const row = (label: string, value: string) => `  ${label.padEnd(width)}  ${value}`;
  const taken = dataLines(data).map((line, i) => row(i === 0 ? "Takes" : "", line));
  const fit = masks?.fit;
  const lines = [
    `${name}: ${sentence}`,
    "",
    row("Model", model),
    row("Problems", `${problems.count} of ${problems.file}`),
    ...(problems.issues ? [row("", problems.issues)] : []),
    ...taken,
    ...facts.map(({ label, value }) => row(label, value)),
    ...(fit ? [row("Context", contextWords(fit))] : []),
    ...warnings.map((warning) => `\n! ${warning}`),
    "",
    ...(trouble ? [`No mask preview: ${[trouble.message, trouble.hint].filter(Boolean).join(" ")}`] : []),
    ...(masks?.items ?? []).flatMap(maskLines),
  ];
  return lines.join("\n");
}

function maskLines({ attempt, problem, parts }: MaskItem): string[] {
  return [
    `${attempt === null ? "" : `Attempt ${attempt}, `}${problem.split("\n")[0]}`,
    ...parts.flatMap((part) =>
      part.cases.map((one) => {
        const when = { correct: "if right, ", incorrect: "if wrong, ", any: "" }[one.when];
        const says = maskSentence(part, one);
        return `  ${STAGE_NAMES[part.stage]}: ${when}${when ? says.charAt(0).toLowerCase() + says.slice(1) : says}`;
      }),
    ),
  ];
}
