import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findPrompt } from "../inference/prompts.js";
import { assetFile } from "../protocol/paths.js";
import {
  type Attempt,
  ErrataError,
  type ModelEntry,
  type Report,
  type SamplingOptions,
} from "../protocol/types.js";
import type { Throughput } from "../reflection/generate.js";
import { type ReflectResult, reflectOn } from "../reflection/reflect.js";
import { type CompareTools, crossReflect, evaluateModel, putSet } from "../runs/compare.js";
import { compareEvaluations } from "../runs/comparison.js";
import { markdownReport } from "../runs/demo-markdown.js";
import type { DemoReport } from "../runs/demo-report.js";
import { COLOUR, PLAIN, terminalReport } from "../runs/demo-terminal.js";
import { findPython } from "../runs/python.js";
import type { RunInfo } from "../runs/types.js";
import { type SamplingResult, samplePipeline } from "../sampling/pipeline.js";
import { answer, number, readArguments } from "./arguments.js";
import type { Context } from "./context.js";
import { figuresOf, type PoolEvidence } from "./demo-figures.js";
import { judge } from "./demo-judge.js";
import {
  type DemoSizes,
  type DemoWorkspace,
  FULL,
  generators,
  makeWorkspace,
  QUICK,
} from "./demo-workspace.js";
import { follow, runFailed } from "./run.js";

/**
 * `errata demo`: the whole loop on the embedded model. What the workspace already holds is not made again, but the
 * run is always a new one.
 */
export async function demo(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, {
    out: { type: "string" },
    quick: { type: "boolean" },
    seed: { type: "string" },
    python: { type: "string" },
  });
  const folder = resolve(values.out ?? values.workspace ?? join(".demo", "workspace"));
  const sizes = values.quick ? QUICK : FULL;
  const seed = number("seed", values.seed, 0, { max: 4294967295, whole: true });
  const options: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: 110, seed };
  const { python } = await findPython(context.pythonPlaces(values.python));
  if (!existsSync(assetFile("demo/judge.py"))) {
    throw new ErrataError(
      "This installation does not hold the demo's own scripts (demo/*.py).",
      "Run it from a checkout: npm run demo.",
      "no-demo",
    );
  }
  const place = await makeWorkspace(folder, sizes, seed);
  const pool = await context.pool(folder);
  const tools = { engine: context.engine(), grader: context.grader(), pool, workspace: folder };
  const loop = new Loop(context, tools, sizes, options, place, python);
  const report = await loop.run();
  context.progress.close();
  await writeFile(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(folder, "report.md"), markdownReport(report));
  if (await answer(json, report)) return;
  const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;
  process.stdout.write(terminalReport(report, colour ? COLOUR : PLAIN));
  console.log(`\nThe workspace: ${folder} (open it with npm run open; the same report is its report.md)`);
}

/** The stages one after the other, each timed. */
class Loop {
  private readonly seconds: Record<string, number> = {};
  private readonly work: Throughput[] = [];
  private readonly report: Report;

  constructor(
    private readonly context: Context,
    private readonly tools: CompareTools,
    private readonly sizes: DemoSizes,
    private readonly options: SamplingOptions,
    private readonly place: DemoWorkspace,
    private readonly python: string,
  ) {
    this.report = context.progress.report;
  }

  async run(): Promise<DemoReport> {
    const { signal } = this.context;
    const { pool } = this.tools;
    const base = await this.context.models(this.place.folder).get("demo-base");
    const sampled = await this.timed("sample", () => this.sample(base));
    const reflected = await this.timed("reflect", () => this.reflect(base, sampled));
    const heldout = await putSet(pool, this.place.heldout, this.sizes.heldout);
    const evaluated = (model: ModelEntry) =>
      evaluateModel(
        this.tools,
        { model, problems: heldout, group: this.sizes.group, options: this.options },
        this.report,
        signal,
      );
    const before = await this.timed("evaluate before", () => evaluated(base));
    const info = await this.timed("train", () => this.train());
    const trained = await this.context.models(this.place.folder).get(info.modelId ?? info.id);
    const { after, crossed } = await this.timed("evaluate after", async () => ({
      after: await evaluated(trained),
      crossed: await crossReflect(this.tools, before, trained, this.options, this.report, signal),
    }));
    this.work.push(sampled, reflected, before, after, crossed);
    return figuresOf({
      comparison: compareEvaluations(before, after, crossed.reflections, "linear-heldout.jsonl"),
      crossed: crossed.reflections,
      ...{ before, after, sampled, reflected, sizes: this.sizes, info, seconds: this.seconds },
      pool: await this.poolEvidence(sampled, reflected),
      judge: (cases) => judge(this.python, cases),
      generators: await generators(this.place.heldout),
      ...this.speed(),
      workspace: this.place.folder,
    });
  }

