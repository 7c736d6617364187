import type {
  AgreementFigure,
  AgreementFigureName,
  AgreementReport,
  AgreementRow,
  Annotator,
  JudgementWord,
} from "../protocol/agreement.js";
import type { Rubric } from "../protocol/rubric.js";
import {
  alpha,
  Breath,
  type Coefficient,
  gwet,
  kappa,
  percent,
  quadratic,
  type Resampling,
  type Table,
  Tally,
  withIntervals,
} from "./agreement-figures.js";
import {
  type Said,
  type Scale,
  type Subject,
  type Subjects,
  scaleOf,
  sortWords,
} from "./agreement-subjects.js";

export interface AgreementQuery {
  /** Two people, as stored beside their words; one against themselves (twice the same); or everybody. */
  people: readonly string[];
  kind: AgreementReport["kind"];
  rubric: Rubric;
  /** Default 2000. */
  resamples?: number;
  seed?: number;
  signal?: AbortSignal;
}

/** Of everybody, those who said the most: a file from outside may name thousands. */
const MOST_PEOPLE = 50;

export function everybody(people: readonly Annotator[]): string[] {
  return people
    .filter(({ role }) => role === "person")
    .slice(0, MOST_PEOPLE)
    .map(({ who }) => who);
}

/** Beyond this a table says nothing to anybody, and its square would not fit. */
const MOST_CATEGORIES = 60;

/** Words of each person on one scale, as places in its categories; the unit is an item. */
type Unit = { problemId: number; places: number[] };

/**
 * How far people agree on everything they said, with intervals by problem. An item counts where at least two of them
 * judged it; rows without such an item are left out. The same words and seed always give the same report.
 */
export async function agreement(
  words: readonly JudgementWord[],
  query: AgreementQuery,
): Promise<{ report: AgreementReport; subjects: Subjects }> {
  const { kind, people, rubric, resamples = 2000, seed = 0, signal } = query;
  const breath = new Breath(signal);
  const subjects = await sortWords(words, people, kind === "self", breath);
  const options: Resampling = { resamples, seed, breath };
  const rows: AgreementRow[] = [];
  for (const row of rowsOf(subjects, rubric)) {
    await breath.take();
    if (row === "firstWrongStep") rows.push(...(await stepRows(subjects, kind, options)));
    else rows.push(await scaleRow(row, subjects, rubric, kind, options));
  }
  const judged = [...subjects.judged.values()].filter(({ by }) => by.filter(Boolean).length > 1);
  const report = {
    ...{ kind, people: [...people], rows: rows.filter(({ n }) => n > 0) },
    ...{ attempts: judged.length, resamples, seed },
  };
  return { report, subjects };
}

/** In the order of the panel: the decision, the verdict, the steps, the error type, the axes, the labels. */
function rowsOf({ byRow }: Subjects, rubric: Rubric): string[] {
  const known = [
    ...["decision", "verdict", "firstWrongStep", "errorType"],
    ...rubric.axes.map(({ id }) => `rating:${id}`),
    ...rubric.labels.map(({ id }) => `label:${id}`),
  ];
  const others = [...byRow.keys()].filter((row) => !known.includes(row)).sort();
  return [...known.filter((row) => byRow.has(row) || row.startsWith("label:")), ...others];
}

async function scaleRow(
  row: string,
  subjects: Subjects,
  rubric: Rubric,
  kind: AgreementReport["kind"],
  options: Resampling,
): Promise<AgreementRow> {
  const list = subjects.byRow.get(row) ?? [];
  const scale = scaleOf(row, rubric, list);
  const units = row.startsWith("label:") ? labelUnits(subjects, list) : unitsOf(list, scale);
  return figuresOf(scale, units, kind, options);
}

function unitsOf(list: readonly Subject[], scale: Pick<Scale, "categories">): Unit[] {
  const places = new Map(scale.categories.map(({ value }, i) => [value, i]));
  return list.flatMap(({ problemId, said }) => {
    const found = said.flatMap((value) => (value === undefined ? [] : [places.get(value) ?? -1]));
    return found.length > 1 && !found.includes(-1) ? [{ problemId, places: found }] : [];
  });
}

/** Who judged an attempt and did not set a label says that it does not hold. */
function labelUnits({ judged }: Subjects, list: readonly Subject[]): Unit[] {
  const set = new Map(list.map((subject) => [subject.attemptId, subject]));
  return [...judged].flatMap(([attemptId, { problemId, by }]) => {
    const said = set.get(attemptId)?.said;
    const places = by.flatMap((judged, i) => (judged ? [said?.[i] === true ? 0 : 1] : []));
    return places.length > 1 ? [{ problemId, places }] : [];
  });
}

/**
 * "None wrong" is no place in a solution: whether there is a wrong step at all is a row of its own, and how near the
 * two steps are is asked only where everybody names one.
 */
