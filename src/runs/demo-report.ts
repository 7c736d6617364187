import type { ComparedProblem, Figure } from "./types.js";

/** A figure of the base model and of the trained one. */
export interface BeforeAfter<T> {
  before: T;
  after: T;
}
/** Figures that stand beside each other before and after training. */
export const RATES = [
  "passAt1",
  "fixRate",
  "retryRate",
  "diagnosis",
  "fixIfDiagnosed",
  "fixIfMisdiagnosed",
  "accT2",
] as const;
export type Rate = (typeof RATES)[number];

/** One reflection to read. */
export interface DemoExample {
  problem: string;
  gold: string;
  wrong: string;
  reflection: string;
}

/** What `errata demo` found: the `--json` answer (schemas/demo.schema.json). */
export interface DemoReport extends Record<Rate, BeforeAfter<number>> {
  model: string;
  trained: string;
  backend: string;
  /** Problems sampled for the pool, their attempts, and what became of them. */
  problems: number;
  attempts: number;
  correct: number;
  inPool: number;
  reflections: number;
  /** On the pool's own attempts, base model: apart from the held-out figures, which are over all wrong attempts. */
  pool: { fixRate: Figure; retryRate: Figure };
  /** Problems never trained on, and samples of each. */
  heldout: number;
  group: number;
  /** The rates above with their 95 % intervals and what they were counted over. */
  intervals: Record<Rate, BeforeAfter<Figure>>;
  fixed: number;
  regressed: number;
  mcnemarP: number;
  tokensPerSecond: number;
  /** By stage. */
  seconds: Record<string, number>;
  run: { steps: number; method: string; id: string };
  examples: {
    fixed: Pick<ComparedProblem, "problem" | "a" | "b">[];
    regressed: Pick<ComparedProblem, "problem" | "a" | "b">[];
    reflection: DemoExample | null;
  };
  workspace: string;
}

const TITLES: Record<Rate, [string, string]> = {
  passAt1: ["First attempt right", "pass@1, mean over problems"],
  fixRate: ["Mended after its own reflection", "fix rate, of all wrong first attempts"],
  retryRate: ["Right on a plain retry", "of the same: what resampling alone gives"],
  diagnosis: ["Error found", "names the first wrong line and the kind of error"],
  fixIfDiagnosed: ["Mended where the error was found", "P(fix | diagnosis right)"],
  fixIfMisdiagnosed: ["Mended where it was not", "P(fix | diagnosis wrong)"],
  accT2: ["Right after one reflection", "first attempt right, or wrong and then mended"],
};

/** ANSI styles, or none of them. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}
export const PLAIN: Style = { bold: same, dim: same, good: same, bad: same };
export const COLOUR: Style = {
  bold: (text) => `\x1b[1m${text}\x1b[22m`,
  dim: (text) => `\x1b[2m${text}\x1b[22m`,
  good: (text) => `\x1b[32m${text}\x1b[39m`,
  bad: (text) => `\x1b[31m${text}\x1b[39m`,
};
function same(text: string): string {
  return text;
}

/** The report for a terminal, at most 88 columns wide. */
export function terminalReport(report: DemoReport, style: Style = PLAIN): string {
  const out: string[] = [];
  const say = (...lines: string[]) => out.push(...lines);
  const total = Object.values(report.seconds).reduce((a, b) => a + b, 0);
  const rule = style.dim("─".repeat(84));
  say("", style.bold("Errata · the whole loop on the embedded model"));
  say(
    style.dim(
      `${report.model} → ${report.trained} · ${report.backend} · ${count(report.tokensPerSecond)} tokens/s · ${time(total)}`,
    ),
    rule,
    "",
  );
  for (const [name, text] of steps(report)) say(`${style.bold(name.padEnd(11))} ${text}`);
  say("", rule, "");
  const scope = `${report.heldout} problems that neither model was trained on, ${report.group} samples each`;
  say(style.bold("Before and after"), style.dim(`${scope}; 95 % intervals by problem`), "");
  for (const rate of RATES) say(...rows(report, rate, style), "");
  say(style.dim("█ up to the interval   ▓ to the figure   ░ to the end of the interval"), "", rule, "");
  say(...problems(report, style));
  if (report.examples.reflection) say("", rule, "", ...example(report.examples.reflection, style));
  say("", rule, "", style.bold("Where the time went"), "", ...times(report, total));
  say("", rule, "", style.bold("What may be claimed"), "", ...wrap(claim(report)));
  return `${out.join("\n")}\n`;
}

