import { type Line, measuredLines, type Plot } from "../../protocol/run-plots.js";
import type { RunData } from "./run-data.js";

/** A run as an export names it. */
export interface ExportedRun {
  name: string;
  data: RunData;
}

/**
 * Every point of the runs as CSV (RFC 4180), none averaged: the plot's lines, or every figure of the runs when there
 * is no plot. What was not measured is empty; `seconds` are of work, without pauses.
 */
export function csv(plot: Plot | null, runs: readonly ExportedRun[]): string {
  const points = runs.map(({ data }) => data.points);
  const columns = plot ? measuredLines(plot, points).map(ofLine) : fields(runs);
  const head = ["run", "step", "stage", "seconds", "tokens", ...columns.map(({ name }) => name)];
  const rows = runs.flatMap(({ name, data }) =>
    data.points.map((point) => [
      name,
      point.step,
      point.stage,
      Number(point.elapsed.toFixed(3)),
      point.tokens,
      ...columns.map(({ of }) => of(point)),
    ]),
  );
  return `${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

type Column = Pick<Line, "name" | "of">;

const ofLine = ({ name, of }: Line): Column => ({ name, of });

const OWN = new Set(["type", "time", "step", "stage", "elapsed", "tokens"]);

function fields(runs: readonly ExportedRun[]): Column[] {
  const names = new Set(runs.flatMap(({ data }) => data.points.flatMap((p) => Object.keys(p))));
  return [...names]
    .filter((name) => !OWN.has(name))
    .map((name) => ({ name, of: (p) => (p as unknown as Record<string, number | undefined>)[name] }));
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  // A spreadsheet would take a name that begins so for a formula.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
