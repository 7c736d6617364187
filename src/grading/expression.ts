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
import { parseDecimal, type Rational, rational, TooLarge } from "./rational.js";

/** Not to be read in one way alone, such as 1/2x: no layer may decide it. */
export class Ambiguous extends Error {}
/** Not an expression at all. */
export class Unreadable extends Error {}

const TOKEN = /\s*(\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\.\d+|\d+\.(?!\d)|[A-Za-z]|[-+*/^_=!|(){}[\],])/y;
const GREEK =
  /^\\(?:alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega|ell)$/;
/** Letters that are functions when a parenthesis follows: f(2x) is not 2f(x). */
const FUNCTION_LETTER = /^[fghFGHPQ]$/;
const MOST_CHARACTERS = 600;
const MOST_DEPTH = 40;

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

function tokenize(tex: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < tex.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(tex)?.[1];
    if (token === undefined) {
      if (tex.slice(at).trim() === "") break;
      throw new Unsupported(tex.slice(at, at + 8));
    }
    tokens.push(token);
  }
  if (tokens.length === 0) throw new Unreadable();
  return tokens;
}

class Parser {
  private at = 0;
  private depth = 0;
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
        if (slashed || /^[\d.]/.test(digits)) throw new Ambiguous();
        value = times(value, this.factor());
      } else return value;
    }
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
    const token = this.take();
    if (/^[\d.]/.test(token)) {
      if (this.peek() === "_") throw new Unsupported("base");
      const number = parseDecimal(token);
      if (number === null) throw new Unreadable();
      return constant(number);
    }
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
    if (GREEK.test(token) || /^[A-Za-z]$/.test(token)) {
      if (FUNCTION_LETTER.test(token) && this.peek() === "(") throw new Ambiguous();
      return variable(token + this.subscript());
    }
    if (token.startsWith("\\")) throw new Unsupported(token);
    throw new Unreadable();
  }

  private group(open: string): Value {
    const value = this.sum();
    const close = open === "(" ? ")" : open === "{" ? "}" : "]";
    if (this.take() !== close) throw new Unreadable();
    return value;
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

function startsFactor(token: string): boolean {
  return /^[\dA-Za-z.({[]/.test(token) || (token.startsWith("\\") && token !== "\\}");
}

function factorial(q: Rational | null): Rational {
  if (q === null || q.d !== 1n || q.n < 0n) throw new Unsupported("factorial");
  if (q.n > 300n) throw new TooLarge();
  let product = 1n;
  for (let i = 2n; i <= q.n; i++) product *= i;
  return rational(product);
}

function binomial(n: Rational | null, k: Rational | null): Rational {
  if (n === null || k === null || n.d !== 1n || k.d !== 1n || n.n < 0n || k.n < 0n) {
    throw new Unsupported("binomial");
  }
  if (n.n > 1000n) throw new TooLarge();
  if (k.n > n.n) return rational(0n);
  let result = 1n;
  for (let i = 1n; i <= k.n; i++) result = (result * (n.n - i + 1n)) / i;
  return rational(result);
}
