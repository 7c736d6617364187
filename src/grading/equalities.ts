/**
 * Which relations in a solution hold? Two things are looked at: relations between constants ("2+3=6"), and equations
 * in one unknown against those before them ("2x+3=10" after "2(x+3)=10"). An equation is a constraint and no claim, so
 * it is refuted only where it has no solution in common with any equation that it may have come from.
 *
 * A wrong "false" is worse than an "unknown": what is supposed, asked, rounded, abbreviated, counted modulo something
 * or in another base is left open.
 */
import { cutSteps, type Step } from "../protocol/steps.js";
import { equalValues, type Value } from "./algebra.js";
import { comparing, type Symbolic } from "./exact.js";
import {
  approximate,
  hasLooseLetter,
  inWords,
  isConstant,
  isIrrational,
  type Measure,
  measure,
} from "./sides.js";
import { findStatements, type Sign, type Statement } from "./statements.js";
import { mayCompare } from "./symbols.js";
import type { EqualityHint } from "./types.js";
import { Unknowns } from "./unknowns.js";
import { TooLarge } from "./work.js";

type Judged = Pick<EqualityHint, "verdict" | "says">;
const unknown = (why: string): Judged => ({ verdict: "unknown", says: `cannot tell: ${why}` });

const PROBLEM = "the problem";

/** Words that take back what the formula says, or put it as a question. */
const DENIED =
  /\b(?:suppos\w*|assum\w*|contradict\w*|impossible|absurd|not|never|cannot|\w+n['’]t|no|false|wrong|incorrect|invalid|mistake|if|whether|would|unless|claim\w*|pretend|instead|mod|modulo|modulus|congruent|base|binary|octal|hex\w*|clock|o['’]clock|approximately|about|roughly|rounded|estimate\w*)\b|\\[pb]?mod|\\equiv|≡|\?/i;
const DENIED_AFTER = /\b(?:contradict\w*|impossible|absurd|no (?:real )?solutions?|never|cannot be|false)\b/i;

export class EqualityJudge {
  private readonly statements: Statement[];
  private readonly steps: Step[];
  private readonly unknowns = new Unknowns();
  private at = 0;

  /** `symbolic` decides constants that exact algebra does not cover; it alone may take long. */
  constructor(
    text: string,
    problem: string,
    private readonly symbolic: Symbolic,
  ) {
    for (const given of findStatements(problem)) this.judge(given, PROBLEM, null);
    this.statements = findStatements(text);
    this.steps = cutSteps(text);
  }

  /**
   * The hints of the statements from `from` on, until `enough()`; `next` is where to go on, null at the end. Statements
   * before `from` that were not judged here are only read for their equations.
   */
  slice(from: number, enough: () => boolean): { hints: EqualityHint[]; next: number | null } {
    const hints: EqualityHint[] = [];
    for (let statement = this.statements[this.at]; statement; statement = this.statements[this.at]) {
      const quiet = this.at++ < from;
      this.judge(statement, this.placeOf(statement), quiet ? null : hints);
      if (!quiet && enough()) break;
    }
    return { hints, next: this.at < this.statements.length ? this.at : null };
  }

