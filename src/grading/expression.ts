/** Reads a cleaned LaTeX expression straight into its exact value (recursive descent, bounded). */
import {
  asRational,
  constant,
  minus,
  over,
  plus,
  raise,
  times,
  Unsupported,
  type Value,
  variable,
} from "./algebra.js";
import {
  binomial,
  conjugate,
  factorial,
  greatest,
  type NumberFunction,
  numberFunction,
  wholePart,
} from "./number-functions.js";
import { parseDecimal, rational } from "./rational.js";
import { Ambiguous, startsFactor, tokenize, Unreadable } from "./tokens.js";
import { charge, TooLarge } from "./work.js";

const GREEK =
  /^\\(?:alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega|ell)$/;
/** Letters that are functions when a parenthesis follows: f(2x) is not 2f(x). */
const FUNCTION_LETTER = /^[fghFGHPQ]$/;
const MOST_CHARACTERS = 600;
const MOST_DEPTH = 40;
/** Of a sum or product that is written with its bounds. */
const MOST_ADDENDS = 300n;

/**
 * The exact value of `tex`. Throws Unsupported (mathematics this layer does not cover), Ambiguous, Unreadable,
 * TooLarge, or a RangeError for a division by zero.
 */
export function evaluate(tex: string): Value {
  if (tex.length > MOST_CHARACTERS) throw new TooLarge();
  const parser = new Parser(tokenize(tex));
  const value = parser.sum();
  parser.end();
  return value;
}

class Parser {
  private at = 0;
  private depth = 0;
  /** Of the sums and products around. */
  private readonly bound = new Map<string, Value>();
  constructor(private readonly tokens: string[]) {}

  end(): void {
    if (this.at < this.tokens.length) throw new Unreadable();
  }

  sum(): Value {
    if (++this.depth > MOST_DEPTH) throw new TooLarge();
    let value = this.signed(() => this.product());
    for (let op = this.peek(); op === "+" || op === "-"; op = this.peek()) {
      this.at++;
      const right = this.product();
      value = plus(value, op === "+" ? right : minus(right));
    }
    this.depth--;
    return value;
  }

  private signed(read: () => Value): Value {
    let negative = false;
    while (this.peek() === "-" || this.peek() === "+") negative = this.take() === "-" ? !negative : negative;
    const value = read();
    return negative ? minus(value) : value;
  }

  private product(): Value {
    let value = this.mixedNumber() ?? this.factor();
    let slashed = false;
    for (;;) {
      const op = this.peek();
      if (op === "*" || op === "\\cdot" || op === "\\times") {
        this.at++;
        value = times(
          value,
          this.signed(() => this.factor()),
        );
      } else if (op === "/" || op === "\\div") {
        this.at++;
        value = over(
          value,
          this.signed(() => this.factor()),
        );
        slashed = true;
      } else if (op !== undefined && startsFactor(op)) {
        // 1/2x has two readings, 2 3 has none, and x2 could be x_2, x^2 or 2x.
        const digits = op === "{" ? (this.tokens[this.at + 1] ?? "") : op;
        const factorials = this.tokens[this.at - 1] === "!" && op !== "{";
        if (slashed || (/^[\d.]/.test(digits) && !factorials)) throw new Ambiguous();
        if (op === "(" && this.mayRepeat()) throw new Ambiguous();
        value = times(value, this.factor());
      } else return value;
    }
  }

  /** 0.1(6) is a repeating decimal for some. */
  private mayRepeat(): boolean {
    const [before = "", , digits = "", close] = this.tokens.slice(this.at - 1, this.at + 3);
    return /^\d*\.\d+$/.test(before) && /^\d+$/.test(digits) && close === ")";
  }

  /** 2\frac{1}{2} is two and a half; with an improper fraction nobody knows. */
  private mixedNumber(): Value | null {
    const [whole, command] = [this.peek(), this.tokens[this.at + 1]];
    if (whole === undefined || !/^\d+$/.test(whole) || command !== "\\frac") return null;
    const start = this.at;
    this.at += 2;
    const top = asRational(this.argument());
    const bottom = asRational(this.argument());
    if (top === null || bottom === null) {
      this.at = start;
      return null;
    }
    const proper = top.d === 1n && bottom.d === 1n && top.n > 0n && top.n < bottom.n;
    if (!proper || this.peek() === "^") throw new Ambiguous();
    return constant(rational(BigInt(whole) * bottom.n + top.n, bottom.n));
  }

  private factor(): Value {
    let value = this.base();
    for (;;) {
      const op = this.peek();
      if (op === "!") {
        this.at++;
        // 7!! is 7 · 5 · 3 · 1, for some (7!)!, and in a text an exclamation.
        if (this.peek() === "!") throw new Ambiguous();
        value = constant(factorial(asRational(value)));
      } else if (op === "^") {
        this.at++;
        value = raise(
          value,
          this.signed(() => this.exponent()),
        );
        if (this.peek() === "^") throw new Ambiguous();
      } else return value;
    }
  }

  /** A braced group, or one number, letter or command; a run of digits counts as one number, as people mean it. */
  private exponent(): Value {
    return this.base();
  }

