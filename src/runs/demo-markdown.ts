import type { Figure } from "../protocol/comparison.js";
import {
  claim,
  count,
  type DemoReport,
  number,
  ownErrors,
  pValue,
  RATES,
  steps,
  TITLES,
  time,
} from "./demo-report.js";

/** The same report as Markdown, for the workspace. */
export function markdownReport(report: DemoReport): string {
  const { intervals } = report;
  const cell = ({ value, low, high, n }: Figure) =>
    n === 0 ? "–" : `${number(value)} % [${number(low)}, ${number(high)}], n = ${n}`;
  const plus = ({ value, low, high, n }: Figure) =>
    n === 0 ? "–" : `${number(value)} [${number(low)}, ${number(high)}]`;
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
    "| | before | after | difference |",
    "|---|---|---|---|",
    ...RATES.map(
      (rate) =>
        `| ${TITLES[rate].join(": ").replaceAll("|", "\\|")} | ${cell(intervals[rate].before)} | ${cell(intervals[rate].after)} | ${plus(intervals[rate].difference)} |`,
    ),
    "",
    ownErrors(report),
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
          "A wrong attempt:",
          "",
          fence(read.wrong),
          "",
          "The base model's reflection on it:",
          "",
          fence(read.before),
          "",
          "The trained model's reflection on it:",
          "",
          fence(read.after),
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
