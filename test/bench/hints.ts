import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGrader, type EqualityHint } from "../../src/grading/index.js";
import { InferenceClient } from "../../src/inference/client.js";
import { findPrompt, renderPrompt } from "../../src/inference/prompts.js";
import { assetFile, installationFolder } from "../../src/protocol/paths.js";
import { wilson } from "../../src/protocol/statistics.js";
import type { SamplingOptions } from "../../src/protocol/types.js";

const root = installationFolder();
const PROBLEMS = 240;
const GROUP = 8;
const OPTIONS: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: 110, seed: 11 };

interface DemoProblem {
  id: string;
  problem: string;
  generator: Record<string, number>;
}
interface Sampled extends DemoProblem {
  text: string;
}
interface Truth {
  line: number | null;
  kind: string | null;
  right: boolean;
}
interface Judged extends Sampled, Truth {
  /** The line (counted as the truth counts) of the first false hint; null without one. */
  hinted: number | null;
  /** The same without the problem's text. */
  alone: number | null;
}

/**
 * How good the hints about false equalities are: what the embedded model writes, judged by the hints and by the
 * generator's truth (demo/truth.py). Writes docs/hints.md.
 */
export async function bench() {
  const sets: Record<string, Judged[]> = {};
  let seconds = 0;
  let relations = 0;
  for (const set of ["heldout", "train"]) {
    const sampled = await sample(set);
    const truths = truthOf(sampled);
    const timed = await hintsOf(sampled);
    seconds += timed.seconds;
    relations += timed.relations;
    sets[set] = sampled.map((one, i) => ({
      ...one,
      ...(truths[i] ?? { line: null, kind: null, right: false }),
      ...(timed.lines[i] ?? { hinted: null, alone: null }),
    }));
  }
  const all = Object.values(sets).flat();
  const perSecond = Math.round(all.length / seconds);
  writeFileSync(join(root, "docs/hints.md"), page(sets, perSecond, Math.round(relations / seconds)));
  const { precision, recall, place } = figuresOf(all);
  return {
    ratios: {},
    figures: {
      "hints, solutions": all.length,
      "hints, precision": precision,
      "hints, recall": recall,
      "hints, first false hint at the first wrong line": place,
      "hints, solutions a second on one core": perSecond,
    },
  };
}

async function sample(set: string): Promise<Sampled[]> {
  const lines = readFileSync(assetFile(`demo/problems/${set}.jsonl`), "utf8")
    .trim()
    .split("\n");
  const problems = lines.slice(0, PROBLEMS).map((line) => JSON.parse(line) as DemoProblem);
  const solve = await findPrompt("solve", { family: "demo" });
  const engine = new InferenceClient({ threads: 1, backend: "cpu" });
  const texts = new Map<string, string>();
  try {
    await engine.load({ folder: assetFile("demo/model") });
    await engine.generate(
      problems.map(({ id, problem }) => ({
        key: id,
        messages: renderPrompt(solve, { problem }),
        samples: Array.from({ length: GROUP }, (_, i) => i),
      })),
      OPTIONS,
      { row: ({ key, sample, text }) => texts.set(`${key} ${sample}`, text) },
    );
  } finally {
    await engine.dispose();
  }
  return problems.flatMap((problem) =>
    Array.from({ length: GROUP }, (_, i) => ({ ...problem, text: texts.get(`${problem.id} ${i}`) ?? "" })),
  );
}

