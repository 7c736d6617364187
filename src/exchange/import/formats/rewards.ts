import type { ForeignScore } from "../../../protocol/import.js";

/** Rewards that speak of the form of a text and not of its answer: they are no opinion of a verdict. */
const FORM =
  /format|boxed|length|len(?:$|_)|tokens?(?:$|_)|turns?(?:$|_)|overlong|repetit|language|think|tags?(?:$|_)|xml|style|penalty|punish|cosine|brevity|bonus|entropy|advantage/i;

/** Does a reward of this name judge the answer? Accuracy does, a format, a length or a bonus does not. */
export function judgesAnswer(name: string): boolean {
  return !FORM.test(name) || /accura|correct/i.test(name);
}

/** A grader's word as an opinion; undefined where it has none (null, NaN, text). -1 is how some write "wrong". */
export function scoreOf(name: string, value: unknown, answer?: string): ForeignScore | undefined {
  if (typeof value !== "boolean" && (typeof value !== "number" || !Number.isFinite(value))) return undefined;
  return { name, value: value === -1 ? 0 : value, ...(answer !== undefined && { answer }) };
}
