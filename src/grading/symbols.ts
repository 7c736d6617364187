/** What of a constant relation may go to compute-engine, and how far its word is taken. */

const FUNCTIONS =
  /\\(?:arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|sinh|cosh|tanh|ln|log|exp|sqrt|frac|cdot|times|pi|div)(?![a-zA-Z])/g;
const CIRCULAR = /\\(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])/;

/**
 * "true only": a refutation would rest on how it is read: `\log` without a base, angles without a unit, decimals that
 * may be rounded, e as a letter.
 */
export function mayCompare(a: string, b: string): "yes" | "no" | "true only" {
  let verdict: "yes" | "true only" = "yes";
  for (const tex of [a, b]) {
    const rest = tex.replace(FUNCTIONS, " ");
    if (/[^\d\s.+\-*/^_{}()[\]!°e]/.test(rest)) return "no";
    const angles = CIRCULAR.test(tex) && !/\\pi|°|\\arc/.test(tex);
    const base = /\\log(?![a-zA-Z])(?!\s*_)/.test(tex);
    const exponent = /\\(?:sin|cos|tan|log|ln)(?![a-zA-Z])\s*\^/.test(tex);
    if (angles || base || exponent || /\d*\.\d|e/.test(rest)) verdict = "true only";
  }
  return verdict;
}
