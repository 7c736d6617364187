/** Answers modulo a number: `3 \pmod 7`, `x \equiv 1, 5 \pmod 6`. */
import { no, undecided, yes } from "./decide.js";
import { rationalOf } from "./exact.js";
import { splitTop } from "./split.js";
import type { Equality } from "./types.js";

export interface Residues {
  /** What they are the residues of: `x`, or `x^2`; null where that is not said. */
  of: string | null;
  /** LaTeX of what is congruent. */
  values: string[];
  modulus: string;
}

const MODULO =
  /^(.*?)\s*(?:\\pmod\s*(?:\{([^{}]+)\}|(\w+))|\(\s*\\?(?:mod|text\{\s*mod\s*\})\s*([^()]+)\)|\\mod\s*(?:\{([^{}]+)\}|(\w+)))$/;

/** x, x_1, \theta: only of such a name are they the values themselves. */
const BARE_NAME = /^(?:[A-Za-z]|\\[a-zA-Z]+)(?:_(?:\w|\{\w+\}))?$/;

export function readResidues(s: string): Residues | null {
  if (!s.includes("mod")) return null;
  const match = MODULO.exec(s);
  const modulus = match?.slice(2).find((group) => group !== undefined);
  if (match?.[1] === undefined || modulus === undefined) return null;
  const said = /^([^,]*?)\s*(?:\\equiv|≡|=)\s*(.*)$/.exec(match[1]);
  const values = splitTop(said?.[2] ?? match[1], /,|\\text\{\s*(?:and|or)\s*\}/).parts.flatMap((part) =>
    part.includes("\\pm") ? [part.replace("\\pm", ""), part.replace("\\pm", "-")] : [part],
  );
  if (values.some((value) => value === "")) return null;
  const found = { of: said?.[1] ?? null, values, modulus: modulus.trim() };
  return isWorkedOut(found) ? { ...found, of: null } : found;
}

/** 2^{10} \equiv 2 \pmod 7: a number, and rightly. */
function isWorkedOut({ of, values, modulus }: Residues): boolean {
  const m = integer(modulus);
  if (of === null || m === null || m < 2n) return false;
  const [left, right] = [reduced([of], m), reduced(values, m)];
  return left !== null && right !== null && left.join() === right.join();
}

export function sameResidues(a: Residues, b: Residues): Equality {
  if (!areValues(a) || !areValues(b)) return undecided("residues of a formula");
  if (a.of !== null && b.of !== null && a.of !== b.of) return undecided(`${a.of} against ${b.of}`);
  const [m, n] = [integer(a.modulus), integer(b.modulus)];
  if (m === null || n === null || m < 2n || n < 2n) return undecided("a modulus that is no whole number");
  if (m !== n) return no("another modulus");
  const [x, y] = [reduced(a.values, m), reduced(b.values, m)];
  if (!x || !y) return undecided("residues that are no whole numbers");
  return x.join() === y.join() ? yes(`the same modulo ${m}`) : no(`different modulo ${m}`);
}

/** One side leaves "mod m" out: right if it gives the residue itself. */
export function residueAgainst(residues: Residues, tex: string): Equality {
  if (!areValues(residues)) return undecided("residues of a formula");
  const [m, value] = [integer(residues.modulus), integer(tex)];
  if (m === null || m < 2n || value === null || residues.values.length > 1) {
    return undecided("a residue against something else");
  }
  const [x, y] = [reduced(residues.values, m), reduced([tex], m)];
  if (!x || !y) return undecided("a residue against something else");
  if (x.join() !== y.join()) return no(`different modulo ${m}`);
  // "x \\equiv 3" is every such number.
  if (residues.of !== null) return undecided("a number against all of its residue");
  return integer(residues.values[0] ?? "") === value
    ? yes("the same residue, its modulus on one side only")
    : undecided("a number of the same residue");
}

function areValues({ of }: Residues): boolean {
  return of === null || BARE_NAME.test(of);
}

function reduced(values: string[], m: bigint): string[] | null {
  const whole = values.map(integer);
  if (whole.some((value) => value === null)) return null;
  const residues = whole.map((value) => String((((value ?? 0n) % m) + m) % m));
  return [...new Set(residues)].sort();
}

function integer(tex: string): bigint | null {
  const value = rationalOf(tex);
  return value?.d === 1n ? value.n : null;
}