function truthOf(sampled: Sampled[]): Truth[] {
  const own = join(root, process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python");
  const input = sampled.map(({ generator, text }) => JSON.stringify({ generator, text })).join("\n");
  const { status, stdout, stderr } = spawnSync(
    existsSync(own) ? own : "python3",
    [join(root, "test/bench/hints_truth.py")],
    { input, encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`hints_truth.py ended with ${status}: ${stderr}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Truth);
}

async function hintsOf(sampled: Sampled[]) {
  const grader = createGrader();
  await grader.equal("\\ln 4", "2\\ln 2"); // The thread has started.
  const lines: Pick<Judged, "hinted" | "alone">[] = [];
  let relations = 0;
  const started = process.cpuUsage();
  const withProblem: EqualityHint[][] = [];
  for (const { text, problem } of sampled) withProblem.push(await grader.equalities(text, problem));
  const { user, system } = process.cpuUsage(started);
  for (const [i, { text }] of sampled.entries()) {
    const hints = withProblem[i] ?? [];
    relations += hints.length;
    lines.push({ hinted: firstFalse(text, hints), alone: firstFalse(text, await grader.equalities(text)) });
  }
  await grader.dispose();
  return { lines, relations, seconds: (user + system) / 1e6 };
}

/** Lines are counted as demo/truth.py does: what stands between dollars. */
function firstFalse(text: string, hints: EqualityHint[]): number | null {
  const at = hints.find(({ verdict }) => verdict === "false")?.start;
  if (at === undefined) return null;
  const line = [...text.matchAll(/\$([^$\n]*)\$/g)].findIndex(
    (m) => m.index <= at && at < m.index + m[0].length,
  );
  return line + 1;
}

function figuresOf(rows: Judged[], of: "hinted" | "alone" = "hinted") {
  const wrong = rows.filter(({ line }) => line !== null);
  const hinted = rows.filter((row) => row[of] !== null);
  const hits = hinted.filter(({ line }) => line !== null);
  const placed = hits.filter((row) => row[of] === row.line);
  const sound = rows.filter(({ line }) => line === null);
  return {
    precision: share(hits.length, hinted.length),
    recall: share(hits.length, wrong.length),
    place: share(placed.length, hits.length),
    alarms: share(hinted.length - hits.length, sound.length),
  };
}

function share(k: number, n: number): string {
  if (n === 0) return "–";
  const { low, high } = wilson(k, n);
  const digits = (x: number): string => x.toFixed(3).replace(/^0/, "");
  return `${digits(k / n)} (${k} of ${n}; ${digits(low)} to ${digits(high)})`;
}

function page(sets: Record<string, Judged[]>, perSecond: number, relationsPerSecond: number): string {
  const all = Object.values(sets).flat();
  const rows = [...Object.entries(sets), ["both", all] as const];
  const line = ([name, list]: readonly [string, Judged[]], of: "hinted" | "alone"): string => {
    const f = figuresOf(list, of);
    return `| ${name} | ${list.length} | ${f.precision} | ${f.recall} | ${f.place} | ${f.alarms} |`;
  };
  const kinds = [...new Set(all.flatMap(({ kind }) => (kind === null ? [] : [kind])))].sort();
  const malformed = all.filter((row) => row.line !== null && row.hinted === null);
  const boxOnly = all.filter(({ line: wrong, right }) => wrong === null && !right);
  const header = `| samples of | solutions | precision | recall | at the first wrong line | false alarms on sound ones |
|---|---|---|---|---|---|`;
  return `# Hints about false equalities

Written by \`npm run bench hints\`. A hint says of a relation in a solution that computer algebra proved it, refuted it, or cannot tell (\`src/grading/equalities.ts\`). It is never a label: nothing is stored or exported from it.

## What is looked at
1. **Relations between constants** with =, <, >, ≤, ≥ or ≠, also in chains: both sides worked out exactly (fractions, roots, π, percent), else by compute-engine in the grading thread.
2. **Equations in one unknown** against the equations before them, the problem's included: an equation is a constraint and no claim, so it is called false only where it has no solution in common with any of the last few equations in that unknown. \`2x+3=10\` after \`2(x+3)=10\`: "there x = 2, here x = 7/2". Later lines that follow from a wrong line are not false again.

A wrong "false" is worse than an "unknown". Open stays whatever may be rounded, is supposed, asked or taken back by the words around it, counts modulo something or in another base, has units that differ, dots, or can be read in two ways.

## How good they are
The embedded model's own solutions (the first ${PROBLEMS} problems of each set, ${GROUP} samples each, temperature 1, seed ${OPTIONS.seed}) against the generator's truth (\`demo/truth.py\`: the first line that the true x does not satisfy). In brackets: counts and the 95 % Wilson interval; samples of one problem resemble each other, so the intervals are rather narrow.

- **precision**: of the solutions with a false hint, those that have a wrong line;
- **recall**: of the solutions with a wrong line, those with a false hint;
- **at the first wrong line**: of the hits, those whose first false hint stands at the truth's first wrong line;
- **false alarms**: of the solutions without a wrong line, those with a false hint.

${header}
${rows.map((row) => line(row, "hinted")).join("\n")}

The same when the problem's text is withheld, so that a first line has nothing to be held against:

${header}
${rows.map((row) => line(row, "alone")).join("\n")}

Recall by the kind of error (with the problem's text):

| first error | solutions | recall |
|---|---|---|
${kinds
  .map((kind) => {
    const list = all.filter((row) => row.kind === kind);
    return `| ${kind} | ${list.length} | ${share(list.filter(({ hinted }) => hinted !== null).length, list.length)} |`;
  })
  .join("\n")}

Wrong line, yet no false hint: ${malformed.length} of them${malformed.length > 0 ? ` (for instance ${example(malformed)})` : ""}. No wrong line, yet a wrong answer, which no hint can show: ${boxOnly.length}.

Speed: ${perSecond} solutions a second of processor time (${relationsPerSecond} relations), one core, after the thread has started.

## What they cannot see
- The demo set is made of linear equations in one unknown, one line after the other, and its truth is found by putting the true x into each line, which is near to what the hints do: it is what they are best at, and figures near 1 are to be expected. On other mathematics expect the same care about "false" and a far lower recall; it was not measured.
- A false step in words, a wrong model of the problem, a missed case, a wrong inequality, systems of equations, geometry, congruences, sums with dots.
- A line that is wrong but shares a solution with a line before it (\`x=2\` from \`x^2=4\` loses a solution and is called neither true nor false).
- A true line that does not help, and a right answer reached by luck.
`;
}

function example(rows: Judged[]): string {
  const text = rows[0]?.text.split("\n").slice(0, 3).join(" ⏎ ") ?? "";
  return `\`${text.replace(/`/g, "'")}\``;
}