function steps(report: DemoReport): [string, string][] {
  const { attempts, correct, problems, inPool, reflections, pool, run } = report;
  return [
    [
      "Sampled",
      `${problems} problems × ${report.group} = ${count(attempts)} attempts, ${count(correct)} right (${percent(correct / Math.max(1, attempts))})`,
    ],
    ["Error pool", `${count(inPool)} wrong attempts, on problems at the edge of what the model can do`],
    [
      "Reflected",
      `${count(reflections)} of them: ${percent(pool.fixRate.value)} mended, against ${percent(pool.retryRate.value)} by a plain retry`,
    ],
    [
      "Trained",
      `${run.method === "scrpo" ? "ScRPO" : run.method}, ${run.steps} steps in ${time(report.seconds.train ?? 0)} (run ${run.id})`,
    ],
  ];
}

function rows(report: DemoReport, rate: Rate, style: Style): string[] {
  const [title, what] = TITLES[rate];
  const { before, after } = report.intervals[rate];
  const apart = after.low > before.high ? style.good : after.high < before.low ? style.bad : same;
  return [
    `${style.bold(title)}  ${style.dim(what)}`,
    `  before  ${bar(before)}  ${figure(before)}`,
    `  after   ${apart(bar(after))}  ${apart(figure(after))}`,
  ];
}

const WIDTH = 40;

/** A bar of 0 to 100 %: solid to the interval, then its two halves. */
export function bar({ value, low, high }: Figure, width = WIDTH): string {
  const at = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * width);
  const [a, b, c] = [at(low), at(value), at(high)];
  return "█".repeat(a) + "▓".repeat(b - a) + "░".repeat(c - b) + "·".repeat(width - c);
}

function figure({ value, low, high, n }: Figure): string {
  if (n === 0) return "   –    nothing to count";
  const range = `[${number(low)}, ${number(high)}]`;
  return `${number(value).padStart(5)} %  ${range.padEnd(14)} n = ${count(n)}`;
}

function problems(report: DemoReport, style: Style): string[] {
  const { fixed, regressed, examples, mcnemarP, group } = report;
  const line = ({ problem, a, b }: (typeof examples.fixed)[number]) =>
    `  ${plainMath(problem).padEnd(44)} ${style.dim(`${a.correct}/${a.scored} → ${b.correct}/${b.scored}`)}`;
  const out = [
    `${style.bold("Solved now and not before")}  ${style.good(`${fixed} fixed`)}, ${style.bad(`${regressed} regressed`)}  ${style.dim(`McNemar, exact: p = ${pValue(mcnemarP)}`)}`,
    style.dim(`Solved: at least half of the ${group} samples are right.`),
  ];
  if (examples.fixed.length > 0) out.push("", style.good("fixed"), ...examples.fixed.map(line));
  if (examples.regressed.length > 0) out.push("", style.bad("regressed"), ...examples.regressed.map(line));
  return out;
}

function example({ problem, gold, wrong, reflection }: DemoExample, style: Style): string[] {
  const block = (text: string) => text.split("\n").map((line) => `    ${plainMath(line)}`);
  return [
    `${style.bold("One to read")}  ${plainMath(problem)}  ${style.dim(`(answer ${gold})`)}`,
    "",
    style.bad("  its wrong attempt"),
    ...block(wrong),
    "",
    style.good("  its reflection, after training"),
    ...block(reflection),
  ];
}

function times(report: DemoReport, total: number): string[] {
  const entries = Object.entries(report.seconds);
  const longest = Math.max(...entries.map(([, seconds]) => seconds));
  const width = Math.max(...entries.map(([stage]) => stage.length));
  const lines = entries.map(([stage, seconds]) => {
    const blocks = "█".repeat(Math.max(1, Math.round((seconds / longest) * 30)));
    return `  ${stage.padEnd(width)}  ${blocks.padEnd(30)}  ${time(seconds)}`;
  });
  return [...lines, `  ${"in all".padEnd(width)}  ${" ".repeat(30)}  ${time(total)}`];
}