async function stepRows(
  { byRow }: Subjects,
  kind: AgreementReport["kind"],
  options: Resampling,
): Promise<AgreementRow[]> {
  const list = byRow.get("firstWrongStep") ?? [];
  const any: Scale = {
    ...{ row: "step:any", title: "Is a step wrong?", ordinal: false },
    categories: [
      { value: true, title: "a wrong step" },
      { value: false, title: "none wrong" },
    ],
  };
  const asked = list.map((subject) => ({ ...subject, said: subject.said.map(isWrong) }));
  const named = list.flatMap(({ problemId, said }) => {
    const found = said.filter((value) => value !== undefined && value !== 0);
    return found.length > 1 ? [{ problemId, places: found.map(Number) }] : [];
  });
  const tally = new Tally(3);
  for (const unit of named) tally.add(unit.problemId, stepCells(unit.places));
  const share =
    (upTo: number) =>
    (cells: Float64Array): Coefficient => {
      const [exact = 0, near = 0, far = 0] = cells;
      const n = exact + near + far;
      if (n === 0) return { why: "nobody named a wrong step in the same attempt" };
      return { observed: (exact + (upTo > 0 ? near : 0)) / n, chance: 0 };
    };
  const [exact, near] = await withIntervals(tally, [share(0), share(1)], options);
  const row = (id: string, title: string, figure: AgreementFigure | undefined): AgreementRow => ({
    ...{ id, title, n: named.length, problems: tally.count, categories: [], matrix: null },
    figures: figure ? { percent: figure } : {},
  });
  return [
    await figuresOf(any, unitsOf(asked, any), kind, options),
    row("step:exact", "First wrong step, exact", exact),
    row("step:near", "First wrong step, ±1", near),
  ];
}

const isWrong = (value: Said | undefined): Said | undefined =>
  value === undefined ? undefined : value !== 0;

/** Shares of the item's pairs that name the same step, neighbours, or neither. */
function stepCells(steps: readonly number[]): { cell: number; weight: number }[] {
  const weight = 2 / (steps.length * (steps.length - 1));
  return steps.flatMap((a, i) =>
    steps.slice(i + 1).map((b) => ({ cell: Math.min(2, Math.abs(a - b)), weight })),
  );
}

async function figuresOf(
  { row, title, ordinal, categories }: Scale,
  units: readonly Unit[],
  kind: AgreementReport["kind"],
  options: Resampling,
): Promise<AgreementRow> {
  const k = categories.length;
  const titles = categories.map((category) => category.title);
  if (k > MOST_CATEGORIES) {
    const why = `more than ${MOST_CATEGORIES} different ones: too many to compare`;
    const figures = { percent: { value: null, low: null, high: null, why } };
    const problems = new Set(units.map(({ problemId }) => problemId)).size;
    return { id: row, title, n: units.length, problems, figures, categories: [], matrix: null };
  }
  const many = kind === "all";
  const tally = new Tally(many ? 2 * k * k : k * k);
  for (const [i, { problemId, places }] of units.entries()) {
    if (i % 500 === 0 && options.breath.due) await options.breath.take();
    tally.add(problemId, many ? manyCells(places, k) : pairCells(places, k));
  }
  const pairs = (cells: Float64Array): Table => ({ k, cells: cells.subarray(0, k * k) });
  const coincidences = (cells: Float64Array): Table => ({ k, cells: cells.subarray(k * k) });
  const wanted: [AgreementFigureName, (cells: Float64Array) => Coefficient][] = [
    ["percent", (cells) => percent(pairs(cells))],
    ["ac1", (cells) => gwet(pairs(cells))],
  ];
  if (!many) wanted.push(["kappa", (cells) => kappa(pairs(cells))]);
  else wanted.push(["alpha", (cells) => alpha(coincidences(cells), ordinal ? quadratic : undefined)]);
  if (ordinal) wanted.push(["ac2", (cells) => gwet(pairs(cells), quadratic)]);
  if (ordinal && !many) wanted.push(["weightedKappa", (cells) => kappa(pairs(cells), quadratic)]);
  const found = await withIntervals(
    tally,
    wanted.map(([, of]) => of),
    options,
  );
  const figures = Object.fromEntries(wanted.map(([name], i) => [name, found[i]]));
  const matrix = many ? null : matrixOf(units, k);
  return { id: row, title, n: units.length, problems: tally.count, figures, categories: titles, matrix };
}

const pairCells = ([a = 0, b = 0]: readonly number[], k: number): { cell: number; weight: number }[] => [
  { cell: a * k + b, weight: 1 },
];

/**
 * An item of m words as its m (m − 1) ordered pairs: weighing 1 in all for the shares (Gwet 2008 for many raters, who
 * need not be the same on every item), and m in all, behind them, as Krippendorff's coincidences.
 */
function manyCells(places: readonly number[], k: number): { cell: number; weight: number }[] {
  const m = places.length;
  const found = new Map<number, number>();
  for (const [i, a] of places.entries()) {
    for (const [j, b] of places.entries()) {
      if (i !== j) found.set(a * k + b, (found.get(a * k + b) ?? 0) + 1);
    }
  }
  return [...found].flatMap(([cell, count]) => [
    { cell, weight: count / (m * (m - 1)) },
    { cell: cell + k * k, weight: count / (m - 1) },
  ]);
}

function matrixOf(units: readonly Unit[], k: number): number[][] {
  const matrix = Array.from({ length: k }, () => new Array<number>(k).fill(0));
  for (const { places } of units) {
    const row = matrix[places[0] ?? 0];
    if (row) row[places[1] ?? 0] = (row[places[1] ?? 0] ?? 0) + 1;
  }
  return matrix;
}
