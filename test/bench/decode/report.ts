import { readFileSync } from "node:fs";
import { type Goal, goals } from "./goals.js";
import { megabytes, table } from "./markdown.js";
import { limitsSection, profileSection } from "./report-time.js";
import { type Contender, type Group, type Results, ratioOf, type Spread, spread } from "./results.js";
import { script } from "./setup.js";

/** `docs/performance.md`: the figures as measured, the goals met or missed, and the notes that stand in notes.md. */
export function report(results: Results): string {
  const { groups } = results;
  return `${[
    "# Speed of sampling",
    "",
    "Written by `npm run bench:decode`; do not edit. Tokens a second, each peer in a process of its own, all on the same weights, interleaved (each repeat runs all of them). Ratios are Errata's speed by the peer's within one repeat, as median (min – max); above 1 Errata is faster.",
    "",
    ...setting(results),
    "## Goals",
    "",
    ...goalTable(goals(results)),
    "## The workload",
    "",
    "Each problem is sampled 8 times from one prompt, with a fixed list of heavy-tailed (log-normal) lengths that is forced on every peer; temperature 1, nothing truncated. Only forced tokens count, prompts are part of the time. It is small so that one run with all peers takes minutes: a real sampling has hundreds of problems and longer answers, so that its tail, in which few rows are left, weighs less than here.",
    "",
    ...groups.flatMap((group) => workloadTable(group, results.repeats)),
    "## Plain decode",
    "",
    "Rows of the same prompt, greedy, the same number of tokens each; the prompt's time is not in it.",
    "",
    ...groups.flatMap(plainTable),
    "## Where the time goes",
    "",
    ...groups.flatMap(profileSection),
    "## How far from the machine's limit",
    "",
    ...limitsSection(results),
    "## Memory",
    "",
    ...memoryTable(groups),
    "## Same work",
    "",
    ...sameWork(groups),
    readFileSync(script("notes.md"), "utf8").trim(),
  ].join("\n")}\n`;
}

const speed = (x: number) => (x >= 1000 ? Math.round(x).toLocaleString("en") : x.toFixed(1));
const ratio = ({ min, median, max }: Spread) =>
  Number.isFinite(median) ? `${median.toFixed(2)} (${min.toFixed(2)} – ${max.toFixed(2)})` : "–";

function setting(results: Results): string[] {
  const { date, processor, cores, memoryBytes, threads, repeats, versions, load } = results;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const after = load.after > 0 ? ` and ${load.after.toFixed(1)} after` : "";
  const busy = `load average ${load.before.toFixed(1)} before${after}`;
  return [
    `${date}; ${processor}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB; ${threads} thread${threads > 1 ? "s" : ""} for each peer; ${repeats} repeat${repeats > 1 ? "s" : ""} after a warm-up; ${busy}. ${names.join(", ")}.`,
    "",
    "Models: *embedded*, the 0.2 M one of the demo; *0.4B*, a Qwen2 of 386 million random weights (24 layers, hidden 896, vocabulary 32,000), fp32 and int4 in blocks of 32 (accuracy level 4; node-llama-cpp: Q4_0 of the same weights), and *int4-128*, blocks of 128: faster, but coarser by so much that its answers must be checked on real weights first.",
    "",
  ];
}

function goalTable(all: Goal[]): string[] {
  return table(
    ["goal", "wanted", "measured", ""],
    all.map(({ name, wanted, measured, met }) => [
      name,
      wanted,
      measured,
      met === undefined ? "not measured" : met ? "met" : "**missed**",
    ]),
  );
}

const ours = ({ contenders }: Group) => contenders.find((c) => c.name === "errata");

function row(group: Group, c: Contender, measure: string): string[] {
  const own = ours(group);
  const { min, median, max } = spread(c.speeds[measure] ?? []);
  const against = own && c !== own;
  const by = (clock: "speeds" | "cpuSpeeds") => (against ? ratio(ratioOf(own, c, measure, clock)) : "");
  return [c.name, speed(median), `${speed(min)} – ${speed(max)}`, by("speeds"), by("cpuSpeeds")];
}

const HEAD = ["", "tokens/s", "min – max", "Errata by it", "by processor time"];

/** What a run that was cut off has less of. */
function repeatsOf(rows: Contender[], wanted: number): string {
  const made = rows.map((c) => c.speeds.workload?.length ?? 0);
  const [least, most] = [Math.min(...made), Math.max(...made)];
  if (least >= wanted) return "";
  return ` **The run was cut off here: ${least === most ? least : `${least} to ${most}`} of ${wanted} repeats.**`;
}

function workloadTable(group: Group, repeats: number): string[] {
  const { problems, prompt, tokens, promptTokens, longest, median, sigma } = group.workload;
  const of = prompt > 0 ? `${prompt}` : `${Math.min(...promptTokens)}–${Math.max(...promptTokens)}`;
  const rows = group.contenders.filter((c) => c.speeds.workload);
  const waste = (c: Contender) => `${Math.round(100 * (c.waste ?? 0))} %`;
  return [
    `**${group.model}**: ${problems} problems × 8, prompts of ${of} tokens, lengths with median ${median}, σ ${sigma}, at most ${longest}: ${tokens} tokens.${repeatsOf(rows, repeats)}`,
    "",
    ...table(
      [...HEAD, "computed beyond the lengths"],
      rows.map((c) => [...row(group, c, "workload"), waste(c)]),
    ),
    ...group.contenders
      .filter((c) => c.failure !== undefined)
      .map((c) => `${c.name} failed: ${c.failure?.split("\n")[0]}\n`),
  ];
}

function plainTable(group: Group): string[] {
  const { promptTokens, tokens, batches } = group.plain;
  const rows = batches.flatMap((batch) =>
    group.contenders
      .filter((c) => c.speeds[`batch ${batch}`])
      .map((c) => [batch, ...row(group, c, `batch ${batch}`)]),
  );
  return [
    `**${group.model}**: prompt of ${promptTokens} tokens, ${tokens} new ones a row.`,
    "",
    ...table(["batch", ...HEAD], rows),
  ];
}

function memoryTable(groups: Group[]): string[] {
  const rows = groups.flatMap(({ model, contenders }) =>
    contenders
      .filter((c) => c.peakBytes > 0)
      .map((c) => [
        model,
        c.name,
        megabytes(c.info.bytes),
        megabytes(c.peakBytes),
        megabytes(c.residentBytes),
        megabytes(c.residentBytes - c.info.bytes),
      ]),
  );
  return [
    "Resident set of each peer's process (ours: the worker's): the largest over the whole run, loading included, and after its last pass; beside the graph and weights on disk.",
    "",
    ...table(["model", "", "weights", "peak", "after the last pass", "beyond the weights"], rows),
  ];
}

function sameWork(groups: Group[]): string[] {
  const lines = groups.map((group) => {
    const first = ours(group)?.start.join(" ");
    const others = group.contenders.filter((c) => c.name !== "errata" && c.start.length > 0);
    const equal = others.filter((c) => c.start.join(" ") === first).map((c) => c.name);
    const differ = others.filter((c) => c.start.join(" ") !== first).map((c) => c.name);
    const none = "none";
    return `- ${group.model}: the same as Errata's: ${equal.join(", ") || none}; others: ${differ.join(", ") || none}.`;
  });
  return [
    "Every peer's samples were counted: each has its forced length. The first 16 tokens of one prompt, greedy (at 4 bits other roundings of the weights, Q4_0 or blocks of 128, may give others):",
    "",
    ...lines,
    "",
  ];
}
