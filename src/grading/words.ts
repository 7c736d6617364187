/** Answers in words, choices of a multiple choice, and what is only compared as it is written. */
import { no, undecided, yes } from "./decide.js";
import { rationalOf } from "./exact.js";
import { rational, same } from "./rational.js";
import { readShape, type Shape } from "./shape.js";
import type { Equality } from "./types.js";

type Of<K extends Shape["kind"]> = Extract<Shape, { kind: K }>;

/** One of them is a choice at least. A letter decides against a letter; content alone never decides "different". */
export function choices(a: Shape, b: Shape, recurse: (x: Shape, y: Shape) => Equality): Equality {
  if (a.kind === "choice" && b.kind === "choice") {
    if (a.letter === b.letter && (a.rest === "" || b.rest === "")) return yes("the same choice");
    const contents =
      a.rest === "" || b.rest === "" ? null : recurse(readShape(a.rest), readShape(b.rest)).equal;
    if (a.letter !== b.letter) {
      return contents === true ? undecided("another letter with the same content") : no("another choice");
    }
    return contents === true ? yes("the same choice") : undecided("the same letter with another content");
  }
  const [choice, other] = a.kind === "choice" ? [a, b] : [b as Of<"choice">, a];
  if (choice.rest === "") {
    if (other.kind === "text" && ROMAN.test(other.words) && ROMAN.test(choice.letter)) {
      return other.words === choice.letter.toLowerCase() ? yes("the same numeral") : no("another numeral");
    }
    // With contents they may as well be the choices that were offered.
    const letters =
      "items" in other ? other.items.map((item) => item.kind === "choice" && item.rest === "") : [];
    if (letters.length > 1 && letters.every((bare) => bare)) return no("several choices against one");
    return undecided("a choice against something else");
  }
  const content = readShape(choice.rest);
  const found = a === choice ? recurse(content, other) : recurse(other, content);
  return found.equal === true
    ? yes("the content of the choice is the same")
    : undecided("a choice against its content");
}

const ROMAN = /^[ivx]+$/i;
const NUMBER_WORDS = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
  "eighteen nineteen twenty"
).split(" ");
const WORDS_WITH_VALUE =
  /\b(?:dozen|half|third|quarter|twice|hundred|thousand|million|thirty|forty|fifty|pi|root)\b/;

/** One of them is words at least. Only single words and numbers in words can differ for certain. */
export function texts(a: Shape, b: Shape): Equality {
  if (a.kind === "text" && b.kind === "text") {
    if (a.words === b.words) return yes("the same words");
    const [x, y] = [a.words.split(" "), b.words.split(" ")];
    const numbers = [NUMBER_WORDS.includes(a.words), NUMBER_WORDS.includes(b.words)];
    if (numbers[0] && numbers[1]) return no("different numbers");
    const letters = (words: string) => [...words].sort().join("");
    if (letters(a.words) === letters(b.words)) return undecided("the same letters in another order");
    return x.length === 1 && y.length === 1 ? no("different words") : undecided("other words");
  }
  const [words, other] = a.kind === "text" ? [a.words, b] : [(b as Of<"text">).words, a];
  if (other.kind === "set" && other.items.length === 0) return undecided("words against the empty set");
  const value = other.kind === "expression" ? rationalOf(other.tex) : null;
  const spelled = NUMBER_WORDS.indexOf(words);
  if (spelled >= 0 && value) {
    return same(value, rational(BigInt(spelled))) ? yes("the same number in words") : no("different numbers");
  }
  return value && !WORDS_WITH_VALUE.test(words) && !NUMBER_WORDS.some((word) => words.includes(word))
    ? no("words against a number")
    : undecided("words against mathematics");
}
