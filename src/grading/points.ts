/**
 * At which points two formulas (MathJSON) are compared digit by digit. Some hundred are looked at in doubles: those
 * where the two seem to differ come first, then some from every piece of either formula.
 */
import { cellCount, cellOf, type Pieces, piecesOf } from "./piecewise.js";
import { type Look, lettersOf, look, type Point } from "./values.js";

export interface Survey {
  /** Both have values here: those that seem to differ first. */
  points: Point[];
  /** Both have values, but agreement proves nothing. */
  delicate: Point[];
  /** One has a real value here, the other has none. */
  oneSided: Point[];
  /** Of letters that stand for whole numbers more often than not; empty without such letters. */
  whole: Point[];
  /** Why agreement at all of them would not do; null where it does. */
  open: string | null;
}

interface Sample {
  point: Point;
  a: Look;
  b: Look;
  /** Relative. */
  gap: number;
}

const ENOUGH = 6;
const MOST_SUSPECTS = 4;
const MOST_CELLS = 12;
const MOST_WATCHED = 8;
const OTHERS = 2;
/** Points at 0.2 .. 3.8, points up to each of the sizes, points with whole numbers, and points in every piece. */
const NEAR = 40;
const FAR = 12;
const SIZES = [10, 100, 1000];
const WHOLE = 10;
const PER_CELL = 6;
/** In doubles: beyond it a difference is worth a look in full. */
const SEEMS = 1e-9;
const DUST = 1e-13;
const WHOLE_LETTER = /^[nmkjlNMK](?:_|$)/;
const UNSEEN = "it may change where it was not looked at";

/** `whole`: only whole numbers are meant. `complex`: values may be complex. */
export function survey(a: unknown, b: unknown, whole: boolean, complex: boolean): Survey {
  const names = [...lettersOf(b, lettersOf(a))].sort();
  const pieces = piecesOf([a, b]);
  if (whole)
    for (const [name, values] of pieces.borders)
      pieces.borders.set(
        name,
        values.filter((x) => x > 1),
      );
  const few = cellCount(pieces) <= MOST_CELLS && pieces.watched.length <= MOST_WATCHED;
  const samples = candidates(names, few ? pieces : null, whole).map((point) => sampleOf(a, b, point));
  const real = samples.filter((one) => one.a.real && one.b.real);
  const anywhere = complex || real.filter(isSound).length < ENOUGH;
  const valued = anywhere ? samples.filter((one) => one.a.finite && one.b.finite) : real;
  const sound = valued.filter(isSound);
  const suspects = valued
    .filter((one) => one.gap > SEEMS && !one.a.blurred && !one.b.blurred)
    .sort((x, y) => Number(isPositive(y.point)) - Number(isPositive(x.point)) || y.gap - x.gap)
    .slice(0, MOST_SUSPECTS);
  const cells = grouped(sound, ({ point }) => cellOf(pieces, point));
  const each = [...cells.values()].flatMap((cell) => cell.slice(0, cells.size > ENOUGH / 2 ? 1 : 2));
  const chosen = new Set([...suspects, ...each, ...sound.slice(0, ENOUGH)]);
  const most = Math.max(ENOUGH, suspects.length + each.length);
  const pointsOf = (some: Iterable<Sample>, count: number) =>
    [...some].slice(0, count).map(({ point }) => point);
  const wholes = names.some(isWhole) ? samples.filter(({ point }) => areWhole(names, point)) : [];
  return {
    points: pointsOf(chosen, most),
    delicate: pointsOf(
      valued.filter((one) => !isSound(one) && !one.a.blurred && !one.b.blurred),
      OTHERS,
    ),
    oneSided: pointsOf(
      samples.filter((one) => one.a.real !== one.b.real),
      OTHERS,
    ),
    whole: pointsOf(
      wholes.filter((one) => one.a.finite && one.b.finite),
      ENOUGH,
    ),
    open: few ? unseen(pieces, samples, new Set(sound)) : UNSEEN,
  };
}

/** A piece in which the two have values, and none that counts. */
function unseen(pieces: Pieces, samples: readonly Sample[], sound: ReadonlySet<Sample>): string | null {
  const cells = grouped(samples, ({ point }) => cellOf(pieces, point));
  if (cells.size < cellCount(pieces)) return UNSEEN;
  for (const cell of cells.values()) {
    const counts = (one: Sample) => sound.has(one);
    if (!cell.some(counts) && cell.some((one) => one.a.real && one.b.real)) return UNSEEN;
    if (pieces.watched.length === 0) continue;
    const signs = cell.filter((one) => counts(one) || (!one.a.real && !one.b.real)).map(({ point }) => point);
    if (!haveBothSigns(pieces.watched, signs)) return UNSEEN;
  }
  return null;
}

