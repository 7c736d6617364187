/** The relations that a solution's formulas state, with where they stand in its text. */
import { type Segment, segmentMath } from "../protocol/math.js";
import { depthChange } from "./split.js";

/** One side of a relation; offsets are UTF-16, into the text. */
export interface Side {
  tex: string;
  start: number;
  end: number;
}

export type Sign = "=" | "<" | ">" | "\\le" | "\\ge" | "\\ne" | "other";

/** `sides[0] signs[0] sides[1] signs[1] …`: a chain counts as one statement. */
export interface Statement {
  sides: Side[];
  /** An aligned row that begins with its sign: its first side stands in the row before. */
  continues: boolean;
  /** `start`: where the sign itself stands. */
  signs: { sign: Sign; start: number }[];
  /** What is written around it, from one sentence's end to the next, formulas included. */
  sentence: string;
  /** As far as the first words of the sentence that follows: "This is impossible." */
  after: string;
}

type Written = Pick<Statement, "sides" | "signs" | "continues">;

const LONGEST_FORMULA = 2000;
const MOST_STATEMENTS = 20_000;
const ENVIRONMENT =
  /^\s*\\begin\{(equation|align|alignat|aligned|gather|gathered|multline|eqnarray|split)(\*?)\}(?:\{\d+\})?([\s\S]*?)\\end\{\1\2\}\s*[.,;]?\s*$/;
/** Ends a statement. Commas between three digits belong to a number. */
const SEPARATOR =
  /\\\\(?:\[[^\]]*\])?|,(?!\d{3}(?!\d))|;|\\(?:implies|impliedby|iff|Rightarrow|Leftrightarrow|Longrightarrow|Longleftrightarrow|rightarrow|to|therefore|because|quad|qquad|land|lor|wedge|vee)(?![a-zA-Z])|=>|⇒|→|\\(?:text|textrm|mathrm|mbox)\s*\{[\s,]*(?:and|or|so|thus|hence|then|therefore|implies|gives|giving|since|because)[\s,]*\}/y;
const SIGNS: readonly (readonly [RegExp, Sign])[] = [
  [/\\leq?(?:slant|q)?(?![a-zA-Z])|<=|≤/y, "\\le"],
  [/\\geq?(?:slant|q)?(?![a-zA-Z])|>=|≥/y, "\\ge"],
  [/\\neq?(?![a-zA-Z])|\\not\s*=|≠/y, "\\ne"],
  [/\\lt(?![a-zA-Z])|</y, "<"],
  [/\\gt(?![a-zA-Z])|>/y, ">"],
  [
    /:=|\?=|=\?|\\(?:equiv|approx|thickapprox|sim|simeq|cong|propto|doteq|coloneqq|in|notin|ni|mid|nmid|subset|subseteq|mapsto|parallel|perp|stackrel|overset|underset|not)(?![a-zA-Z])|≈|≡/y,
    "other",
  ],
  [/=/y, "="],
];

/** Every statement with a relation in it, in the order of the text. Linear in the text, and total. */
export function findStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  const segments = segmentMath(text);
  for (const segment of segments) {
    if (segment.kind === "text" || segment.source.length > LONGEST_FORMULA) continue;
    const { sentence, after } = around(text, segment);
    for (const written of statementsOf(segment)) statements.push({ ...written, sentence, after });
    if (statements.length > MOST_STATEMENTS) break;
  }
  return statements;
}

function statementsOf(segment: Segment): Written[] {
  let { body } = segment;
  let offset = segment.start + Math.max(0, segment.source.indexOf(body));
  for (;;) {
    const inner =
      /^\s*\\(?:boxed|fbox)\s*\{([\s\S]*)\}\s*[.,;]?\s*$/.exec(body)?.[1] ?? ENVIRONMENT.exec(body)?.[3];
    if (inner === undefined || !balanced(inner)) break;
    offset += body.indexOf(inner, body.indexOf("{"));
    body = inner;
  }
  return split(body, offset);
}

function split(body: string, offset: number): Written[] {
  const found: Written[] = [];
  let sides: Side[] = [];
  let signs: Statement["signs"] = [];
  let from = 0;
  let depth = 0;
  const side = (to: number): void => {
    // An alignment mark is white space here.
    const raw = body.slice(from, to).replace(/(?<!\\)&/g, " ");
    const tex = raw.trim();
    const start = offset + from + (raw.length - raw.trimStart().length);
    sides.push({ tex, start, end: start + tex.length });
  };
  const close = (to: number): void => {
    side(to);
    const [first] = sides;
    if (signs.length > 0) {
      // A row that begins with its sign goes on with the row before.
      const before = first?.tex === "" ? found.at(-1)?.sides.at(-1) : undefined;
      if (before) sides[0] = before;
      found.push({ sides, signs, continues: before !== undefined });
    }
    sides = [];
    signs = [];
  };
  for (let i = 0; i < body.length; ) {
    if (depth === 0) {
      const separator = matchAt(SEPARATOR, body, i);
      if (separator !== null) {
        close(i);
        i += separator.length;
        from = i;
        continue;
      }
      const sign = signAt(body, i);
      if (sign) {
        side(i);
        signs.push({ sign: sign.sign, start: offset + i });
        i += sign.length;
        from = i;
        continue;
      }
    }
    depth = Math.max(0, depth + depthChange(body, i));
    i += body[i] === "\\" && !/[a-zA-Z]/.test(body[i + 1] ?? "") ? 2 : 1;
  }
  close(body.length);
  return found;
}

function signAt(body: string, at: number): { sign: Sign; length: number } | null {
  if (!/[\\<>=≤≥≠:?≈≡]/.test(body[at] ?? "")) return null;
  for (const [pattern, sign] of SIGNS) {
    const found = matchAt(pattern, body, at);
    if (found !== null) return { sign, length: found.length };
  }
  return null;
}

function matchAt(pattern: RegExp, body: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(body)?.[0] ?? null;
}

function balanced(s: string): boolean {
  let depth = 0;
  for (let i = 0; i < s.length; i++) {
    if (s[i] === "\\") i++;
    else if (s[i] === "{") depth++;
    else if (s[i] === "}" && --depth < 0) return false;
  }
  return depth === 0;
}

const REACH = 300;

/** The sentence that a formula stands in, and the beginning of the next. A line's end is a sentence's end. */
function around(text: string, { start, source }: Segment): { sentence: string; after: string } {
  const end = start + source.length;
  const before = text.slice(Math.max(0, start - REACH), start);
  const behind = text.slice(end, end + REACH);
  const from = Math.max(...[...before.matchAll(/\n|[.!?;](?=\s)/g)].map((m) => m.index + 1), 0);
  const ends = /\n|[.!?](?=\s|$)/.exec(behind);
  const to = ends ? ends.index + 1 : behind.length;
  const next =
    ends?.[0] === "\n" ? /^\s*[^.!?\n]*/.exec(behind.slice(to)) : /^[^.!?\n]*/.exec(behind.slice(to));
  return {
    sentence: before.slice(from) + source + behind.slice(0, to),
    after: next?.[0].slice(0, 120) ?? "",
  };
}
