import type { Figure } from "../protocol/comparison.js";
import {
  claim,
  count,
  type DemoExample,
  type DemoReport,
  number,
  ownErrors,
  pValue,
  RATES,
  type Rate,
  steps,
  TITLES,
  time,
} from "./demo-report.js";

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
  say(...wrap(ownErrors(report)), "");
  say(style.dim("█ up to the interval   ▓ to the figure   ░ to the end of the interval"), "", rule, "");
  say(...problems(report, style));
  if (report.examples.reflection) say("", rule, "", ...example(report.examples.reflection, style));
  say("", rule, "", style.bold("Where the time went"), "", ...times(report, total));
  say("", rule, "", style.bold("What may be claimed"), "", ...wrap(claim(report)));
  return `${out.join("\n")}\n`;
}

function rows(report: DemoReport, rate: Rate, style: Style): string[] {
  const [title, what] = TITLES[rate];
  const { before, after, difference } = report.intervals[rate];
  const tone = difference.low > 0 ? style.good : difference.high < 0 ? style.bad : same;
  const plus = ({ value, low, high }: Figure) => `${signed(value)} [${signed(low)}, ${signed(high)}]`;
  return [
    `${style.bold(title)}  ${style.dim(what)}`,
    `  before  ${bar(before)}  ${figure(before)}`,
    `  after   ${bar(after)}  ${figure(after)}`,
    `  ${" ".repeat(8 + WIDTH)}  ${tone(difference.n === 0 ? "" : plus(difference))}`.trimEnd(),
  ];
}

const WIDTH = 40;

/** A bar of 0 to 100 %: solid to the interval, then its two halves. */
export function bar({ value, low, high }: Figure, width = WIDTH): string {
  const at = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * width);
  const [a, b, c] = [at(low), at(value), at(high)];
  return "█".repeat(a) + "▓".repeat(b - a) + "░".repeat(c - b) + "·".repeat(width - c);
}

/** "+24.1": points, the sign always there. */
function signed(share: number): string {
  return share < 0 ? `−${number(-share)}` : `+${number(share)}`;
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

function example({ problem, gold, wrong, before, after }: DemoExample, style: Style): string[] {
  const block = (text: string) => text.split("\n").map((line) => `    ${plainMath(line)}`);
  return [
    `${style.bold("One to read")}  ${plainMath(problem)}  ${style.dim(`(answer ${gold})`)}`,
    ...["", style.bold("  a wrong attempt"), ...block(wrong)],
    ...["", style.bad("  the base model's reflection on it"), ...block(before)],
    ...["", style.good("  the trained model's reflection on it"), ...block(after)],
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

const plainMath = (text: string) =>
  text.replaceAll("$", "").replaceAll(/\\frac\{([^}]*)\}\{([^}]*)\}/g, "($1)/$2");

function wrap(text: string, width = 84): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