  private async sample(model: ModelEntry): Promise<SamplingResult> {
    const { pool } = this.tools;
    const problems = await putSet(pool, this.place.train, this.sizes.train);
    const prompt = await findPrompt("solve", { family: model.prompts, workspace: this.place.folder });
    const result = await samplePipeline(
      this.tools,
      { pool, model, problems, group: this.sizes.group, options: this.options, prompt },
      this.report,
      this.context.signal,
    );
    await this.labelErrors(await pool.attemptsOfSampling(result.samplingId));
    return result;
  }

  /** The generator knows which misconception is behind an error: the tree can be grouped by it. */
  private async labelErrors(attempts: Attempt[]): Promise<void> {
    const { pool } = this.tools;
    const wrong = attempts.filter((attempt) => attempt.verdict === "incorrect" && attempt.errorType === null);
    const made = await generators(this.place.train);
    const problems = await pool.problems([...new Set(wrong.map((attempt) => attempt.problemId))]);
    const ids = new Map(problems.map(({ rowId, id }) => [rowId, id]));
    const cases = wrong.map(({ problemId, text }) => ({
      generator: made.get(ids.get(problemId) ?? ""),
      attempt: text,
      reflection: null,
    }));
    const judgements = await judge(this.python, cases);
    const types = wrong.flatMap(({ id }, i) => {
      const kind = judgements[i]?.kind;
      return kind ? [{ attemptId: id, errorType: kind, source: "generator" as const }] : [];
    });
    await pool.setErrorTypes(types);
  }

  private async reflect(model: ModelEntry, sampled: SamplingResult): Promise<ReflectResult> {
    const { pool } = this.tools;
    const attemptIds = await this.inPool(sampled);
    const prompt = await findPrompt("reflect", { family: model.prompts, workspace: this.place.folder });
    return reflectOn(
      this.tools,
      { pool, model, attemptIds, samples: 1, options: this.options, prompt },
      this.report,
      this.context.signal,
    );
  }

  private async train(): Promise<RunInfo> {
    const runs = this.context.runs(this.place.folder, this.python);
    const id = await runs.start(this.place.recipe, () => {});
    const info = await follow(runs, id, this.report, this.context.signal);
    this.context.signal.throwIfAborted();
    if (info.status !== "finished") throw runFailed(info);
    return info;
  }

  /** The errors of this sampling: an older one, of a model under the same name, may be in the pool as well. */
  private async inPool({ samplingId }: SamplingResult): Promise<number[]> {
    const attempts = await this.tools.pool.attemptsOfSampling(samplingId);
    return attempts.filter((attempt) => attempt.inPool).map((attempt) => attempt.id);
  }

  private async poolEvidence(sampled: SamplingResult, { settings }: ReflectResult): Promise<PoolEvidence> {
    const { pool } = this.tools;
    const ids = await this.inPool(sampled);
    return {
      scores: await pool.groupScores(sampled.samplingId),
      inPool: await pool.attempts({ ids }),
      reflections: await pool.reflectionsOf(ids, "demo-base", settings),
    };
  }

  /** Over all that was generated now; what was stored before took no time. */
  private speed(): { tokensPerSecond: number; backend: string } {
    const sum = (of: (work: Throughput) => number) => this.work.reduce((total, work) => total + of(work), 0);
    const seconds = sum((work) => work.seconds);
    return {
      tokensPerSecond: seconds > 0 ? sum((work) => work.tokens) / seconds : 0,
      backend: this.work.find((work) => work.backend !== null)?.backend ?? "nothing was sampled",
    };
  }

  private async timed<T>(stage: string, work: () => Promise<T>): Promise<T> {
    this.context.signal.throwIfAborted();
    const start = performance.now();
    const result = await work();
    this.seconds[stage] = (performance.now() - start) / 1000;
    return result;
  }
}
