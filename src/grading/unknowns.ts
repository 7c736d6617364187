/** Equations in one unknown, each held against those it may have come from. */
import { equalValues, minus, plus, type Value, variablesOf } from "./algebra.js";
import { rationalInWords } from "./sides.js";
import type { Sign } from "./statements.js";
import type { EqualityHint } from "./types.js";
import { asUnivariate, onlyRoot, rootsWithin, shareRoot, type Univariate } from "./univariate.js";

type Judged = Pick<EqualityHint, "verdict" | "says">;
const unknown = (why: string): Judged => ({ verdict: "unknown", says: `cannot tell: ${why}` });

/** The unknown may stand for something else from here on, or the equation is only tried. */
const ANEW =
  /\b(?:let|suppos\w*|assum\w*|if|cases?|when|try|trying|consider|say|define|denote|set|setting|guess|check\w*|verify\w*|test|part|instead|otherwise|another|other|second|third|different|new|wrong|mistake|wait|actually|original|hmm|alternatively|also|given|mod|modulo|not|no)\b|\?/i;
const MOST = 6;

interface Equation {
  polynomial: Univariate;
  /** x = 3: the unknown is found. */
  assignment: boolean;
  place: string;
}

export class Unknowns {
  private readonly byName = new Map<string, Equation[]>();

  /** An equation without any solution was written: whatever follows from it is no mistake of its own. */
  get withoutSolution(): boolean {
    return [...this.byName.values()].some((list) => list.some(({ polynomial }) => polynomial.length === 1));
  }

  /** `sentence` null: the problem's own equations, which are given and never judged. */
  judge(a: Value, sign: Sign, b: Value, place: string, sentence: string | null): Judged {
    if (equalValues(a, b)) {
      return sign === "=" || sign === "\\le" || sign === "\\ge"
        ? { verdict: "true", says: "both sides are the same for every value" }
        : unknown("it is true of no value");
    }
    if (sign !== "=") return unknown("it is a condition");
    const names = [...new Set([...variablesOf(a), ...variablesOf(b)])];
    const [name, ...others] = names;
    if (name === undefined || others.length > 0) return unknown("it is an equation in several unknowns");
    const gap = plus(a, minus(b));
    const constant = variablesOf(gap).length === 0;
    const polynomial = constant ? CONSTANT : asUnivariate(gap)?.polynomial;
    if (!polynomial) return unknown("it is an equation beyond polynomials");
    const equation = { polynomial, assignment: isName(a) !== isName(b) && polynomial.length === 2, place };
    return this.hold(name, equation, sentence);
  }

  private hold(name: string, equation: Equation, sentence: string | null): Judged {
    const before = this.byName.get(name) ?? [];
    const latest = before.at(-1);
    const anew = sentence !== null && (ANEW.test(sentence) || (latest?.assignment && !equation.assignment));
    this.byName.set(name, [...(anew ? [] : before), equation].slice(-MOST));
    if (anew || !latest) return unknown("it is an equation");
    if (rootsWithin(latest.polynomial, equation.polynomial)) {
      return { verdict: "true", says: `follows from ${latest.place}` };
    }
    if (latest.assignment || before.some((one) => shareRoot(one.polynomial, equation.polynomial))) {
      return unknown("it is an equation");
    }
    return { verdict: "false", says: contrast(name, latest, equation) };
  }
}

const CONSTANT: Univariate = [{ n: 1n, d: 1n }];

function contrast(name: string, latest: Equation, here: Equation): string {
  const [there, now] = [onlyRoot(latest.polynomial), onlyRoot(here.polynomial)];
  const words =
    there && now
      ? [`there ${name} = ${rationalInWords(there)}`, `here ${name} = ${rationalInWords(now)}`]
      : null;
  return `does not follow from ${latest.place}: ${words ? words.join(", ") : "they have no solution in common"}`;
}

/** The unknown alone. */
function isName(value: Value): boolean {
  const [term, ...more] = [...value.numerator.values()];
  const [power, ...powers] = term?.powers ?? [];
  return (
    more.length === 0 &&
    powers.length === 0 &&
    power !== undefined &&
    variablesOf(value).length === 1 &&
    power[1].n === 1n &&
    power[1].d === 1n &&
    term?.coefficient.n === 1n &&
    term.coefficient.d === 1n
  );
}