/** Parts that are one but for a factor or turned upside down, and are positive here and negative there. */
function haveBothSigns(parts: readonly unknown[], points: readonly Point[]): boolean {
  const rows = points
    .map((point) => parts.map((part) => look(part, point)))
    .filter((row) => row.every(({ real }) => real))
    .map((row) => row.map(({ value }) => value.re));
  const constant = (values: number[]) =>
    values.every((value) => Math.abs(value - (values[0] ?? 0)) <= SEEMS * Math.abs(value));
  const alike = parts.every((_, i) => {
    const pairs = rows.map((row) => [row[0] ?? 0, row[i] ?? 0] as const);
    return constant(pairs.map(([x, y]) => x / y)) || constant(pairs.map(([x, y]) => x * y));
  });
  const signs = rows.map((row) => Math.sign(row[0] ?? 0));
  return alike && [1, -1].every((sign) => signs.filter((found) => found === sign).length > 1);
}

function sampleOf(treeA: unknown, treeB: unknown, point: Point): Sample {
  const [a, b] = [look(treeA, point), look(treeB, point)];
  const distance = Math.hypot(a.value.re - b.value.re, a.value.im - b.value.im);
  const size = Math.max(Math.hypot(a.value.re, a.value.im), Math.hypot(b.value.re, b.value.im));
  return { point, a, b, gap: distance <= DUST || !Number.isFinite(distance) ? 0 : distance / size };
}

const isSound = ({ a, b }: Sample): boolean => !a.delicate && !b.delicate;
export const isPositive = (point: Point): boolean => Object.values(point).every((value) => value > 0);
const isWhole = (name: string): boolean => WHOLE_LETTER.test(name);
const areWhole = (names: readonly string[], point: Point): boolean =>
  names.every((name) => !isWhole(name) || Number.isInteger(point[name]));

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** The same points for the same formulas, so that a verdict repeats: places come from a golden-ratio sequence. */
function candidates(names: readonly string[], pieces: Pieces | null, whole: boolean): Point[] {
  let step = 0;
  const place = () => (0.5 + ++step * 0.6180339887498949) % 1;
  const near = () => 0.2 + 3.6 * place();
  const integer = () => 1 + Math.floor(13 * place());
  const turned = (value: number) => (place() < 0.5 ? -value : value);
  const made = (count: number, value: (name: string) => number): Point[] =>
    Array.from({ length: count }, () => Object.fromEntries(names.map((name) => [name, value(name)])));
  if (whole) return made(3 * WHOLE, integer);
  const some = [
    ...made(ENOUGH, near),
    ...made(NEAR - ENOUGH, () => turned(near())),
    ...SIZES.flatMap((size) => made(FAR, () => turned(size * (0.2 + 0.8 * place())))),
    ...made(names.some(isWhole) ? WHOLE : 0, (name) => (isWhole(name) ? integer() : near())),
  ];
  const stretches = [...(pieces?.borders ?? [])].map(([name, values]) =>
    [Number.NEGATIVE_INFINITY, ...values].map((low, i) => ({ name, low, high: values[i] ?? Infinity })),
  );
  const cells = stretches.reduce<(typeof stretches)[number][]>(
    (combined, next) => combined.flatMap((cell) => next.map((stretch) => [...cell, stretch])),
    [[]],
  );
  for (const cell of stretches.length > 0 ? cells : []) {
    some.push(
      ...made(PER_CELL, (name) => {
        const stretch = cell.find((one) => one.name === name);
        return stretch ? within(stretch.low, stretch.high, place()) : near();
      }),
    );
  }
  return some;
}

/** Between the two, neither too near to an end nor, where one is missing, too far from the other. */
function within(low: number, high: number, place: number): number {
  if (Number.isFinite(low) && Number.isFinite(high)) return low + (high - low) * (0.1 + 0.8 * place);
  if (Number.isFinite(low)) return low + (0.2 + place) * (1 + Math.abs(low) / 4);
  return high - (0.2 + place) * (1 + Math.abs(high) / 4);
}
