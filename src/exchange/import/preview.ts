import { stat } from "node:fs/promises";
import { readKnownSources, readSource } from "../../pool/sources.js";
import type { ImportPreview } from "../../protocol/import.js";
import { ErrataError } from "../../protocol/types.js";
import { Distinct } from "./distinct.js";
import { identityOf } from "./fingerprint.js";
import { atPath } from "./formats/paths.js";
import { firstRows, isPlain, PLAIN_FORMATS } from "./formats/plain.js";
import type { PreviewOptions } from "./index.js";
import { apartOf, mappingTrouble, type ResolvedMapping, readOptions } from "./mapping.js";
import { oddities, Records, WITHOUT_GOLD, whyNot } from "./record.js";
import { Tallies } from "./tallies.js";
import type { FieldMeaning, FileStart, ForeignAttempt, Format } from "./types.js";
import { verdictOfScore } from "./verdict.js";

/** Milliseconds between partial previews. */
const PAUSE = 250;
const FIRST = 20;
const CUT = 4000;
/** Models and scores that are told apart. */
const NAMES = 200;

/** Reads the whole file as an import would, and counts. */
export async function previewForeign(
  file: string,
  start: FileStart,
  format: Format,
  mapping: ResolvedMapping | null,
  options: PreviewOptions,
): Promise<ImportPreview> {
  const known = await storedOf(file, start, format, mapping, options);
  const trouble = mappingTrouble(file, mapping);
  const reading = readOptions(mapping, options, () => undefined);
  const counting = new Counting(new Records(known.fingerprint, known.file, known.names));
  const base = {
    ...{ file, format: format.id, title: format.title, bytes: (await stat(file)).size },
    ...{ fields: [] as ImportPreview["fields"], mapping, stored: known.stored },
  };
  const preview = (complete: boolean, why: ErrataError | null): ImportPreview => ({
    ...{ ...base, complete, ...counting.counts },
    trouble: why ? [why.message, why.hint].filter(Boolean).join(" ") : counting.trouble,
  });
  base.fields = await withExamples(format, file, start, await format.fields(file, reading));
  if (trouble) return preview(true, trouble);
  let told = performance.now();
  try {
    for await (const row of format.rows(file, reading)) {
      const why = whyNot(row);
      if (why !== undefined || row.kind !== "attempt") counting.skip(why ?? "", row.place);
      else counting.take(row);
      if (performance.now() - told < PAUSE) continue;
      told = performance.now();
      options.onPreview?.(preview(false, null));
      // Rows come without a pause where they are read from memory: what waits gets its turn.
      await new Promise((resolve) => setImmediate(resolve));
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    if (!(error instanceof ErrataError)) throw error;
    // What came before can be imported.
    if (counting.attempts === 0) return preview(true, error);
    counting.skip(`${error.message} What comes after is not read.`, "the end");
  }
  return preview(true, null);
}

/** What the pool has of this file. */
async function storedOf(
  file: string,
  start: FileStart,
  format: Format,
  mapping: ResolvedMapping | null,
  { pool, run, set = null, model = null }: PreviewOptions,
) {
  const apart = apartOf(format, mapping, run);
  const named = { file: start.name, names: { set, model }, stored: null };
  if (!pool || pool.readOnly) {
    const { fingerprint } = await identityOf(file, start, apart, []);
    return { ...named, fingerprint };
  }
  return pool.transaction(async (db) => {
    const { fingerprint } = await identityOf(file, start, apart, await readKnownSources(db, format.id));
    const source = await readSource(db, fingerprint);
    if (!source) return { ...named, fingerprint };
    const stored = { attempts: source.attempts, complete: source.finished };
    return { fingerprint, file: source.file, names: source.names, stored };
  });
}

/** With the first value that stands there, where the file is a table: other tools' logs mostly are. */
async function withExamples(
  format: Format,
  file: string,
  start: FileStart,
  fields: FieldMeaning[],
): Promise<ImportPreview["fields"]> {
  const table = isPlain(format) ? format : PLAIN_FORMATS.find((plain) => plain.reads(start));
  // What is wrong with the file is told by reading it.
  const rows = table ? await firstRows(table, file).catch(() => []) : [];
  return fields.map(({ field, means }) => {
    // Of a list (`resps[i][j]`) the first.
    const path = field.replaceAll(/\[\w\]/g, ".0");
    const value = rows.map((row) => atPath(row, path)).find((found) => found !== null && found !== undefined);
    const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
    return { field, means, example: text.slice(0, 200) };
  });
}

/** What was seen so far. Memory is bounded: distinct things are counted by their hashes. */
class Counting {
  /** By id and text; those with a gold answer; the same with the answer: with two of them it is two problems. */
  private readonly problems = { all: new Distinct(), known: new Distinct(), answers: new Distinct() };
  private readonly groups = new Distinct();
  private readonly samples = new Distinct();
  private readonly models = new Map<string, number>();
  private readonly scores = new Map<string, { right: number; wrong: number; other: number }>();
  private readonly skipped = new Tallies();
  private readonly notes = new Tallies();
  private readonly first: ImportPreview["first"] = [];
  private withoutGold = 0;
  private onlyProblems = 0;
  attempts = 0;

  constructor(private readonly records: Records) {}

  skip(why: string, place: string): void {
    if (why === ALONE) this.onlyProblems++;
    this.skipped.add(why, place);
  }

  take(row: ForeignAttempt): void {
    const { set, problem, sampling, modelId, sample, text } = this.records.of(row);
    const which = [set, problem.id, problem.problem];
    const group = [sampling, ...which];
    if (sample !== null && this.samples.add(...group, sample) > 1) {
      this.skipped.add("The same sample stands in the file twice; the first is taken.", row.place);
      return;
    }
    this.attempts++;
    this.problems.all.add(...which);
    this.groups.add(...group);
    if (problem.gold === "") this.withoutGold++;
    else if (this.problems.answers.add(...which, problem.gold) === 1) this.problems.known.add(...which);
    count(this.models, modelId, 0, (n) => n + 1);
    for (const score of row.scores) {
      const verdict = verdictOfScore(score);
      const which = verdict === "correct" ? "right" : verdict === "incorrect" ? "wrong" : "other";
      count(this.scores, score.name, { right: 0, wrong: 0, other: 0 }, (n) => ({
        ...n,
        [which]: n[which] + 1,
      }));
    }
    for (const note of oddities(row, problem.gold, false)) {
      if (note !== WITHOUT_GOLD) this.notes.add(note, row.place);
    }
    if (this.first.length < FIRST) {
      this.first.push({
        ...{ problem: problem.problem.slice(0, CUT), gold: row.problem.gold, text: text.slice(0, CUT) },
        ...{ model: modelId, scores: row.scores.map(({ name, value }) => `${name} = ${value}`).join(", ") },
      });
    }
  }

  get counts() {
    const { all, known, answers } = this.problems;
    return {
      ...{
        problems: all.size + answers.size - known.size,
        attempts: this.attempts,
        groups: this.groups.size,
      },
      ...{ largestGroup: this.groups.largest, withoutGold: this.withoutGold },
      models: [...this.models].map(([model, attempts]) => ({ model, attempts })),
      scores: [...this.scores].map(([name, counted]) => ({ name, ...counted })),
      ...{ skipped: this.skipped.all, notes: this.notes.all, first: [...this.first] },
    };
  }

  /** Why nothing of the file can be imported. */
  get trouble(): string | null {
    if (this.attempts > 0) return null;
    return this.onlyProblems > 0
      ? "These are problems without attempts. Sample them: Sample Problems…, or `errata sample FILE --model M`."
      : "No attempt was found in the file.";
  }
}

const ALONE = "The row is a problem without an attempt.";

function count<T>(counted: Map<string, T>, name: string, none: T, add: (before: T) => T): void {
  const before = counted.get(name);
  if (before !== undefined || counted.size < NAMES) counted.set(name, add(before ?? none));
}
