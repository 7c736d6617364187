import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createGrader } from "../../src/grading/index.js";
import { installationFolder } from "../../src/protocol/paths.js";

interface Pair {
  gold: string;
  answer: string;
  equal: boolean | null;
  kind: string;
}

const root = installationFolder();
const SIMPLE = 4000;

/**
 * Pairs a second of processor time on simple answers, beside math-verify on the same pairs (both on one core, loading
 * not counted), and how both agree with the table of answer pairs. Needs `.venv` with math-verify.
 */
export async function bench() {
  const simple = simplePairs();
  const table = readFileSync(join(root, "test/fixtures/answer-pairs.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Pair);
  const peer = await mathVerify(simple);
  const ours = await errata(simple);
  const judged = { errata: await errata(table), mathVerify: await mathVerify(table) };
  return {
    ratios: { "grading simple answers/math-verify": peer.seconds / ours.seconds },
    figures: {
      "pairs a second": {
        errata: Math.round(simple.length / ours.seconds),
        mathVerify: Math.round(simple.length / peer.seconds),
      },
      "simple pairs judged wrongly": {
        errata: agreement(simple, ours.verdicts).wrong,
        mathVerify: agreement(simple, peer.verdicts).wrong,
      },
      "table of answer pairs": {
        errata: agreement(table, judged.errata.verdicts),
        mathVerify: agreement(table, judged.mathVerify.verdicts),
      },
    },
  };
}

interface Judged {
  verdicts: (boolean | null)[];
  /** Of processor time. */
  seconds: number;
}

async function errata(pairs: Pair[]): Promise<Judged> {
  const grader = createGrader();
  await grader.equal("1", "2");
  const started = process.cpuUsage();
  const verdicts: (boolean | null)[] = [];
  for (const { gold, answer } of pairs) verdicts.push((await grader.equal(gold, answer)).equal);
  const { user, system } = process.cpuUsage(started);
  await grader.dispose();
  return { verdicts, seconds: (user + system) / 1e6 };
}

function mathVerify(pairs: Pair[]): Promise<Judged> {
  const python = join(root, process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python");
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(root, "test/bench/math_verify_peer.py")], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      out += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const lines = out.trim().split("\n");
      if (code !== 0 || lines.length !== pairs.length + 1) {
        reject(new Error(`math-verify ended with ${code} after ${lines.length} lines`));
        return;
      }
      const seconds = Number(lines.pop());
      resolve({ verdicts: lines.map((line) => line === "true"), seconds });
    });
    child.stdin.end(pairs.map((pair) => JSON.stringify(pair)).join("\n"));
  });
}

/** Against the table's own judgement. math-verify knows no "undecided": its false counts as one where we say so. */
function agreement(pairs: Pair[], verdicts: (boolean | null)[]) {
  const count = (test: (pair: Pair, verdict: boolean | null) => boolean) =>
    pairs.filter((pair, i) => test(pair, verdicts[i] ?? null)).length;
  const wronglyEqual = count((pair, verdict) => verdict === true && pair.equal !== true);
  const wronglyDifferent = count((pair, verdict) => verdict === false && pair.equal === true);
  const missed = count((pair, verdict) => verdict === null && pair.equal !== null);
  return {
    pairs: pairs.length,
    wrong: wronglyEqual + wronglyDifferent,
    wronglyEqual,
    wronglyDifferent,
    missed,
  };
}

/** All different, so that no grader's memory helps: integers, decimals, fractions, thousands, money, assignments. */
function simplePairs(): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; pairs.length < SIMPLE; i++) {
    const n = 1000 + 7 * i;
    const equal = i % 2 === 0;
    const m = equal ? n : n + 1;
    const forms: [string, string][] = [
      [`${n}`, `${m}`],
      [`${n}`, `${n}.${equal ? "0" : "5"}`],
      [`\\frac{${n}}{${n + 1}}`, `\\dfrac{${2 * m}}{${2 * n + 2}}`],
      [`${n}`, m.toLocaleString("en-US")],
      [`${n}`, `\\$${m}`],
      [`${n}`, `x = ${m}`],
      [`${n}\\pi`, `${m}\\pi`],
      [`${n}\\sqrt{2}`, `\\sqrt{2}\\cdot ${m}`],
    ];
    const [gold, answer] = forms[i % forms.length] ?? ["", ""];
    pairs.push({ gold, answer, equal, kind: "simple" });
  }
  return pairs;
}
