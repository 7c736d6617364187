import type { Attempt, Reflection } from "../protocol/types.js";

/**
 * Did an analysis find the error? Only for the demo's linear equations, where the truth needs no generator: the first
 * wrong line is the first that the true x does not satisfy. The rules are those of demo/truth.py, and
 * test/fixtures/diagnosis.json, which that file wrote, holds both to each other.
 */

/** The lines of a demo solution: what stands between dollars, in order. */
export function linesOf(solution: string): string[] {
  return [...solution.matchAll(/\$([^$\n]*)\$/g)].map((match) => match[1] ?? "");
}

/** By substitution, counting from 1; null when every line holds. `gold` is the true x, an integer. */
export function firstWrongLine(solution: string, gold: string): number | null {
  if (!/^-?\d+$/.test(gold)) return null;
  const wrong = linesOf(solution).findIndex((line) => !holds(line, BigInt(gold)));
  return wrong < 0 ? null : wrong + 1;
}

/** The line an analysis names, "Line 2, sign error: …"; null when it names none. */
export function namedLine(analysis: string): number | null {
  const match = /\bline\s+(\d+)/i.exec(analysis);
  return match ? Number(match[1]) : null;
}

/** Does the analysis name the first wrong line? null where the solution has none (nothing to find). */
export function diagnosisRight(analysis: string, solution: string, gold: string): boolean | null {
  const wrong = firstWrongLine(solution, gold);
  return wrong === null ? null : namedLine(analysis) === wrong;
}

/** One reflection on one wrong attempt: was its diagnosis right, and did it fix? */
export interface Diagnosis {
  attemptId: number;
  problemId: number;
  right: boolean;
  /** Both sections parsed and the corrected answer right. */
  fixed: boolean;
}

/**
 * For diagnosis right, P(fix | right) and P(fix | wrong). Reflections on attempts without a wrong line are left out:
 * there a diagnosis can be neither.
 */
export function diagnosesOf(
  attempts: readonly Attempt[],
  reflections: readonly Reflection[],
  goldOf: (problemId: number) => string | undefined,
): Diagnosis[] {
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  return reflections.flatMap(({ attemptId, analysis, parsed, verdict }) => {
    const attempt = byId.get(attemptId);
    const gold = attempt && goldOf(attempt.problemId);
    const right = gold === undefined ? null : diagnosisRight(analysis, attempt?.text ?? "", gold);
    if (!attempt || right === null) return [];
    return [{ attemptId, problemId: attempt.problemId, right, fixed: parsed && verdict === "correct" }];
  });
}

/** Does x satisfy the equation? A line that is no equation of the demo's forms does not hold. */
export function holds(line: string, x: bigint): boolean {
  const [left, right, ...more] = line.split("=");
  if (left === undefined || right === undefined || more.length > 0) return false;
  try {
    const a = new Side(left, x).value();
    const b = new Side(right, x).value();
    return a.top * b.bottom === b.top * a.bottom;
  } catch (error) {
    if (error instanceof NoSide) return false;
    throw error;
  }
}

/** An exact rational; `bottom` is never 0. */
interface Rational {
  top: bigint;
  bottom: bigint;
}

class NoSide extends Error {}

/** One side of an equation such as `3(x-5)+5` or `\frac{x+2}{4}`, its value computed as it is read. */
class Side {
  private readonly tokens: string[];

  constructor(
    text: string,
    private readonly x: bigint,
  ) {
    this.tokens = text.match(/\d+|[x+\-(){}]|\\frac/g) ?? [];
    if (text === "" || this.tokens.join("") !== text) throw new NoSide(text);
  }

  value(): Rational {
    const value = this.sum();
    if (this.tokens.length > 0) throw new NoSide("words after the end");
    return value;
  }

  private sum(): Rational {
    let sign = this.sign() ?? 1n;
    let total: Rational = { top: 0n, bottom: 1n };
    for (;;) {
      const { top, bottom } = this.term();
      total = { top: total.top * bottom + sign * top * total.bottom, bottom: total.bottom * bottom };
      const next = this.sign();
      if (next === null) return total;
      sign = next;
    }
  }

  private sign(): bigint | null {
    if (this.tokens[0] !== "+" && this.tokens[0] !== "-") return null;
    return this.tokens.shift() === "-" ? -1n : 1n;
  }

  /** Factors written side by side, such as `3x` or `3(x-5)`. */
  private term(): Rational {
    let product: Rational | null = null;
    while (this.tokens[0] !== undefined && !["+", "-", ")", "}"].includes(this.tokens[0])) {
      const factor = this.factor(this.tokens.shift() ?? "");
      product = product ? { top: product.top * factor.top, bottom: product.bottom * factor.bottom } : factor;
    }
    if (!product) throw new NoSide("an empty term");
    return product;
  }

  private factor(head: string): Rational {
    if (head === "x") return { top: this.x, bottom: 1n };
    if (head === "(") return this.closed(")");
    if (/^\d+$/.test(head)) return { top: BigInt(head), bottom: 1n };
    if (head !== "\\frac") throw new NoSide(head);
    const top = this.braced();
    const bottom = this.braced();
    if (bottom.top === 0n) throw new NoSide("division by zero");
    return { top: top.top * bottom.bottom, bottom: top.bottom * bottom.top };
  }

  private braced(): Rational {
    if (this.tokens.shift() !== "{") throw new NoSide("a brace is missing");
    return this.closed("}");
  }

  private closed(bracket: string): Rational {
    const value = this.sum();
    if (this.tokens.shift() !== bracket) throw new NoSide("an open bracket");
    return value;
  }
}
