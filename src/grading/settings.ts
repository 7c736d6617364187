/** What a person chooses of the grader: from a command line's words, and back into a sentence. */
import { ErrataError } from "../protocol/types.js";
import { ANSWER_READERS, type AnswerReader, DEFAULT_GRADER, type GraderSettings } from "./types.js";

const READER_WORDS: Record<AnswerReader, string> = {
  boxed: "a box",
  tag: "an <answer> tag",
  hash: "####",
  announced: '"the answer is"',
  bold: "bold text",
  lastLine: "the last line",
};

/** The same settings, however they came to be, have the same sentence. */
export function settingsWords({ readers, tolerance, units }: GraderSettings): string {
  const every = ANSWER_READERS.every((reader) => readers.includes(reader));
  const from = ANSWER_READERS.filter((reader) => readers.includes(reader)).map(
    (reader) => READER_WORDS[reader],
  );
  return [
    every ? "Answers are read wherever one is found" : `Answers are read from ${listed(from)} only`,
    tolerance > 0 ? `numbers may differ by ${percent(tolerance)}` : "numbers must be exactly equal",
    units === "forgive" ? "a missing unit is forgiven." : "a missing unit is a mistake.",
  ].join("; ");
}

/**
 * `--tolerance 0.01 --readers boxed,hash --units require` as settings; what is not given stays as it is by default.
 * Throws an ErrataError that says which value is wrong.
 */
export function readSettings(given: {
  tolerance?: string | undefined;
  readers?: string | undefined;
  units?: string | undefined;
}): GraderSettings {
  return {
    readers: given.readers === undefined ? DEFAULT_GRADER.readers : readersOf(given.readers),
    tolerance: given.tolerance === undefined ? DEFAULT_GRADER.tolerance : toleranceOf(given.tolerance),
    units: given.units === undefined ? DEFAULT_GRADER.units : unitsOf(given.units),
  };
}

function readersOf(text: string): AnswerReader[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !ANSWER_READERS.includes(name as AnswerReader));
  if (unknown.length > 0) {
    throw new ErrataError(
      `There is no reader called "${unknown.join(", ")}".`,
      `Readers are: ${ANSWER_READERS.join(", ")}.`,
      "wrong-use",
    );
  }
  return ANSWER_READERS.filter((reader) => names.includes(reader));
}

function toleranceOf(text: string): number {
  const tolerance = Number(text);
  if (text.trim() === "" || !(tolerance >= 0 && tolerance < 1)) {
    throw new ErrataError(
      `The tolerance "${text}" is no number from 0 up to 1.`,
      "It is relative: 0.01 lets numbers differ by 1%.",
      "wrong-use",
    );
  }
  return tolerance;
}

function unitsOf(text: string): GraderSettings["units"] {
  if (text === "forgive" || text === "require") return text;
  throw new ErrataError(`Units are not "${text}".`, 'Use "forgive" or "require".', "wrong-use");
}

function listed(words: string[]): string {
  const last = words.at(-1) ?? "nowhere";
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${last}` : last;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))}%`;
}
