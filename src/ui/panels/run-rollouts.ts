import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Rollout } from "../../protocol/events.js";
import { type RolloutsQuery, type RolloutsView, VERDICTS, type Verdict } from "../../protocol/run-panel.js";

/** Characters of a text that are sent; the rest of one that goes on and on is read in the file. */
const MOST_TEXT = 20_000;

type Row = RolloutsView["rows"][number];

/** The rollouts of one run, read when a step is looked at. */
export class RolloutReader {
  /** The step read last: paging and filtering it reads nothing again. */
  private read: { file: string; changed: number; rows: Row[]; total: number } | null = null;

  /** `files` are the run's: step → file, relative to its `folder`. Null when no step has rollouts that can be read. */
  async view(
    folder: string,
    files: ReadonlyMap<number, string>,
    query: RolloutsQuery,
  ): Promise<RolloutsView | null> {
    const steps = [...files.keys()].sort((a, b) => a - b);
    const at = nearest(steps, query.step ?? Number.POSITIVE_INFINITY);
    const step = steps[at];
    const file = step === undefined ? undefined : files.get(step);
    if (step === undefined || file === undefined) return null;
    const { rows, total } = await this.rows(join(folder, file));
    const wanted = new Set<Verdict>(query.verdicts);
    const matching = wanted.size === 0 ? rows : rows.filter((row) => wanted.has(row.verdict));
    const page = matching.slice(0, query.rows);
    const counts: RolloutsView["counts"] = {};
    for (const row of rows) counts[row.verdict] = (counts[row.verdict] ?? 0) + row.times;
    return {
      step,
      following: query.step === null,
      first: steps[0] ?? step,
      last: steps.at(-1) ?? step,
      previous: steps[at - 1] ?? null,
      next: steps[at + 1] ?? null,
      rows: page,
      shown: times(page),
      matching: times(matching),
      total,
      counts,
    };
  }

  private async rows(file: string): Promise<{ rows: Row[]; total: number }> {
    // A step that is done again after Resume replaces its file.
    const changed = await stat(file).then(
      (found) => found.mtimeMs,
      () => 0,
    );
    if (this.read?.file !== file || this.read.changed !== changed) {
      const all = parseRollouts(await readFile(file, "utf8").catch(() => ""));
      this.read = { file, changed, rows: wrongFirst(together(all)), total: all.length };
    }
    return this.read;
  }
}

const times = (rows: readonly Row[]): number => rows.reduce((n, row) => n + row.times, 0);

/** Index of the step nearest to `wanted`; the last for infinity. */
function nearest(steps: readonly number[], wanted: number): number {
  let best = steps.length - 1;
  for (const [i, step] of steps.entries()) {
    if (Math.abs(step - wanted) < Math.abs((steps[best] ?? step) - wanted)) best = i;
  }
  return best;
}

/** A rollouts file may be cut short, or another program's: what is no rollout is left out. */
export function parseRollouts(text: string): Rollout[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      const row = JSON.parse(line) as Partial<Rollout> | null;
      const whole = typeof row?.problem === "string" && typeof row.completion === "string";
      return whole && (typeof row.reward === "number" || row.reward === null)
        ? [shortened(row as Rollout)]
        : [];
    } catch {
      return [];
    }
  });
}

function shortened(row: Rollout): Rollout {
  const verdict = VERDICTS.includes(row.verdict) ? row.verdict : "unscored";
  const out: Rollout = { ...row, verdict, problem: short(row.problem), completion: short(row.completion) };
  for (const field of ["wrong", "analysis"] as const) {
    const text = row[field];
    if (typeof text === "string") out[field] = short(text);
    else delete out[field];
  }
  if (Array.isArray(row.turns)) {
    out.turns = row.turns
      .filter((turn) => typeof turn?.text === "string")
      .map((turn) => ({ ...turn, text: short(turn.text) }));
  }
  return out;
}

function short(text: string): string {
  if (text.length <= MOST_TEXT) return text;
  return `${text.slice(0, MOST_TEXT)}\n… ${text.length - MOST_TEXT} more characters are in the file.`;
}

/** A small model often writes the very same text: it is read once, with how often it came. */
function together(rows: Rollout[]): Row[] {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const key = [row.problem, row.wrong ?? "", row.completion, row.verdict, row.reward].join("\u0000");
    const same = found.get(key);
    if (same) same.times++;
    else found.set(key, { ...row, times: 1 });
  }
  return [...found.values()];
}

function wrongFirst(rows: Row[]): Row[] {
  const rank = (row: Row): number => (row.verdict === "correct" ? 1 : 0);
  return [...rows].sort((a, b) => rank(a) - rank(b));
}
