import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGrader } from "../../src/grading/index.js";
import { installationFolder } from "../../src/protocol/paths.js";
import { answerPairs, type Pair } from "../unit/answer-pairs.fixture.js";

const root = installationFolder();
const PAGE = join(root, "docs/grading.md");
const SIMPLE = 4000;
/** It takes some fifty times as long. */
const SIMPLE_OF_PEER = 800;

const TITLES: Record<string, string> = {
  untouched: "untouched (opened since)",
  othersWorking: "other hands, working",
  othersUntouched: "**other hands, untouched**",
};
/** What is left of them is listed. */
const LOOKED_AT = new Set(["working", "othersWorking"]);

/**
 * Pairs a second of processor time on simple answers, beside math-verify on the same pairs (both on one core, loading
 * not counted), and how both agree with the tables of answer pairs. The figures go into docs/grading.md. Needs `.venv`
 * with math-verify.
 */
export async function bench() {
  const simple = simplePairs();
  const fewer = simple.slice(0, SIMPLE_OF_PEER);
  const peer = await mathVerify(fewer);
  const ours = await errata(simple);
  const tables = answerPairs();
  const judged: Record<string, { errata: Agreement; mathVerify: Agreement }> = {};
  let slowest = 0;
  const wrong: string[] = [];
  for (const [name, pairs] of Object.entries(tables)) {
    const found = await errata(pairs);
    slowest = Math.max(slowest, found.slowest);
    judged[name] = {
      errata: agreement(pairs, found.verdicts),
      mathVerify: agreement(pairs, (await mathVerify(pairs)).verdicts),
    };
    if (LOOKED_AT.has(name)) wrong.push(...disagreements(pairs, found.verdicts));
  }
  const figures = {
    "pairs a second": {
      errata: Math.round(simple.length / ours.seconds),
      mathVerify: Math.round(fewer.length / peer.seconds),
    },
    "simple pairs judged wrongly": {
      errata: agreement(simple, ours.verdicts).wrong,
      mathVerify: agreement(fewer, peer.verdicts).wrong,
    },
    "slowest comparison of the tables, milliseconds": Math.round(slowest),
    ...judged,
  };
  write(judged, figures["pairs a second"], slowest, wrong);
  return {
    ratios: {
      "grading simple answers/math-verify": peer.seconds / fewer.length / (ours.seconds / simple.length),
    },
    figures,
  };
}

interface Judged {
  verdicts: (boolean | null)[];
  /** Of processor time. */
  seconds: number;
  /** Milliseconds by the clock of the longest comparison; 0 where it is not known. */
  slowest: number;
}

async function errata(pairs: Pair[]): Promise<Judged> {
  const grader = createGrader();
  // Loads the thread, which is not counted.
  await grader.equal("\\sin^2 x + \\cos^2 x", "1");
  let slowest = 0;
  const started = process.cpuUsage();
  const verdicts: (boolean | null)[] = [];
  for (const { gold, answer } of pairs) {
    const from = performance.now();
    verdicts.push((await grader.equal(gold, answer)).equal);
    slowest = Math.max(slowest, performance.now() - from);
  }
  const { user, system } = process.cpuUsage(started);
  await grader.dispose();
  return { verdicts, seconds: (user + system) / 1e6, slowest };
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
      resolve({ verdicts: lines.map((line) => line === "true"), seconds, slowest: 0 });
    });
    child.stdin.end(pairs.map((pair) => JSON.stringify(pair)).join("\n"));
  });
}

interface Agreement {
  pairs: number;
  agrees: number;
  wrong: number;
  wronglyEqual: number;
  wronglyDifferent: number;
  /** Left open where the table decides. */
  missed: number;
}

/** Against the table's own judgement. math-verify knows no "undecided": its false agrees where we say so. */
function agreement(pairs: Pair[], verdicts: (boolean | null)[]): Agreement {
  const count = (test: (pair: Pair, verdict: boolean | null) => boolean) =>
    pairs.filter((pair, i) => test(pair, verdicts[i] ?? null)).length;
  const wronglyEqual = count((pair, verdict) => verdict === true && pair.equal !== true);
  const wronglyDifferent = count((pair, verdict) => verdict === false && pair.equal === true);
  const missed = count((pair, verdict) => verdict === null && pair.equal !== null);
  const wrong = wronglyEqual + wronglyDifferent;
  return {
    pairs: pairs.length,
    agrees: pairs.length - wrong - missed,
    wrong,
    wronglyEqual,
    wronglyDifferent,
    missed,
  };
}

function disagreements(pairs: Pair[], verdicts: (boolean | null)[]): string[] {
  const word = (equal: boolean | null) => (equal === null ? "undecided" : equal ? "equal" : "different");
  const short = (text: string) => (text.length > 44 ? `${text.slice(0, 40)}…` : text).replace(/\|/g, "\\|");
  return pairs.flatMap((pair, i) => {
    const found = verdicts[i] ?? null;
    if (found === pair.equal) return [];
    return [
      `| ${pair.kind} | \`${short(pair.gold)}\` | \`${short(pair.answer)}\` | ${word(pair.equal)} | ${word(found)} |`,
    ];
  });
}

/** Between the marks of docs/grading.md. */
function write(
  judged: Record<string, { errata: Agreement; mathVerify: Agreement }>,
  speed: { errata: number; mathVerify: number },
  slowest: number,
  wrong: string[],
): void {
  const rows = Object.entries(judged).map(([name, { errata, mathVerify }]) => {
    const cell = (one: Agreement) =>
      `${one.agrees} | ${one.wronglyEqual} | ${one.wronglyDifferent} | ${one.missed}`;
    return `| ${TITLES[name] ?? name} | ${errata.pairs} | ${cell(errata)} | ${cell(mathVerify)} |`;
  });
  const text = [
    `Measured ${new Date().toISOString().slice(0, 10)} with math-verify 0.9.0; every count is of pairs.`,
    "",
    "| table | pairs | Errata agrees | wrongly equal | wrongly different | left open | math-verify agrees | wrongly equal | wrongly different | left open |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `Simple answers a second of processor time: ${speed.errata.toLocaleString("en-US")} (math-verify: ${speed.mathVerify.toLocaleString("en-US")}). The longest comparison of all tables, the hostile ones among them, took ${Math.round(slowest)} ms by the clock.`,
    "",
    "What is still not as the tables have it in the working halves:",
    "",
    "| kind | gold | answer | table | Errata |",
    "|---|---|---|---|---|",
    ...wrong,
  ].join("\n");
  const page = readFileSync(PAGE, "utf8");
  const marked = /(<!-- measured -->\n)[\s\S]*(<!-- end of measured -->)/;
  writeFileSync(
    PAGE,
    page.replace(marked, (_, from: string, to: string) => `${from}${text}\n${to}`),
  );
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
