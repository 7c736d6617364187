import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGrader } from "../../../src/grading/index.js";
import { openPool } from "../../../src/pool/pool.js";
import { MIGRATIONS } from "../../../src/pool/schema.js";
import type { NewAttempt, NewOpinion, Pool } from "../../../src/pool/types.js";
import { groupCard } from "../../../src/verdicts/index.js";

const PROBLEMS = 12_500;
const GROUP = 8;
const CHUNK = 250;
/** What a person sees first of a list. */
const PAGE = { limit: 50 };
const TIMES = 21;
const ALL = { scope: "all" } as const;

/**
 * A pool of 100,000 attempts with a second grader's word on each, a tenth of them in dispute: what the dispute queue and
 * a group's card take to open, ms, and what the schema that keeps disputes costs an insert.
 */
export async function verdictTimes(problems = PROBLEMS): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), "errata-bench-"));
  const grader = createGrader();
  let pool: Pool | undefined;
  try {
    const made = await filled(folder, problems);
    pool = made.pool;
    const asked = performance.now();
    for (let at = 0; at < made.ids.length; at += 2000) {
      await pool.putOpinions(made.ids.slice(at, at + 2000).map(opinion));
    }
    const opinionsMs = performance.now() - asked;
    await pool.close();
    pool = await openPool(join(folder, "pool"));
    const open = pool;
    const equal = async (a: string, b: string) => (await grader.equal(a, b)).equal;
    // What is loaded once, and not for each card.
    await equal("\\sqrt{2}+x", "x+\\sqrt{2}");
    const disputed = await open.attemptIds({ ...ALL, dispute: "any" });
    const times = {
      disputeCounts: await medianOf(() => open.disputes()),
      disputeFirstPage: await medianOf(() => open.attempts({ ...ALL, dispute: "any" }, PAGE)),
      disputeOneKind: await medianOf(() => open.attempts({ ...ALL, dispute: "unsure" }, PAGE)),
      disputeLastPage: await medianOf(() =>
        open.attempts({ ...ALL, dispute: "any" }, { ...PAGE, after: disputed.at(-PAGE.limit) ?? 0 }),
      ),
      disputeQueue: await medianOf(() => open.attemptIds({ ...ALL, dispute: "any" }, { by: "disputes" })),
      disputeQuery: await medianOf(() => open.disputes({ ...ALL, verdicts: ["incorrect"] })),
      groupCard: await medianOf((i) => groupCard(open, made.ids[(i * 7919) % made.ids.length] ?? 1, equal)),
      wrongMajorityFirstPage: await medianOf(() =>
        open.buckets("problem", { ...ALL, wrongMajority: true }, PAGE),
      ),
      badProblems: await medianOf(() => open.badProblems()),
    };
    return {
      "verdicts, attempts": made.ids.length,
      "verdicts, in dispute": disputed.length,
      "verdicts, ms": Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, round(ms)])),
      "verdicts, µs an insert": {
        ...{ schema3: round((1000 * made.before) / made.ids.length) },
        ...{ schema4: round((1000 * made.now) / made.ids.length) },
        opinion: round((1000 * opinionsMs) / made.ids.length),
      },
    };
  } finally {
    await pool?.close();
    await grader.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same attempts into a pool of today's schema and one of the schema before, in turns: both meet the same load. */
async function filled(
  folder: string,
  problems: number,
): Promise<{ pool: Pool; ids: number[]; now: number; before: number }> {
  const open = (name: string, version: number): Promise<Pool> => {
    mkdirSync(join(folder, name));
    return openPool(join(folder, name), { migrations: MIGRATIONS.filter((m) => m.version <= version) });
  };
  const [pool, old] = [await open("pool", 4), await open("before", 3)];
  const ids: number[] = [];
  const spent = { now: 0, before: 0 };
  for (let from = 0; from < problems; from += CHUNK) {
    for (const into of [pool, old]) {
      const attempts = await prepared(into, from);
      const begun = performance.now();
      const made = await into.putAttempts(attempts);
      spent[into === pool ? "now" : "before"] += performance.now() - begun;
      if (into === pool) ids.push(...made);
    }
  }
  await old.close();
  return { pool, ids, ...spent };
}

async function prepared(pool: Pool, from: number): Promise<NewAttempt[]> {
  const problems = Array.from({ length: CHUNK }, (_, i) => ({
    ...{ id: `p${from + i}`, problem: `Problem ${from + i}`, gold: "1" },
  }));
  const rowIds = await pool.putProblems("bench", problems);
  const options = { temperature: 1, topP: 1, topK: 0, maxTokens: 256, seed: 1 };
  const spec = { modelId: "bench", modelHash: "bench", purpose: "sample" as const, group: GROUP };
  const { groups } = await pool.openSampling({ ...spec, options, prompt: "{{ problem }}" }, rowIds);
  return groups.flatMap(({ groupId }, i) => samples(groupId, from + i));
}

const WRONG = ["\\frac{1}{2}", "0.5", "x+1", "1+x", "\\sqrt{8}", "2\\sqrt{2}"];

function samples(groupId: number, problem: number): NewAttempt[] {
  return Array.from({ length: GROUP }, (_, sample) => {
    const right = sample < problem % (GROUP + 1);
    const open = sample === 7 && problem % 4 === 0;
    return {
      ...{ groupId, sample },
      generation: {
        text: `${"A step of a solution, and so on.\n".repeat(20)}\\boxed{1}`,
        ...{ tokenIds: [], logprobs: [], finish: "stop" as const },
      },
      grade: {
        verdict: open ? ("unscored" as const) : right ? ("correct" as const) : ("incorrect" as const),
        answer: right ? "1" : (WRONG[(problem + sample) % WRONG.length] ?? "0"),
        ...{ span: [3, 4] as [number, number], reason: "compared as numbers" },
      },
    };
  });
}

/** Of an attempt by its place: mostly as ours, now and then against it. */
function opinion(attemptId: number): NewOpinion {
  const problem = Math.floor((attemptId - 1) / GROUP);
  const right = (attemptId - 1) % GROUP < problem % (GROUP + 1);
  const verdict = (attemptId * 7919) % 13 === 0 ? !right : right;
  return {
    ...{ attemptId, grader: "math-verify", version: "0.9.0", verdict: verdict ? "correct" : "incorrect" },
    ...{ answer: "1", span: null, reason: "math-verify: equal" },
  };
}

async function medianOf(work: (i: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now();
    await work(i);
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? Number.NaN;
}

const round = (value: number): number => Math.round(value * 100) / 100;
