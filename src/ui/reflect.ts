import * as vscode from "vscode";
import { findPrompt } from "../inference/prompts.js";
import { ErrataError, type ModelEntry } from "../protocol/types.js";
import { type ReflectResult, reflectOn } from "../reflection/reflect.js";
import { command } from "./commands.js";
import { currentModel } from "./models/ask.js";
import { samplingOptions } from "./options.js";
import { attemptsOf, needPool, rowsOf } from "./pool/index.js";
import type { PoolTree } from "./pool/tree.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";
import { count } from "./words.js";

export function registerReflection(services: Services, tree: PoolTree): void {
  command(services, "reflect", ["folder", "trust"], async (...args) => {
    await needPool(services);
    const ids = given(args) ?? (await attemptsOf(rowsOf(args, tree), services, tree));
    if (ids.length === 0) {
      throw new ErrataError(
        "No attempt is selected.",
        "Select attempts, problems or groups in the Error Pool, or reflect on the whole pool.",
        "nothing-selected",
      );
    }
    await reflect(services, ids);
  });
  command(services, "reflectPool", ["folder", "trust"], async () => {
    const ids = await (await needPool(services)).attemptIds({ scope: "pool" });
    if (ids.length === 0) {
      throw new ErrataError(
        "The error pool is empty.",
        "Sample problems, or let more errors enter.",
        "empty-pool",
      );
    }
    await reflect(services, ids);
  });
}

/** Ids that another part passes, e.g. the Review panel for the attempt that it shows. */
function given([first]: unknown[]): number[] | undefined {
  return Array.isArray(first) && first.every((id) => typeof id === "number") ? first : undefined;
}

/** The model that made these attempts, when one made them all: by default a model reads its own work. */
async function author(services: Services, ids: number[]): Promise<ModelEntry | undefined> {
  if (services.setting("model")) return undefined;
  const attempts = await (await needPool(services)).attempts({ ids }, { limit: ids.length });
  const [id, other] = [...new Set(attempts.map(({ modelId }) => modelId))];
  if (id === undefined || other !== undefined) return undefined;
  return (await services.models.list()).find((model) => model.id === id);
}

async function reflect(services: Services, attemptIds: number[]): Promise<void> {
  const model = (await author(services, attemptIds)) ?? (await currentModel(services));
  if (!model) return;
  const prompt = await findPrompt("reflect", { family: model.prompts, workspace: services.workspace });
  let result: ReflectResult | undefined;
  const done = await services.work.start({
    title: `Reflecting on ${count(attemptIds.length, "attempt")} with ${model.name}`,
    watch: true,
    run: async (report, signal) => {
      const pool = await services.pool();
      const tools = { engine: services.engine(), grader: services.grader(), watch: services.live };
      const options = samplingOptions(services);
      result = await reflectOn(
        tools,
        { pool, model, attemptIds, samples: 1, options, prompt },
        report,
        signal,
      );
      services.live.close(outcome(result));
    },
  });
  if (!done || !result) return;
  services.done("reflected");
  const { reflections, fixed, parsed } = result;
  services.log.info(
    `${reflections} reflections, ${parsed} with both sections, ${fixed} reach the gold answer`,
  );
  const unread = parsed < reflections ? ` ${reflections - parsed} lack a section.` : "";
  const chosen = await inform(`${outcome(result)}${unread}`, "Open Review");
  const [attemptId, ...others] = attemptIds;
  const at = attemptId !== undefined && others.length === 0 ? [{ attemptId }] : [];
  if (chosen) await vscode.commands.executeCommand("errata.review", ...at);
}

function outcome({ reflections, fixed }: ReflectResult): string {
  return `${count(reflections, "reflection")}, ${fixed} of them with a right correction.`;
}