  private placeOf({ sides }: Statement): string {
    const start = sides[0]?.start ?? 0;
    let [low, high] = [0, this.steps.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.steps[middle]?.start ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    return `step ${this.steps[low]?.n ?? 1}`;
  }

  /** `hints` null: only read for its equations. */
  private judge(statement: Statement, place: string, hints: EqualityHint[] | null): void {
    const { sides, signs, continues } = statement;
    // Underlines of a chain do not overlap: after one that is false, the next begins with its sign.
    let signAlone = continues;
    signs.forEach(({ sign, start }, i) => {
      const [left, right] = [sides[i], sides[i + 1]];
      if (!left || !right) return;
      const judged =
        sign === "other"
          ? unknown("this kind of relation is not judged")
          : comparing(
              () => this.relation(left.tex, sign, right.tex, statement, place, hints === null),
              unknown("too large to work out"),
            );
      hints?.push({ start: signAlone ? start : left.start, end: right.end, ...judged });
      signAlone = judged.verdict === "false";
    });
  }

  private relation(
    left: string,
    sign: Sign,
    right: string,
    statement: Statement,
    place: string,
    quiet: boolean,
  ): Judged {
    const [a, b] = [measure(left), measure(right)];
    if (typeof a === "string" || typeof b === "string") return unknown(typeof a === "string" ? a : String(b));
    const { sentence, after } = statement;
    try {
      if (a.value && b.value && (!isConstant(a.value) || !isConstant(b.value))) {
        return this.unknowns.judge(a.value, sign, b.value, place, place === PROBLEM ? null : sentence);
      }
      if (!a.value || !b.value) {
        if (quiet || !(a.value || a.symbolic) || !(b.value || b.symbolic))
          return unknown("it could not be read in one way");
        return careful(bySymbols(a, sign, b, this.symbolic), sentence, after, this.unknowns);
      }
      return careful(constants(a, sign, b), sentence, after, this.unknowns);
    } catch (error) {
      const large = error instanceof TooLarge || error instanceof RangeError;
      // A bug of ours or of compute-engine's on one relation: it is open, the others are not.
      return unknown(large ? "too large to work out" : "looking at it failed");
    }
  }
}

/** A refutation stands only where nobody took the relation back. */
function careful(judged: Judged, sentence: string, after: string, unknowns: Unknowns): Judged {
  if (judged.verdict !== "false") return judged;
  if (DENIED.test(sentence) || DENIED_AFTER.test(after))
    return unknown("the words around it may take it back");
  return unknowns.withoutSolution ? unknown("it may follow from an equation without a solution") : judged;
}

function bySymbols(a: Measure, sign: Sign, b: Measure, symbolic: Symbolic): Judged {
  if ((sign !== "=" && sign !== "\\ne") || a.unit || b.unit || a.degrees || b.degrees || a.money || b.money) {
    return unknown("algebra does not cover it");
  }
  const allowed = mayCompare(a.tex, b.tex);
  if (allowed === "no") return unknown("algebra does not cover it");
  const { equal } = symbolic(a.tex, b.tex);
  if (equal === null) return unknown("algebra does not cover it");
  if (equal === (sign === "="))
    return { verdict: "true", says: equal ? "both sides are the same" : "the sides differ" };
  return allowed === "true only" && !equal
    ? unknown("it can be read in more than one way")
    : { verdict: "false", says: equal ? "both sides are the same" : "the two sides differ" };
}

/** Both sides have exact values. */
function constants(a: Measure, sign: Sign, b: Measure): Judged {
  if (!a.value || !b.value) return unknown("no values");
  const words = [inWords(a), inWords(b)] as const;
  const says =
    words[0] === null || words[1] === null
      ? "the two sides differ"
      : words[0] === words[1]
        ? `both sides are ${words[0]}`
        : `left: ${words[0]}, right: ${words[1]}`;
  if (a.unit !== b.unit) {
    // One side without its unit is a habit; two units may also state a price or a conversion.
    const same = (a.unit === null || b.unit === null) && equalValues(a.value, b.value);
    return same && sign === "=" ? { verdict: "true", says } : unknown("the units differ");
  }
  const same = equalValues(a.value, b.value);
  const mixed = a.money !== b.money || a.degrees !== b.degrees;
  if (same) {
    const holds = sign === "=" || sign === "\\le" || sign === "\\ge";
    return mixed && !holds ? unknown("one side has a unit") : { verdict: holds ? "true" : "false", says };
  }
  if (sign === "\\ne") return { verdict: "true", says };
  if (mixed) return unknown("one side has a unit");
  if (hasLooseLetter(a) || hasLooseLetter(b)) return unknown("a letter in it has more than one meaning");
  const [x, y] = [approximate(a.value), approximate(b.value)];
  if (!Number.isFinite(x) || !Number.isFinite(y)) return unknown("its values cannot be ordered");
  if (sign === "=")
    return rounded(a, b, x, y) ? unknown(`it may be rounded (${says})`) : { verdict: "false", says };
  if (Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x), Math.abs(y)))
    return unknown("the sides are too close");
  return { verdict: x < y === (sign === "<" || sign === "\\le") ? "true" : "false", says };
}

/** Within the last digit of the coarser decimal, or half a percent where one side is no fraction as written. */
function rounded(a: Measure, b: Measure, x: number, y: number): boolean {
  const decimals = [a.decimals, b.decimals].filter((d) => d !== null);
  const irrational = [a.value, b.value].some((value: Value | null) => value !== null && isIrrational(value));
  if (decimals.length === 0 && !irrational) return false;
  const gap = Math.abs(x - y);
  const last = decimals.length > 0 ? 10 ** -Math.min(...decimals) : 0;
  return gap <= last * 1.000001 || gap <= 0.005 * Math.max(Math.abs(x), Math.abs(y));
}

/** What is said of a statement that was given up on. */
export function abandoned({ sides, signs, continues }: Statement): EqualityHint {
  const start = (continues ? signs[0]?.start : sides[0]?.start) ?? 0;
  return { start, end: sides.at(-1)?.end ?? start, ...unknown("it took too long to look at") };
}
