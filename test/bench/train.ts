import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { installationFolder } from "../../src/protocol/paths.js";

const root = installationFolder();
const ROUNDS = 3;
const STEPS = 14;
/** The first steps fill caches. */
const WARM = 2;

interface Step {
  /** Seconds: of the trainer's processor time, and on the wall. */
  cpu: number;
  wall: number;
  /** Generated. */
  tokens: number;
}

/**
 * Seconds a step of our GRPO and ScRPO beside TRL's plain GRPOTrainer: same weights, problems, configuration, grader,
 * one thread, in turns. Of processor time, per generated token, so that no trainer gains by writing less.
 */
export async function bench() {
  const arms = ["trl", "grpo", "scrpo"] as const;
  const found: Record<(typeof arms)[number], Step[][]> = { trl: [], grpo: [], scrpo: [] };
  for (let round = 0; round < ROUNDS; round++) for (const arm of arms) found[arm].push(await run(arm, round));
  const cost = (arm: (typeof arms)[number], clock: "cpu" | "wall") =>
    median(found[arm].map((one) => secondsPerToken(one, clock)));
  const figures = Object.fromEntries(
    arms.map((arm) => [
      arm,
      {
        "seconds a step": round(median(found[arm].flatMap((one) => one.slice(WARM).map((s) => s.wall)))),
        "ms of processor a generated token": round(1000 * cost(arm, "cpu")),
        "ms on the wall a generated token": round(1000 * cost(arm, "wall")),
      },
    ]),
  );
  return {
    ratios: {
      "training grpo/TRL's GRPOTrainer": cost("trl", "cpu") / cost("grpo", "cpu"),
      "training scrpo/TRL's GRPOTrainer": cost("trl", "cpu") / cost("scrpo", "cpu"),
    },
    figures,
  };
}

async function run(arm: string, seed: number): Promise<Step[]> {
  const python = join(root, process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python");
  const env = {
    ...process.env,
    OMP_NUM_THREADS: "1",
    HF_HUB_OFFLINE: "1",
    TRL_EXPERIMENTAL_SILENCE: "1",
    ELECTRON_RUN_AS_NODE: "1",
    PYTHONPATH: [join(root, "trainer"), root].join(delimiter),
  };
  const args = ["-m", "experiments.bench_steps", arm, String(STEPS), String(seed)];
  const { stdout } = await promisify(execFile)(python, args, { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Step[];
}

function secondsPerToken(steps: Step[], clock: "cpu" | "wall"): number {
  const warm = steps.slice(WARM);
  return warm.reduce((sum, step) => sum + step[clock], 0) / warm.reduce((sum, step) => sum + step.tokens, 0);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const round = (value: number): number => Number(value.toPrecision(3));