/** What these figures allow to be said, and what they do not. */
export function claim(report: DemoReport): string {
  const { fixRate, diagnosis, fixIfMisdiagnosed } = report.intervals;
  const said: string[] = [];
  const rose = ({ before, after }: BeforeAfter<Figure>) => after.low > before.high;
  if (rose(fixRate)) {
    said.push(
      `The self-correction stage of ScRPO taught this model to mend its own errors: the fix rate rose from ${percent(fixRate.before.value)} to ${percent(fixRate.after.value)} on problems it never saw.`,
    );
    said.push(
      rose(diagnosis)
        ? "It also finds the error more often."
        : "That it finds the error more often is not shown: the intervals overlap.",
    );
    if (rose(fixIfMisdiagnosed)) {
      said.push(
        "Part of the gain is the analysis acting as a call for care: corrections succeed more often after a wrong diagnosis, too.",
      );
    }
  } else {
    said.push(
      "In this run the fix rate did not clearly rise: its intervals before and after overlap. Another seed or more steps may differ; this one shows nothing.",
    );
  }
  said.push(
    "No claim is made about first attempts: whatever pass@1 gained, plain GRPO gains at least as much there for as many generated tokens. The model has 0.2 million parameters and one kind of problem; the gains that papers report belong to models of 1.5 billion parameters and more.",
  );
  return said.join(" ");
}

/** The same report as Markdown, for the workspace. */
export function markdownReport(report: DemoReport): string {
  const { intervals } = report;
  const cell = ({ value, low, high, n }: Figure) =>
    n === 0 ? "–" : `${number(value)} % [${number(low)}, ${number(high)}], n = ${n}`;
  const total = Object.values(report.seconds).reduce((a, b) => a + b, 0);
  const changed = (list: DemoReport["examples"]["fixed"]) =>
    list.map(({ problem, a, b }) => `- ${problem}: ${a.correct}/${a.scored} → ${b.correct}/${b.scored}`);
  const read = report.examples.reflection;
  return [
    "# The whole loop on the embedded model",
    "",
    `${report.model} → ${report.trained}, backend ${report.backend}, ${count(report.tokensPerSecond)} tokens/s, ${time(total)}.`,
    "",
    ...steps(report).map(([name, text]) => `- **${name}**: ${text}`),
    "",
    `## Before and after, on ${report.heldout} problems never trained on (${report.group} samples each)`,
    "",
    "| | before | after |",
    "|---|---|---|",
    ...RATES.map(
      (rate) =>
        `| ${TITLES[rate].join(": ")} | ${cell(intervals[rate].before)} | ${cell(intervals[rate].after)} |`,
    ),
    "",
    "95 % intervals by problem. Second turns are oracle-gated: only wrong first attempts, told that they are wrong.",
    "",
    `**${report.fixed} fixed, ${report.regressed} regressed** (solved: at least half of the samples right; McNemar, exact: p = ${pValue(report.mcnemarP)}).`,
    "",
    ...(report.examples.fixed.length > 0 ? ["Fixed:", "", ...changed(report.examples.fixed), ""] : []),
    ...(report.examples.regressed.length > 0
      ? ["Regressed:", "", ...changed(report.examples.regressed), ""]
      : []),
    ...(read
      ? [
          "## One to read",
          "",
          `${read.problem} (answer ${read.gold})`,
          "",
          "Its wrong attempt:",
          "",
          fence(read.wrong),
          "",
          "Its reflection, after training:",
          "",
          fence(read.reflection),
          "",
        ]
      : []),
    "## Where the time went",
    "",
    "| stage | time |",
    "|---|---|",
    ...Object.entries(report.seconds).map(([stage, seconds]) => `| ${stage} | ${time(seconds)} |`),
    "",
    "## What may be claimed",
    "",
    claim(report),
    "",
  ].join("\n");
}

const fence = (text: string) => `\`\`\`\n${text}\n\`\`\``;
const number = (share: number) => (100 * share).toFixed(1);
const percent = (share: number) => `${Math.round(100 * share)} %`;
const count = (n: number) => Math.round(n).toLocaleString("en").replaceAll(",", " ");
const pValue = (p: number) => (p < 0.001 ? p.toExponential(1) : p.toFixed(3));
const plainMath = (text: string) =>
  text.replaceAll("$", "").replaceAll(/\\frac\{([^}]*)\}\{([^}]*)\}/g, "($1)/$2");

function time(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

function wrap(text: string, width = 84): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
