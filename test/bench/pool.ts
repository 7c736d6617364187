import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool } from "../../src/pool/pool.js";
import type { NewAttempt, Pool } from "../../src/pool/types.js";

const PROBLEMS = 12_500;
const GROUP = 8;
const TOKENS = 64;
/** Problems stored in one transaction. */
const CHUNK = 250;
/** Problems expanded one after another, for a median. */
const EXPANDED = 101;

/** One attempt in the JSONL file: what viewers of rollouts keep. */
interface Row {
  problem: string;
  problemId: number;
  text: string;
  answer: string;
  verdict: string;
}

/**
 * A pool of 100,000 attempts: time to open it and show its first problems, to expand one problem, and to re-apply a
 * filter; beside the same rows in a JSONL file, read and filtered in memory by plain JavaScript.
 */
export async function bench() {
  const folder = mkdtempSync(join(tmpdir(), "errata-bench-"));
  try {
    const file = join(folder, "attempts.jsonl");
    const started = performance.now();
    const rowIds = await build(folder, file);
    const buildMs = performance.now() - started;

    const begun = performance.now();
    let pool = await openPool(folder);
    const first = await pool.buckets("problem", {}, { limit: 200 });
    await expand(pool, Number(first[0]?.key));
    const openMs = performance.now() - begun;
    const expandMs = await medianOf(EXPANDED, (i) => expand(pool, pick(rowIds, i)));
    const levelsMs = await medianOf(5, () => pool.buckets("level"));
    const statsMs = await medianOf(5, () => pool.stats());
    const annotateMs = await medianOf(EXPANDED, async (i) => {
      const [attempt] = await pool.attempts({ scope: "all", problemId: pick(rowIds, i) }, { limit: 1 });
      await pool.annotate("attempt", attempt?.id ?? 0, "bench", { kind: "firstWrongStep", value: 1 });
    });
    const searchMs = await medianOf(3, () => pool.buckets("problem", { text: "no such words" }));
    const filterMs = await medianOf(3, (i) => pool.applyFilter(i % 2 ? { kind: "mixed" } : { kind: "all" }));
    const fileMb = statSync(pool.file).size / 1e6;
    await pool.close();
    pool = await openPool(folder); // a second opening leaves nothing to fold back
    await pool.close();

    const readBegun = performance.now();
    const rows = readRows(file);
    const kept = inMemoryPool(rows);
    rows.filter((row) => row.problemId === kept[0]);
    const peerOpenMs = performance.now() - readBegun;
    const peerExpandMs = await medianOf(EXPANDED, async (i) => {
      const id = pick(rowIds, i);
      return rows.filter((row) => row.problemId === id && row.verdict === "incorrect");
    });
    return {
      ratios: {
        "pool/open and expand, against JSONL in memory": peerOpenMs / openMs,
        "pool/expand a problem, against JSONL in memory": peerExpandMs / expandMs,
      },
      figures: {
        "pool, attempts": PROBLEMS * GROUP,
        "pool, ms": {
          ...{ openAndExpand: round(openMs), expandProblem: round(expandMs), levels: round(levelsMs) },
          ...{ stats: round(statsMs), annotate: round(annotateMs), applyFilter: round(filterMs) },
          ...{ search: round(searchMs), build: round(buildMs) },
        },
        "JSONL in memory, ms": { openAndExpand: round(peerOpenMs), expandProblem: round(peerExpandMs) },
        "pool, MB": { sqlite: round(fileMb), jsonl: round(statSync(file).size / 1e6) },
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a tree does when a person opens a problem: its attempts in the pool. */
const expand = (pool: Pool, rowId: number): Promise<unknown> =>
  pool.attempts({ problemId: rowId }, { limit: 200 });

const pick = (ids: number[], i: number): number => ids[(i * 7919) % ids.length] ?? 1;
const round = (value: number): number => Math.round(value * 100) / 100;

async function medianOf(times: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work(i);
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

/** The same attempts into both; every fourth problem is mastered or unsolved, the rest is mixed. */
async function build(folder: string, file: string): Promise<number[]> {
  const pool = await openPool(folder);
  const options = { temperature: 1, topP: 1, topK: 0, maxTokens: 256, seed: 1 };
  const all: number[] = [];
  for (let from = 0; from < PROBLEMS; from += CHUNK) {
    const problems = Array.from({ length: CHUNK }, (_, i) => ({
      ...{ id: `p${from + i}`, problem: `Problem ${from + i}: ${"how many apples are left? ".repeat(6)}` },
      ...{ gold: "1", level: `L${(from + i) % 5}`, kind: `kind ${(from + i) % 7}` },
    }));
    const rowIds = await pool.putProblems("bench", problems);
    all.push(...rowIds);
    const spec = {
      modelId: "bench",
      modelHash: "bench",
      purpose: "sample" as const,
      group: GROUP,
      options,
      prompt: "{{ problem }}",
    };
    const { groups } = await pool.openSampling(spec, rowIds);
    const attempts = groups.flatMap(({ groupId }, i) => samples(groupId, from + i));
    await pool.putAttempts(attempts);
    const lines = attempts.map(({ groupId, generation, grade }, i): Row => {
      const n = Math.floor(i / GROUP);
      const { text } = generation;
      const problem = problems[n]?.problem ?? "";
      const { verdict } = grade;
      return { problem, problemId: rowIds[n] ?? groupId, text, answer: grade.answer ?? "", verdict };
    });
    appendFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
  await pool.close();
  return all;
}

function samples(groupId: number, problem: number): NewAttempt[] {
  const right = problem % 4 === 0 ? (problem % 8) * 2 : 2 + (problem % 4);
  return Array.from({ length: GROUP }, (_, sample) => ({
    groupId,
    sample,
    generation: {
      text: `${`Step: $${problem} + ${sample} = ${problem + sample}$, so we go on.\n`.repeat(12)}\\boxed{${sample}}`,
      tokenIds: Array.from({ length: TOKENS }, (_, i) => i),
      logprobs: Array.from({ length: TOKENS }, (_, i) => -i / 7),
      finish: "stop" as const,
    },
    grade: {
      verdict: sample < right ? ("correct" as const) : ("incorrect" as const),
      answer: sample < right ? "1" : `${2 + (sample % 3)}`,
      span: [3, 4] as [number, number],
      reason: "compared as numbers",
    },
  }));
}

function readRows(file: string): Row[] {
  const rows = readFileSync(file, "utf8").split("\n");
  return rows.filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Problems that the default filter keeps, in plain JavaScript. */
function inMemoryPool(rows: Row[]): number[] {
  const groups = new Map<number, number>();
  for (const row of rows) {
    groups.set(row.problemId, (groups.get(row.problemId) ?? 0) + (row.verdict === "correct" ? 1 : 0));
  }
  return [...groups].filter(([, k]) => k * (GROUP - k) >= 0.5 * (GROUP / 2) ** 2).map(([id]) => id);
}
