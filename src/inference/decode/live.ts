import type { ChatTokenizer } from "../model/tokenizer.js";
import type { LiveText } from "../types.js";

type Decoding = Pick<ChatTokenizer, "decode">;

/** A sample under way, as far as one can watch it. */
export interface Watched {
  readonly key: string;
  readonly sample: number;
  /** What stands before its first token and belongs to its text. */
  readonly opening?: string | undefined;
  /** Generated so far: only ever appended to, without the token that ends it. */
  readonly tokens: readonly number[];
}

/** At most ten a second. */
const INTERVAL_MS = 100;
/** Tokens that may wait for a character to become whole; then it is shown as what it is, half a character. */
const LONGEST_WAIT = 64;

/**
 * Text of tokens that come in a few at a time, decoding a short tail each time instead of everything: a token's text
 * can depend on its neighbours, so the tokens taken before are decoded once more as its context, as StopFinder does.
 */
export class TextStream {
  text = "";
  /** Tokens before `settled` are in `text` for good; decoding starts at `context`, those taken before. */
  private context = 0;
  private settled = 0;

  constructor(private readonly tokenizer: Decoding) {}

  /** `tokens`: all of the sequence so far. */
  take(tokens: readonly number[]): void {
    if (tokens.length === this.settled) return;
    const before = this.tokenizer.decode(tokens.slice(this.context, this.settled));
    const after = this.tokenizer.decode(tokens.slice(this.context));
    const waiting = tokens.length - this.settled;
    // U+FFFD at the end: half a character, the next token may complete it.
    if (after.length <= before.length || (after.endsWith("\ufffd") && waiting < LONGEST_WAIT)) return;
    this.text += after.slice(before.length);
    this.context = this.settled;
    this.settled = tokens.length;
  }
}

/**
 * Tells the text of one sample until it ends, then of another: of the one that has just begun, so that it is read
 * from its start. What it costs is one look a block, and ten times a second the decoding of what is new.
 */
export class LiveTeller {
  private followed: { row: Watched; stream: TextStream; told: number } | undefined;
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly tokenizer: Decoding,
    private readonly tell: (text: LiveText) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** After every block, with the samples that are still under way. */
  look(rows: readonly (Watched | undefined)[]): void {
    const now = this.now();
    if (now - this.last < INTERVAL_MS) return;
    if (!this.followed || !rows.includes(this.followed.row)) this.followed = this.choose(rows);
    const { followed } = this;
    if (!followed || followed.row.tokens.length === followed.told) return;
    const { row, stream } = followed;
    stream.take(row.tokens);
    followed.told = row.tokens.length;
    this.last = now;
    const text = (row.opening ?? "") + stream.text;
    this.tell({ key: row.key, sample: row.sample, text, tokens: row.tokens.length });
  }

  private choose(rows: readonly (Watched | undefined)[]): LiveTeller["followed"] {
    let youngest: Watched | undefined;
    for (const row of rows)
      if (row && row.tokens.length < (youngest?.tokens.length ?? Number.POSITIVE_INFINITY)) youngest = row;
    return youngest && { row: youngest, stream: new TextStream(this.tokenizer), told: 0 };
  }
}
