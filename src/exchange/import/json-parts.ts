/** A part of a JSON text: where it stands, and its bytes; null where it is longer than is held. */
export interface JsonPart {
  /** Names and indices from the root: `["samples", 3, "output"]`. */
  path: readonly (string | number)[];
  bytes: Buffer | null;
}

/** What becomes of a value: kept whole, looked into, or passed over. */
export type Choice = "take" | "enter" | "skip";

interface Level {
  kind: "object" | "array";
  /** Of the value that comes, or came. */
  at: string | number;
  /** Of an object: a key comes next. */
  key: boolean;
}

const LONGEST_KEY = 1 << 16;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d];
const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * Parts of one JSON text that comes in chunks, without holding more of it than one part: what is not chosen is scanned for
 * its end only, so that bare `NaN`s, deep nesting and megabytes of it cost no memory. UTF-8.
 *
 * Throws a SyntaxError where the text is no JSON at the level that is looked into.
 */
export class JsonParts {
  private readonly levels: Level[] = [];
  private begun = false;
  /** Within a value that is taken or skipped. */
  private scan:
    | { depth: number; text: boolean; escaped: boolean; scalar: boolean; taken: boolean }
    | undefined;
  private pieces: Buffer[] = [];
  private held = 0;
  private inKey = false;
  private keyEscaped = false;

  /** @param most bytes of one part */
  constructor(
    private readonly choose: (path: readonly (string | number)[]) => Choice,
    private readonly most: number,
  ) {}

  /** The text is complete. */
  get ended(): boolean {
    return this.begun && this.levels.length === 0 && !this.scan;
  }

  /** The parts that end within this chunk. */
  *feed(chunk: Buffer): Generator<JsonPart> {
    for (let at = 0; at < chunk.length; ) {
      if (this.scan) {
        const end = this.endOfValue(chunk, at);
        if (this.scan.taken) this.keep(chunk.subarray(at, end.at));
        at = end.at;
        if (end.ended) {
          const { taken } = this.scan;
          this.scan = undefined;
          if (taken) yield this.part();
        }
        continue;
      }
      if (this.inKey) {
        at = this.readKey(chunk, at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (isSpace(byte)) at++;
      else if (this.structure(byte)) at++;
      // A value begins here: its first byte is seen again, by whoever reads it.
      else if (this.begin(byte)) at++;
    }
  }

  /** Commas, colons, ends and the beginnings of keys; false: a value begins. */
  private structure(byte: number): boolean {
    const level = this.levels.at(-1);
    if (!level) {
      if (this.begun) throw new SyntaxError("something follows the end");
      return false;
    }
    if (byte === (level.kind === "object" ? BRACE_END : BRACKET_END)) {
      this.levels.pop();
      return true;
    }
    if (byte === COMMA) {
      if (level.kind === "array") level.at = Number(level.at) + 1;
      else level.key = true;
      return true;
    }
    if (level.kind === "array") return false;
    if (level.key) {
      if (byte !== QUOTE) throw new SyntaxError("a name is missing");
      this.inKey = true;
      return true;
    }
    return byte === COLON;
  }

  /** True: the byte was an opening one, and the value is looked into. */
  private begin(byte: number): boolean {
    this.begun = true;
    const path = this.levels.map(({ at }) => at);
    const choice = this.choose(path);
    if (choice === "enter" && (byte === BRACE || byte === BRACKET)) {
      const kind = byte === BRACE ? "object" : "array";
      this.levels.push({ kind, at: kind === "object" ? "" : 0, key: kind === "object" });
      return true;
    }
    const scalar = byte !== BRACE && byte !== BRACKET && byte !== QUOTE;
    this.scan = { depth: 0, text: false, escaped: false, scalar, taken: choice === "take" };
    return false;
  }

  private endOfValue(chunk: Buffer, from: number): { at: number; ended: boolean } {
    const scan = this.scan;
    if (!scan) return { at: from, ended: true };
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (scan.text) {
        if (scan.escaped) scan.escaped = false;
        else if (byte === BACKSLASH) scan.escaped = true;
        else if (byte === QUOTE) {
          scan.text = false;
          if (scan.depth === 0) return { at: at + 1, ended: true };
        }
      } else if (byte === QUOTE) scan.text = true;
      else if (byte === BRACE || byte === BRACKET) scan.depth++;
      else if (byte === BRACE_END || byte === BRACKET_END) {
        if (scan.depth === 0) return { at, ended: true };
        scan.depth--;
        if (scan.depth === 0) return { at: at + 1, ended: true };
      } else if (scan.scalar && (byte === COMMA || isSpace(byte))) return { at, ended: true };
    }
    return { at: chunk.length, ended: false };
  }

  private readKey(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.keyEscaped) this.keyEscaped = false;
      else if (byte === BACKSLASH) this.keyEscaped = true;
      else if (byte === QUOTE) {
        this.keep(chunk.subarray(from, at));
        const text = Buffer.concat(this.pieces).toString("utf8");
        this.clear();
        const level = this.levels.at(-1);
        if (level) {
          level.at = String(JSON.parse(`"${text}"`));
          level.key = false;
        }
        this.inKey = false;
        return at + 1;
      }
    }
    this.keep(chunk.subarray(from));
    if (this.held > LONGEST_KEY) throw new SyntaxError("a name without an end");
    return chunk.length;
  }

  private keep(piece: Buffer): void {
    this.held += piece.length;
    // A copy: whoever reads the file uses its buffer again.
    if (this.held <= this.most) this.pieces.push(Buffer.from(piece));
    else this.pieces = [];
  }

  private part(): JsonPart {
    const bytes = this.held > this.most ? null : Buffer.concat(this.pieces);
    this.clear();
    return { path: this.levels.map(({ at }) => at), bytes };
  }

  private clear(): void {
    this.pieces = [];
    this.held = 0;
  }
}
