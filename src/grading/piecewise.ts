/**
 * Where a formula (MathJSON) may go over into another one: an absolute value, an even root and a logarithm have pieces
 * on either side of the zeros of what they are of. Agreement on one piece says nothing of the next: |x - 5| is 5 - x
 * left of 5.
 */
import { holdsLetter, lettersOf, look, type Point } from "./values.js";

const MOST_STEPS = 6;

export interface Pieces {
  /** By letter: the values, in rising order, at which some part changes over. */
  borders: Map<string, number[]>;
  /** Parts whose zeros are not known: their signs are to be watched. */
  watched: unknown[];
}

export function piecesOf(trees: readonly unknown[]): Pieces {
  const borders = new Map<string, number[]>();
  const watched: unknown[] = [];
  for (const part of trees.flatMap(partsOf).flatMap(factorsOf)) {
    const [letter, ...others] = lettersOf(part);
    if (letter === undefined || isPositive(part)) continue;
    const zeros = others.length === 0 ? quadraticZeros(part, letter) : null;
    if (zeros === null) watched.push(part);
    else borders.set(letter, merged([...(borders.get(letter) ?? []), ...zeros]));
  }
  return { borders, watched };
}

/** What absolute values, even roots and logarithms are taken of, and what an inverse function may jump at. */
function partsOf(tree: unknown): unknown[] {
  if (!Array.isArray(tree)) return [];
  if (/^Arc/.test(String(tree[0]))) return [...tree.slice(1).flatMap(partsOf), ...jumpsOf(tree)];
  const [operator, base, exponent] = tree as unknown[];
  const inner = tree.slice(1).flatMap(partsOf);
  const even = (degree: unknown) => typeof degree !== "number" || degree % 2 === 0;
  const piecewise =
    operator === "Power"
      ? typeof exponent !== "number" || !Number.isInteger(exponent)
        ? !isRational(exponent) || even(exponent[2])
        : false
      : operator === "Root"
        ? even(exponent)
        : /^(?:Abs|Sqrt|Ln|Log|Lb)$/.test(String(operator));
  const bases = operator === "Log" && holdsLetter(exponent) ? [exponent, ["Add", exponent, -1]] : [];
  return piecewise ? [base, ...bases, ...inner] : inner;
}

/** arctan(1/x) jumps where x is zero, and arcsin(sin x) turns round where cos x is. */
function jumpsOf(tree: unknown): unknown[] {
  if (!Array.isArray(tree)) return [];
  const [operator, first, second] = tree as unknown[];
  const inner = tree.slice(1).flatMap(jumpsOf);
  if (operator === "Divide") return [second, ...inner];
  if (operator === "Power" || /^Arc(?:cot|sec|csc)$/.test(String(operator))) return [first, ...inner];
  if (operator === "Cos" || operator === "Cot" || operator === "Csc") return [["Sin", first], ...inner];
  return operator === "Sin" || operator === "Tan" || operator === "Sec" ? [["Cos", first], ...inner] : inner;
}

/** The product is zero where one of them is. */
function factorsOf(tree: unknown): unknown[] {
  if (!Array.isArray(tree)) return [tree];
  const [operator, first, second] = tree as unknown[];
  if (operator === "Multiply" || operator === "Divide") return tree.slice(1).flatMap(factorsOf);
  const same = /^(?:Negate|Square|Abs|Sqrt|Root)$/.test(String(operator));
  if (same || (operator === "Power" && !holdsLetter(second))) return factorsOf(first);
  return [tree];
}

function isRational(node: unknown): node is [string, number, number] {
  return Array.isArray(node) && node[0] === "Rational" && typeof node[2] === "number";
}

