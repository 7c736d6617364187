import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { LocalEngine } from "../../../src/inference/engine.js";
import { cpuSeconds } from "./protocol.js";
import type { Profile, ProfiledPass } from "./results.js";
import { jobsOf, plainPrompt, type Workload } from "./workload.js";

/** `node profile.cjs WEIGHTS THREADS WORKLOAD TOKENS`: prints where our engine's time goes, as JSON. */

interface Event {
  cat: string;
  name: string;
  /** Microseconds. */
  dur: number;
  args?: { op_name?: string };
}
type Binding = { InferenceSession: { create(...args: unknown[]): Promise<InferenceSession> } };

/** Operators that run a graph inside: their time holds their nodes' times. */
const CONTAINERS = new Set(["Loop", "If", "Scan"]);

const folder = mkdtempSync(join(tmpdir(), "errata-profile-"));
/** Seconds inside `session.run`, and calls. */
const inside = { seconds: 0, calls: 0 };
let profiled = false;
let session: InferenceSession | undefined;

/** Every session opened from now on is timed and, when `profiled`, writes ONNX Runtime's profile. */
function watchSessions(): void {
  const { InferenceSession: sessions } = require("onnxruntime-node") as Binding;
  const create = sessions.create.bind(sessions);
  sessions.create = async (model, options) => {
    const extra = profiled && { enableProfiling: true, profileFilePrefix: join(folder, "run") };
    const opened = await create(model, { ...(options as object), ...extra });
    const run = opened.run.bind(opened) as (...args: unknown[]) => ReturnType<InferenceSession["run"]>;
    opened.run = async (...args: unknown[]) => {
      const begun = performance.now();
      const output = await run(...args);
      inside.seconds += (performance.now() - begun) / 1000;
      inside.calls++;
      return output;
    };
    session = opened;
    return opened;
  };
}

/**
 * Seconds by operator, and of the calls as a whole, from the profile that a session wrote. What a loop or a condition
 * takes beyond its nodes is not among the operators: the calls' time less the operators' is ONNX Runtime's own.
 */
function readProfile(): { operators: Record<string, number>; calls: number } {
  const operators: Record<string, number> = {};
  let calls = 0;
  for (const file of readdirSync(folder)) {
    const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as Event[];
    for (const { cat, name, dur, args } of events) {
      if (cat === "Session" && name === "model_run") calls += dur / 1e6;
      const op = args?.op_name;
      if (cat !== "Node" || !op || !name.endsWith("_kernel_time") || CONTAINERS.has(op)) continue;
      operators[op] = (operators[op] ?? 0) + dur / 1e6;
    }
    rmSync(join(folder, file));
  }
  return { operators, calls };
}

/** One pass on an engine of its own that has made its first tokens already. */
async function pass(weights: string, threads: number, work: Work): Promise<Omit<ProfiledPass, "name">> {
  const engine = new LocalEngine({ backend: "cpu", threads });
  await engine.load({ folder: join(weights, "genai") });
  await work(engine, true);
  inside.seconds = 0;
  inside.calls = 0;
  const before = cpuSeconds();
  const begun = performance.now();
  const tokens = await work(engine, false);
  const seconds = (performance.now() - begun) / 1000;
  const times = { seconds, cpuSeconds: cpuSeconds() - before, inCalls: inside.seconds, calls: inside.calls };
  session?.endProfiling();
  await engine.dispose();
  return { tokens, ...times, operators: {}, profiledCalls: 0, profiledInCalls: 0 };
}

type Work = (engine: LocalEngine, warm: boolean) => Promise<number>;

/** Samples the jobs (for the warm-up a token of each only). Returns the tokens made. */
function sample(jobs: { text: string; lengths: number[] }[]): Work {
  return async (engine, warm) => {
    let tokens = 0;
    await engine.generate(
      (warm ? jobs.slice(0, 1) : jobs).map(({ text, lengths }, p) => ({
        key: String(p),
        messages: [{ role: "user", content: text }],
        samples: lengths.map((_, i) => i),
        maxTokens: warm ? lengths.map(() => 2) : lengths,
      })),
      { temperature: 1, topP: 1, topK: 0, maxTokens: Math.max(...jobs.flatMap((j) => j.lengths)), seed: 1 },
      {
        row: (row) => {
          tokens += row.tokenIds.length;
        },
      },
    );
    return tokens;
  };
}

async function main(weights: string, threads: number, workload: Workload, tokens: number): Promise<Profile> {
  watchSessions();
  const prompt = await plainPrompt(workload, weights);
  const jobs = (await jobsOf(workload, weights)).map(({ prompt: { text }, lengths }) => ({ text, lengths }));
  const works: [string, Work][] = [1, 8, 16].map((rows) => [
    `batch ${rows}`,
    sample([{ text: prompt.text, lengths: Array.from({ length: rows }, () => tokens) }]),
  ]);
  works.push(["workload", sample(jobs)]);
  const passes: ProfiledPass[] = [];
  for (const [name, work] of works) {
    profiled = false;
    const plain = await pass(weights, threads, work);
    // ONNX Runtime's own profile, in a pass of its own: writing it takes time.
    profiled = true;
    const { inCalls } = await pass(weights, threads, work);
    const { operators, calls } = readProfile();
    passes.push({ ...plain, name, operators, profiledCalls: calls, profiledInCalls: inCalls });
  }
  return { passes };
}

const [weights = "", threads, workload = "{}", tokens] = process.argv.slice(2);
main(weights, Number(threads), JSON.parse(workload) as Workload, Number(tokens))
  .then((profile) => process.stdout.write(`${JSON.stringify(profile)}\n`))
  .finally(() => rmSync(folder, { recursive: true }));
