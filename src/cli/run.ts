import type { RunEvent, RunMetrics } from "../protocol/events.js";
import { resumeWords, STAGE_NAMES } from "../protocol/run-words.js";
import { ErrataError, type Report } from "../protocol/types.js";
import type { RunInfo, Runs } from "../runs/types.js";
import { answer, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { dryRun } from "./dry-run.js";
import { duration } from "./progress.js";

/** `errata run RECIPE.json`: starts it and stays until it ends. Ctrl+C stops it with a checkpoint. */
export async function run(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(
    args,
    {
      ...{ python: { type: "string" }, detach: { type: "boolean" }, resume: { type: "string" } },
      "trust-cluster": { type: "boolean" },
      "dry-run": { type: "boolean" },
    },
    args.some((word) => word.startsWith("--resume")) ? [] : ["RECIPE.json"],
  );
  if (values["dry-run"]) {
    return dryRun(words[0] ?? "", { workspace: values.workspace, python: values.python, json }, context);
  }
  const runs = context.runs(values.workspace, values.python, values["trust-cluster"]);
  let id = values.resume;
  if (id === undefined) id = await runs.start(words[0] ?? "", context.progress.report);
  else await runs.resume(id, context.progress.report);
  const info = values.detach
    ? await runs.get(id)
    : await follow(runs, id, context.progress.report, context.signal);
  context.progress.close();
  if (!(await answer(json, info))) console.log(summary(info));
  if (info.status === "failed" || info.status === "died") throw runFailed(info);
}

/** `errata runs [stop ID | remove ID]`. */
export async function runs(args: readonly string[], context: Context): Promise<void> {
  const [what, ...rest] = args[0] === "stop" || args[0] === "remove" ? args : ["list", ...args];
  if (what === "list") {
    const { values, json } = readArguments(rest, {});
    const store = context.runs(values.workspace);
    await store.catchUp();
    const all = await store.list();
    if (await answer(json, all)) return;
    if (all.length === 0) console.log("No run yet: `errata run RECIPE.json` starts one.");
    for (const info of all) console.log(summary(info));
    return;
  }
  const { values, words } = readArguments(rest, {}, ["ID"]);
  const [id = ""] = words;
  const store = context.runs(values.workspace);
  if (what === "stop") {
    await store.stop(id);
    console.log(`${id} will save a checkpoint and end.`);
  } else if (what === "remove") {
    await store.remove(id);
    console.log(`${id} was removed.`);
  } else throw new UsageError(`"${what}" is no part of \`errata runs\`: stop or remove.`);
}

/**
 * Stays with a run until it has ended; on abort asks it to stop and waits for its checkpoint. Resolves with what
 * became of it, whatever that is.
 */
export async function follow(runs: Runs, id: string, report: Report, signal: AbortSignal): Promise<RunInfo> {
  const events: RunEvent[] = [];
  const end = runs.watch(id, (more) => events.push(...more));
  const stop = () => void runs.stop(id).catch(() => {});
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const info = await runs.get(id);
      if (!["starting", "running", "stopping"].includes(info.status)) return info;
      report(progressOf(info, events));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    signal.removeEventListener("abort", stop);
    end();
  }
}

function progressOf(info: RunInfo, events: readonly RunEvent[]): Parameters<Report>[0] {
  // Loading and exporting have no count of their own: stages by themselves.
  if (info.status === "starting" || info.phase === "loading") {
    const detail = info.phase && info.phase !== "loading" ? { detail: info.phase } : {};
    return { stage: `Loading for ${info.id}`, done: 0, total: 0, ...detail };
  }
  if (info.phase === "exporting") return { stage: `Exporting ${info.id}`, done: 0, total: 0 };
  const last = events.findLast((event): event is RunMetrics => event.type === "metrics");
  const stage = info.stage && STAGE_NAMES[info.stage];
  const reward = last?.reward === undefined ? null : `reward ${last.reward.toFixed(2)}`;
  const parts = [info.status === "stopping" ? "stopping" : stage, reward];
  return {
    stage: `Training ${info.id}`,
    done: info.step,
    total: info.steps,
    ...(info.secondsLeft === null ? {} : { secondsLeft: info.secondsLeft }),
    detail: parts.filter(Boolean).join(" · "),
  };
}

function summary(info: RunInfo): string {
  const left = info.secondsLeft === null ? "" : ` · ${duration(info.secondsLeft)} left`;
  const model = info.modelId ? ` · model ${info.modelId}` : "";
  return `${info.id.padEnd(14)} ${info.status.padEnd(9)} ${info.method} · step ${info.step}/${info.steps}${left}${model}`;
}

/** A run that ended badly, as an error. */
export function runFailed(info: RunInfo): ErrataError {
  return new ErrataError(
    `The run ${info.id} ${info.status === "died" ? "died" : "failed"} at step ${info.step}: ${info.message ?? ""}`,
    `Its log is ${info.folder}/log.txt; \`errata run --resume ${info.id}\`: ${resumeWords(info.checkpoint)}.`,
    "run-failed",
  );
}
