/** Numbers in words: "twenty-one", "three hundred sixty-five", "two-thirds", "one half". */
import { add, multiply, type Rational, rational, ZERO } from "./rational.js";

const SMALL = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
  "eighteen nineteen"
).split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
export const SCALES: Record<string, bigint> = {
  thousand: 1_000n,
  million: 1_000_000n,
  billion: 1_000_000_000n,
  trillion: 1_000_000_000_000n,
};
const ORDINALS = "half third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(" ");

/** The value of lower-case words, or null when they are not a number from beginning to end. */
export function numberInWords(text: string): Rational | null {
  const words = text.split(/[\s-]+/).filter((word) => word !== "and" && word !== "");
  if (words.length === 0 || words.length > 12) return null;
  const last = (words.at(-1) ?? "").replace(/^halves$/, "half").replace(/^quarters?$/, "fourth");
  const part = ORDINALS.indexOf(last.replace(/s$/, ""));
  if (part < 0) return whole(words);
  // "one third" is a part; "third" alone and "twenty third" are places in a row.
  const count = words.length === 2 ? whole(words.slice(0, 1)) : null;
  if (!count || count.n > 12n || count.n === 0n) return null;
  return multiply(count, rational(1n, BigInt(part + 2)));
}

function whole(words: string[]): Rational | null {
  let total = ZERO;
  let group = 0n;
  let room = 1_000n;
  let spoken = false;
  for (const word of words) {
    const small = SMALL.indexOf(word);
    const tens = TENS.indexOf(word);
    const scale = SCALES[word];
    if (small >= 0 || tens >= 0) {
      const value = small >= 0 ? BigInt(small) : BigInt(20 + 10 * tens);
      // "two three" and "twenty thirty" are no numbers.
      if ((spoken && value === 0n) || value >= room) return null;
      group += value;
      room = tens >= 0 ? 10n : 1n;
    } else if (word === "hundred" && group > 0n && group < 100n) {
      group *= 100n;
      room = 100n;
    } else if (scale && group > 0n) {
      total = add(total, rational(group * scale));
      group = 0n;
      room = 1_000n;
    } else return null;
    spoken = true;
  }
  return spoken ? add(total, rational(group)) : null;
}