  private base(): Value {
    charge(4);
    const token = this.take();
    if (/^[\d.]/.test(token)) {
      if (this.peek() === "_") throw new Unsupported("base");
      const number = parseDecimal(token);
      if (number === null) throw new Unreadable();
      return constant(number);
    }
    if (token === "[" && !this.holdsBrackets()) throw new Ambiguous();
    if (token === "(" || token === "{" || token === "[") return this.group(token);
    if (token === "|") return this.absolute();
    if (token === "\\frac") {
      const top = this.argument();
      return over(top, this.argument());
    }
    if (token === "\\sqrt") return this.root();
    if (token === "\\binom") {
      const n = asRational(this.argument());
      return constant(binomial(n, asRational(this.argument())));
    }
    if (token === "\\pi") return variable(token);
    if (token === "\\lfloor" || token === "\\lceil") return this.wholePart(token);
    if (token === "\\overline") return conjugate(this.argument());
    if (token === "\\sum" || token === "\\prod") return this.series(token);
    const named = numberFunction(token);
    if (named) return this.ofNumbers(named);
    if (GREEK.test(token) || /^[A-Za-z]$/.test(token)) {
      if (FUNCTION_LETTER.test(token) && this.peek() === "(") throw new Ambiguous();
      const name = token + this.subscript();
      return this.bound.get(name) ?? variable(name);
    }
    if (token.startsWith("\\")) throw new Unsupported(token);
    throw new Unreadable();
  }

  /** [(x+1)^2 - 1] groups; [x] may be the whole part. */
  private holdsBrackets(): boolean {
    const close = this.tokens.indexOf("]", this.at);
    return this.tokens.slice(this.at, close).includes("(");
  }

  private group(open: string): Value {
    const value = this.sum();
    const close = open === "(" ? ")" : open === "{" ? "}" : "]";
    if (this.take() !== close) throw new Unreadable();
    return value;
  }

  private wholePart(open: string): Value {
    const value = this.sum();
    if (this.take() !== (open === "\\lfloor" ? "\\rfloor" : "\\rceil")) throw new Unreadable();
    return wholePart(value, open === "\\lfloor" ? "floor" : "ceil");
  }

  /** \gcd(12, 18) and the like, of numbers alone. */
  private ofNumbers(name: NumberFunction): Value {
    const open = this.take();
    if (open !== "(" && open !== "{") throw new Unsupported(name);
    const values = [this.sum()];
    while (this.peek() === ",") {
      this.at++;
      values.push(this.sum());
    }
    if (this.take() !== (open === "(" ? ")" : "}")) throw new Unreadable();
    return greatest(name, values);
  }

  /** \sum_{k=1}^{n} of one product, which ends where the next + or - stands. */
  private series(command: string): Value {
    const name = this.expect("_", "{").take();
    if (!/^[A-Za-z]$/.test(name) || this.bound.has(name)) throw new Unreadable();
    const first = asRational(this.expect("=").sum());
    const last = asRational(this.expect("}", "^").exponent());
    if (first?.d !== 1n || last?.d !== 1n) throw new Unsupported("series");
    if (last.n - first.n >= MOST_ADDENDS) throw new TooLarge();
    const body = this.at;
    let total = constant(rational(command === "\\sum" ? 0n : 1n));
    if (last.n < first.n) this.product();
    for (let k = first.n; k <= last.n; k++) {
      this.at = body;
      this.bound.set(name, constant(rational(k)));
      const value = this.product();
      total = command === "\\sum" ? plus(total, value) : times(total, value);
    }
    this.bound.delete(name);
    // Whether what is added belongs to each addend is not to be seen.
    if (this.peek() === "+" || this.peek() === "-") throw new Ambiguous();
    return total;
  }

  private expect(...tokens: string[]): this {
    for (const token of tokens) if (this.take() !== token) throw new Unreadable();
    return this;
  }

  private absolute(): Value {
    const value = this.sum();
    if (this.take() !== "|") throw new Unreadable();
    const number = asRational(value);
    if (number === null) throw new Unsupported("absolute value");
    return constant(number.n < 0n ? { n: -number.n, d: number.d } : number);
  }

  private root(): Value {
    let index = 2n;
    if (this.peek() === "[") {
      this.at++;
      const n = asRational(this.sum());
      if (this.take() !== "]") throw new Unreadable();
      if (n === null || n.d !== 1n || n.n < 2n) throw new Unsupported("root");
      index = n.n;
    }
    return raise(this.argument(), constant(rational(1n, index)), true);
  }

  /** What a command takes: a braced group, or as in \frac12 a single digit, letter or command. */
  private argument(): Value {
    const token = this.peek();
    if (token === "{") {
      this.at++;
      return this.group("{");
    }
    if (token === undefined || /^[-+*/^_)}\]]$/.test(token)) throw new Unreadable();
    if (/^\d{2,}$/.test(token)) {
      // \frac12 means 1 over 2, \sqrt12 the root of 1 times 2 in TeX and of 12 in people's minds.
      if (this.tokens[this.at - 1] === "\\sqrt") throw new Ambiguous();
      this.tokens.splice(this.at, 1, token.slice(0, 1), token.slice(1));
    }
    return this.base();
  }

  private subscript(): string {
    if (this.peek() !== "_") return "";
    this.at++;
    if (this.peek() !== "{") return `_${this.take()}`;
    let name = "";
    for (let depth = 0; ; ) {
      const token = this.take();
      if (token === "{") depth++;
      else if (token === "}" && --depth === 0) return `_${name}`;
      else name += token;
    }
  }

  private peek(): string | undefined {
    return this.tokens[this.at];
  }
  private take(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new Unreadable();
    return token;
  }
}
