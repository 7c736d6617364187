/**
 * What Python's `str()` made of lists, tuples, dicts, texts, numbers and None, read back; nothing is evaluated. A call
 * around a value (`np.float64(0.5)`, `array([1, 2])`) is its first argument. undefined: the text is no such value.
 */
export function pythonLiteral(text: string): unknown {
  try {
    const reader = new Reader(text);
    const value = reader.value(0);
    reader.space();
    return reader.at === text.length ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Nested lists. */
const DEEPEST = 50;
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v", "0": "\0" },
};
const NAMED: Readonly<Record<string, unknown>> = {
  ...{ None: null, True: true, False: false, nan: null, inf: null, NaN: null, Infinity: null },
};

class Reader {
  at = 0;

  constructor(private readonly text: string) {}

  space(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new SyntaxError("too deep");
    this.space();
    const next = this.text[this.at] ?? "";
    if (next === "[") return this.items("]", depth);
    if (next === "(") return this.items(")", depth);
    if (next === "{") return this.dict(depth);
    if (next === "'" || next === '"') return this.string(next);
    const number = this.match(/[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y);
    if (number !== undefined) return Number(number);
    const name = this.match(/-?[A-Za-z_][\w.]*/y);
    if (name === undefined) throw new SyntaxError("no value");
    if (this.text[this.at] !== "(") {
      const bare = name.replace(/^-/, "");
      if (!Object.hasOwn(NAMED, bare)) throw new SyntaxError("an unknown name");
      return NAMED[bare];
    }
    const args = this.items(")", depth);
    return args[0];
  }

  private items(end: string, depth: number): unknown[] {
    this.at++;
    const found: unknown[] = [];
    for (;;) {
      this.space();
      if (this.take(end)) return found;
      // `dtype=float32` of an array says nothing of the values.
      if (this.match(/[A-Za-z_]\w*=[\w.]+/y) === undefined) found.push(this.value(depth + 1));
      this.space();
      if (!this.take(",") && this.text[this.at] !== end) throw new SyntaxError("a comma is missing");
    }
  }

  private dict(depth: number): Record<string, unknown> {
    this.at++;
    const found = new Map<string, unknown>();
    for (;;) {
      this.space();
      if (this.take("}")) return Object.fromEntries(found);
      const key = this.value(depth + 1);
      this.space();
      if (!this.take(":")) throw new SyntaxError("a colon is missing");
      found.set(String(key), this.value(depth + 1));
      this.space();
      if (!this.take(",") && this.text[this.at] !== "}") throw new SyntaxError("a comma is missing");
    }
  }

  private string(quote: string): string {
    this.at++;
    const pieces: string[] = [];
    for (;;) {
      const from = this.at;
      while (this.at < this.text.length && this.text[this.at] !== quote && this.text[this.at] !== "\\")
        this.at++;
      pieces.push(this.text.slice(from, this.at));
      if (this.at >= this.text.length) throw new SyntaxError("a text without an end");
      if (this.take(quote)) return pieces.join("");
      this.at++;
      const code = this.match(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y);
      if (code === undefined) {
        const escaped = this.text[this.at++] ?? "";
        pieces.push(ESCAPES[escaped] ?? escaped);
      } else {
        const point = Number.parseInt(code.slice(1), 16);
        pieces.push(point <= 0x10ffff ? String.fromCodePoint(point) : "\ufffd");
      }
    }
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }
}
