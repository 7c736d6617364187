/**
 * What OlympiadBench (github.com/OpenBMB/OlympiadBench, its README's table of fields) says of a problem beside its text,
 * and what it and its relatives hold that no grader of answers can judge. NuminaMath's `question_type` says the same.
 */
import { type Fields, plain } from "./names.js";

/** Why a problem is left out; each goes on from "line 3 …". Counted together, since a set may hold thousands. */
export const LEFT_OUT = {
  proof: "is a proof, which has no answer to compare; it was left out",
  image: "needs an image; it was left out",
  person: "has an answer that only a person can judge; it was left out",
  tolerance:
    'is right within an error of its own (its field "error"), which cannot be declared; it was left out',
  unknown: "has no known answer; it was left out",
} as const;

/** Why this problem cannot be graded by its answer; undefined where it can. */
export function leftOut(fields: Fields): string | undefined {
  const text = (name: string): string => plain(fields.get(name))?.toLowerCase() ?? "";
  const answers = [text("answer"), text("final_answer")];
  if (/proof/.test(text("question_type")) || answers.includes("proof")) return LEFT_OUT.proof;
  if (text("modality").startsWith("multimodal") || hasImage(fields)) return LEFT_OUT.image;
  if (text("answer_type").replace(/_/g, " ") === "need human evaluate") return LEFT_OUT.person;
  if (answers.some((answer) => /^not[ _]?found$/.test(answer))) return LEFT_OUT.unknown;
  if (text("answer_type") !== "" && text("error") !== "" && Number(text("error")) !== 0)
    return LEFT_OUT.tolerance;
  return undefined;
}

function hasImage(fields: Fields): boolean {
  for (const [name, value] of fields) {
    if (!/^images?(?:_\d+)?$/.test(name)) continue;
    if (Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== "")
      return true;
  }
  return /<(?:image_\d+|img_\d+|image)>/.test(plain(fields.get("question")) ?? "");
}

/**
 * The answers of `final_answer` as one gold answer: `["$1$", "$2$"]` is `1, 2`, compared in any order; one number with a
 * unit keeps it. undefined where the row has none.
 *
 * @param value a list of answers (as JSON or Python writes it, where it comes from a table of texts), or one
 */
export function finalAnswer(value: unknown, unit: unknown): string | undefined {
  const answers = listOf(value);
  const bare = answers
    .map((answer) => answer.replace(/(?<!\\)\$+([^$]*)(?<!\\)\$+/g, "$1").trim())
    .filter((answer) => answer !== "");
  if (bare.length === 0) return undefined;
  const joined = bare.join(", ");
  const of = plain(unit)?.replace(/\$/g, "").trim();
  const single = bare.length === 1 && !/,(?!\d{3}(?!\d))/.test(joined);
  if (!of || !single || joined.includes(of)) return joined;
  return /[\\^%°]/.test(of) ? `${joined} ${of}` : `${joined} \\text{ ${of}}`;
}

function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(plain).filter((one) => one !== undefined);
  const text = plain(value);
  if (text === undefined) return [];
  if (!/^\[.*\]$/s.test(text)) return [text];
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((one) => typeof one === "string")) return parsed;
  } catch {
    // Python's own quotes, or an interval.
  }
  const quoted = /^\[\s*(['"])(.*)\1\s*\]$/s.exec(text);
  return quoted?.[2] === undefined ? [text] : quoted[2].replace(/\\\\/g, "\\").split(/['"]\s*,\s*['"]/);
}
