/** Matrices: read from an environment or nested brackets, with sums, multiples and transposes worked out cell by cell. */
import { ROW } from "./normalise.js";
import { splitTop, wraps } from "./split.js";

export interface Matrix {
  /** A determinant's bars. */
  bars: boolean;
  /** LaTeX of the cells. */
  rows: string[][];
}

const ENVIRONMENT =
  /\\begin\{([pbvBV]?matrix|smallmatrix|array)\}(?:\{[lcr|\s]*\})?((?:(?!\\begin\{)[\s\S])*)\\end\{\1\}/;
const MOST_CELLS = 64;

/** Null for anything but a matrix, however it is put together. */
export function readMatrix(s: string): Matrix | null {
  if (!s.includes("\\begin{") && !s.startsWith("[[")) return null;
  const { parts, separators } = splitTop(s, /[+-]/);
  if (parts[0] === "") return null;
  let sum: Matrix | null = null;
  for (const [i, part] of parts.entries()) {
    const read = term(part);
    if (!read) return null;
    if (!sum) sum = read;
    else {
      const other: Matrix = read;
      if (sum.bars || other.bars || !sameSize(sum, other)) return null;
      const sign = separators[i - 1] ?? "+";
      sum = cells(sum, (cell, r, c) => `(${cell})${sign}(${other.rows[r]?.[c] ?? ""})`);
    }
  }
  return sum;
}

export function sameSize(a: Matrix, b: Matrix): boolean {
  return a.rows.length === b.rows.length && a.rows.every((row, i) => row.length === b.rows[i]?.length);
}

/** LaTeX of a determinant's value; null above three rows. */
export function determinant({ rows }: Matrix): string | null {
  if (rows.length > 3 || rows.some((row) => row.length !== rows.length)) return null;
  if (rows.length === 1) return rows[0]?.[0] ?? null;
  return (rows[0] ?? [])
    .map((cell, i) => {
      const minor = determinant({
        bars: true,
        rows: rows.slice(1).map((row) => row.filter((_, j) => j !== i)),
      });
      return `${i % 2 === 0 ? "+" : "-"}(${cell})(${minor})`;
    })
    .join("");
}

/** `\frac12 A^T` */
function term(s: string): Matrix | null {
  if (s.startsWith("[[")) return nested(s);
  const match = ENVIRONMENT.exec(s);
  if (!match) return null;
  let before = s.slice(0, match.index).trim();
  let after = s.slice(match.index + match[0].length).trim();
  if (/[([]$/.test(before) && /^[)\]]/.test(after)) {
    before = before.slice(0, -1).trim();
    after = after.slice(1).trim();
  }
  let matrix: Matrix | null = { bars: /^[vV]/.test(match[1] ?? ""), rows: rowsOf(match[2] ?? "") };
  if (matrix.rows.flat().length > MOST_CELLS) return null;
  if (/^\^\s*(?:\{\s*(?:T|\\top|\\intercal)\s*\}|T|\\top)$/.test(after)) matrix = transposed(matrix);
  else if (after !== "") return null;
  const scalar = before.replace(/\\(?:cdot|times)$/, "").trim();
  if (!matrix || scalar === "") return matrix;
  return /\\begin|[=<>,]/.test(scalar) || matrix.bars
    ? null
    : cells(matrix, (cell) => `(${scalar})(${cell})`);
}

function nested(s: string): Matrix | null {
  if (!wraps(s)) return null;
  const rows = splitTop(s.slice(1, -1), /,/).parts.map((row) =>
    row.startsWith("[") && wraps(row) ? splitTop(row.slice(1, -1), /,/).parts : null,
  );
  const all = rows.every((row) => row !== null) ? rows : [];
  return all.length > 0 &&
    all.flat().length <= MOST_CELLS &&
    all.every((row) => row.length === all[0]?.length)
    ? { bars: false, rows: all }
    : null;
}

function transposed({ bars, rows }: Matrix): Matrix | null {
  const [first = []] = rows;
  if (rows.some((row) => row.length !== first.length)) return null;
  return { bars, rows: first.map((_, j) => rows.map((row) => row[j] ?? "")) };
}

function cells({ bars, rows }: Matrix, make: (cell: string, row: number, column: number) => string): Matrix {
  return { bars, rows: rows.map((row, r) => row.map((cell, c) => make(cell, r, c))) };
}

function rowsOf(body: string): string[][] {
  return body
    .split(ROW)
    .map((row) => row.trim())
    .filter((row) => row !== "" && row !== "\\hline")
    .map((row) => splitTop(row, /&/).parts);
}