/** Of a polynomial of degree two at most; null for anything else. */
function quadraticZeros(tree: unknown, letter: string): number[] | null {
  const at = (x: number) => look(tree, { [letter]: x }).value.re;
  const c = at(0);
  const a = (at(1) + at(-1)) / 2 - c;
  const b = (at(1) - at(-1)) / 2;
  const scale = Math.abs(a) + Math.abs(b) + Math.abs(c);
  for (const x of [2.7, -3.3, 11, 0.4]) {
    const gap = at(x) - (a * x * x + b * x + c);
    if (!(Math.abs(gap) <= 1e-9 * scale * (1 + x * x))) return null;
  }
  if (Math.abs(a) <= 1e-12 * scale) return Math.abs(b) <= 1e-12 * scale ? [] : [-c / b];
  const discriminant = b * b - 4 * a * c;
  if (Math.abs(discriminant) <= 1e-9 * (b * b + Math.abs(4 * a * c))) return [-b / (2 * a)];
  if (discriminant < 0) return [];
  const root = Math.sqrt(discriminant);
  return [(-b - root) / (2 * a), (-b + root) / (2 * a)];
}

function merged(values: number[]): number[] {
  return values
    .sort((x, y) => x - y)
    .filter((x, i) => i === 0 || x - (values[i - 1] ?? x) > 1e-9 * (1 + Math.abs(x)));
}

/** Never zero and never negative, for reasons that can be seen within so many steps. False where none is. */
function isPositive(tree: unknown, steps = MOST_STEPS): boolean {
  if (!holdsLetter(tree)) return valueOrLess(tree) > 0;
  if (!Array.isArray(tree) || steps === 0) return false;
  const [operator, ...operands] = tree as [string, ...unknown[]];
  if (operator === "Exp" || operator === "Cosh") return true;
  const positive = (operand: unknown) => isPositive(operand, steps - 1);
  if (operator === "Power") return positive(operands[0]);
  if (/^(?:Multiply|Divide|Sqrt|Root)$/.test(operator)) return operands.every(positive);
  if (operator !== "Add") return false;
  const lowest = operands.reduce<number>((sum, term) => sum + lowerBound(term, steps - 1), 0);
  // x^2 + y^2 is zero at one point alone, around which there is a way.
  const letters = operands.filter(holdsLetter).map((term) => [...lettersOf(term)].sort().join());
  return lowest > 0 || (lowest === 0 && (operands.some(positive) || new Set(letters).size > 1));
}

function lowerBound(tree: unknown, steps: number): number {
  if (!holdsLetter(tree)) return valueOrLess(tree);
  if (isBounded(tree)) return -1;
  if (!Array.isArray(tree) || steps === 0) return Number.NEGATIVE_INFINITY;
  const [operator, first, second] = tree as unknown[];
  if (operator === "Abs" || operator === "Square" || operator === "Sqrt") return 0;
  if (operator === "Power" && typeof second === "number" && second > 0 && second % 2 === 0) return 0;
  if (operator === "Negate" && isBounded(first)) return -1;
  if (operator === "Multiply" && tree.length === 3 && typeof first === "number" && isBounded(second))
    return -Math.abs(first);
  const least = (factor: unknown) => lowerBound(factor, steps - 1);
  const product = operator === "Multiply" && tree.slice(1).every((factor) => least(factor) >= 0);
  return product || isPositive(tree, steps - 1) ? 0 : Number.NEGATIVE_INFINITY;
}

/** Of a real constant; of anything else nothing is known. */
function valueOrLess(tree: unknown): number {
  const { value, real } = look(tree, {});
  return real ? value.re : Number.NEGATIVE_INFINITY;
}

function isBounded(tree: unknown): boolean {
  return Array.isArray(tree) && /^(?:Sin|Cos|Tanh)$/.test(String(tree[0]));
}

/** Between which borders a point lies. */
export function cellOf({ borders }: Pieces, point: Point): string {
  return [...borders]
    .map(([letter, values]) => values.filter((border) => (point[letter] ?? 0) > border).length)
    .join();
}

export function cellCount({ borders }: Pieces): number {
  return [...borders.values()].reduce((product, values) => product * (values.length + 1), 1);
}
