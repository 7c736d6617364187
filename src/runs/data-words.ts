import { DATA_KINDS, type DataCount, LEFT_OUT, type RunData } from "../protocol/run-data.js";

/** What a run takes, for people: a line for each kind of item, and one for each reason something was left out. */
export function dataLines({ counts, sampled, reflections }: RunData): string[] {
  const lines = counts.flatMap((count) => [usedLine(count), ...leftOutLines(count)]);
  for (const { by, person, count } of reflections) {
    lines.push(`${count} ${count === 1 ? "reflection" : "reflections"} ${person ? "mended by" : "of"} ${by}`);
  }
  if (sampled) lines.push("The run samples its examples itself before it learns.");
  return lines;
}

function usedLine({ kind, used, problems }: DataCount): string {
  const [one, several] = DATA_KINDS[kind];
  const of = kind === "gold" ? "" : ` of ${problems} ${problems === 1 ? "problem" : "problems"}`;
  return `${used} ${used === 1 ? one : several}${of}`;
}

function leftOutLines({ leftOut }: DataCount): string[] {
  return leftOut.map(({ why, count }) => `${count} left out: ${LEFT_OUT[why]}`);
}
