/** Multiple choice: what can be chosen belongs to the problem's text. */
import { type Fields, first, inner, plain } from "./names.js";

const NAMES = ["choices", "options"] as const;

/**
 * The problem with its choices below it as `(A) …`, where its row has them in a field of their own, its answer is a
 * letter, and its text does not show them already.
 */
export function withChoices(problem: string, fields: Fields, gold: string): string {
  if (!/^\(?[A-J]\)?$/.test(gold)) return problem;
  const choices = first(NAMES, (name) => choicesOf(fields.get(name)));
  if (!choices || choices.every(([, text]) => problem.includes(text))) return problem;
  return `${problem}\n\n${choices.map(([letter, text]) => `(${letter}) ${text}`).join("\n")}`;
}

/** A list of texts, an object by letter, or lists of labels and texts (as ARC has them). */
function choicesOf(value: unknown): [letter: string, text: string][] | undefined {
  const [labels, texts] = [inner(value, "label"), inner(value, "text")];
  if (Array.isArray(labels) && Array.isArray(texts)) {
    return pairs(labels.map((label, i) => [plain(label), plain(texts[i])]));
  }
  if (Array.isArray(value)) return pairs(value.map((text, i) => [String.fromCharCode(65 + i), plain(text)]));
  if (typeof value !== "object" || value === null) return undefined;
  return pairs(Object.entries(value).map(([letter, text]) => [letter, plain(text)]));
}

function pairs(
  found: readonly (readonly [string | undefined, string | undefined])[],
): [string, string][] | undefined {
  const whole = found.filter((pair): pair is [string, string] => !!pair[0] && !!pair[1]);
  if (whole.length < 2 || whole.length !== found.length) return undefined;
  // "(A) 5" and "A. 5" name their letter themselves.
  return whole.map(([letter, text]) => {
    const named = /^\(?([A-Za-z\d])[).:]\s*/.exec(text);
    return [letter, named?.[1] === letter[0] ? text.slice(named?.[0].length ?? 0) : text];
  });
}
