/**
 * Where a solution says its final answer. A wrong reading is worse than none: every fall-back is narrow, and what
 * is not plainly an answer is left alone.
 */
import { type Box, findBoxes } from "../problems/boxed.js";
import { ANSWER_READERS, type AnswerReader } from "./types.js";
import { valueEnd } from "./value-end.js";

export interface Extracted {
  answer: string;
  /** UTF-16 offsets [start, end) in the whole text. Of several boxes, from the first one's content to the last's. */
  span: [number, number];
  /** In a person's words, e.g. "\\boxed{}". */
  how: string;
  reader: AnswerReader;
}

const PLACEHOLDER =
  /^(?:|\.+|\?+|\\[lc]?dots|_+|\\text\{(?:\s*|.*answer.*)\}|(?:your |the |final )*answer(?: here)?)$/i;
/** Between boxes that give one answer together. */
const JOINT = /^[\s$.]*(?:,|;|and|or|,\s*and|\\text\{\s*(?:and|or)\s*\}|\\quad)[\s$]*$/;
const LONGEST = 400;

/**
 * The final answer of `text`, read after its thinking by one of `readers`; null when there is none, or when it is still
 * thinking.
 */
export function extractAnswer(
  text: string,
  readers: readonly AnswerReader[] = ANSWER_READERS,
): Extracted | null {
  const start = afterThinking(text);
  if (start === null) return null;
  const read = (reader: AnswerReader) => (readers.includes(reader) ? READERS[reader](text, start) : null);
  const explicit = [read("boxed"), read("tag"), read("hash")]
    .filter((found) => found !== null)
    .sort((a, b) => a.span[1] - b.span[1])
    .at(-1);
  if (explicit) return explicit;
  // A box that never closes is an answer cut short: nothing before it counts any more.
  if (readers.includes("boxed") && findBoxes(text.slice(start)).open) return null;
  return read("announced") ?? read("bold") ?? read("lastLine");
}

const READERS: Record<AnswerReader, (text: string, start: number) => Extracted | null> = {
  boxed,
  tag: tagged,
  hash: hashed,
  announced,
  bold,
  lastLine,
};

/** Offset where the answer part begins. Thinking may begin in the prompt, so its start tag need not be here. */
function afterThinking(text: string): number | null {
  const end = text.lastIndexOf("</think>");
  const begin = text.lastIndexOf("<think>");
  if (begin > end) return null;
  return end < 0 ? 0 : end + "</think>".length;
}

function boxed(text: string, start: number): Extracted | null {
  const found = findBoxes(text.slice(start));
  if (found.open) return null;
  const boxes = found.boxes.filter((box) => !PLACEHOLDER.test(content(text, start, box).trim()));
  const last = boxes.at(-1);
  if (!last) return null;
  const joint: Box[] = [last];
  for (let i = boxes.length - 2; i >= 0; i--) {
    const [box, next] = [boxes[i], joint[0]];
    if (!box || !next || !JOINT.test(text.slice(start + box.to, start + next.from))) break;
    joint.unshift(box);
  }
  const first = joint[0] ?? last;
  if (joint.length === 1) return trimmed(text, start + last.start, start + last.end, "\\boxed{}", "boxed");
  return {
    answer: joint.map((box) => content(text, start, box).trim()).join(", "),
    span: [start + first.start, start + last.end],
    how: `${joint.length} boxes`,
    reader: "boxed",
  };
}

function content(text: string, start: number, box: Box): string {
  return text.slice(start + box.start, start + box.end);
}

function tagged(text: string, start: number): Extracted | null {
  const close = text.lastIndexOf("</answer>");
  const open = text.lastIndexOf("<answer>", close);
  if (close < 0 || open < start) return null;
  const from = open + "<answer>".length;
  const inner = text.slice(from, close);
  if (/\\(?:boxed|fbox)/.test(inner) || inner.length > LONGEST || PLACEHOLDER.test(inner.trim())) return null;
  return trimmed(text, from, close, "<answer>", "tag");
}

/** GSM8K's `#### 72`. */
function hashed(text: string, start: number): Extracted | null {
  const at = text.lastIndexOf("####");
  if (at < start) return null;
  const line = /^[ \t]*([^\n]*)/.exec(text.slice(at + 4));
  const inner = line?.[1] ?? "";
  // In Markdown the same signs begin a heading.
  if (!/\d|\\|^\s*\S{1,12}\s*$/.test(inner) || /[a-z]{3,} [a-z]{3,} [a-z]{3,}/i.test(inner)) return null;
  const from = at + 4 + (line?.[0].length ?? 0) - inner.length;
  return trimmed(text, from, from + inner.length, "####", "hash");
}

const ANNOUNCEMENT =
  /(?:(?:最终)?答案(?:是|为)?\s*[::]?|(?:final\s+answer|answer|result|solution)(?:\s+(?:to|for|of)\s[^.:\n]{1,80}?)?(?:\s*\*\*)?\s*(?:(?:is|are|equals|=)(?![a-zA-Z])\s*:?|:))\s*(?:\*\*)?\s*/gi;
const NUMBER =
  "[-+−]?[$€£]?\\d+(?:,\\d+)*(?:\\.\\d+)?(?:\\s*/\\s*\\d+)?(?:\\s*\\\\?%|\\s*°(?:\\s*[CF](?![a-zA-Z]))?|\\s*¢)?";
const MATHEMATICS = /^(?:\$\$([^$]+)\$\$|\$([^$]+)\$|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\])/;
/** Between the dollars of two prices. */
const PROSE = /\*\*|\n\s*\n|\s[A-Za-z]{2,}\s/;
/** Behind one choice, another: "and C", ", (C)", " (C)". */
const ANOTHER_CHOICE =
  /^[\s)*]*(?:[,;&/+]|\\&|(?:and|or)\b)[\s(*,]*(?:(?:and|or)\b)?[\s(*]*[A-J](?![A-Za-z'])|^[\s)*]*\(?[A-J]\)|^[^\n]*?(?:\b(?:and|or)\b|[,;&])[\s(*]*[A-J]\)/;
/** The letter begins a formula. */
const GOES_ON =
  /^\s*(?:\\(?!text|[dt]?frac|sqrt|[([]|q?quad|boxed)|\*(?!\*)|[-–<>≤≥∩∪×·^_=+/|'!])|^\s*(?:if|when|to|plus|minus|times|divided)\b/;
/** "A triangle", not "A because …". */
const ARTICLE = /^A (?!because\b|since\b|as\b|is\b)[a-z]/;

/** "The answer is …": the last such phrase with something after it that can only be an answer. */
function announced(text: string, start: number): Extracted | null {
  const tail = text.slice(start);
  const match = [...tail.matchAll(ANNOUNCEMENT)].at(-1);
  if (!match) return null;
  const from = start + match.index + match[0].length;
  return readAnswer(text, from, "announced");
}

/** Mathematics, a number with perhaps a unit, a choice or a yes or no at `from`, if the sentence ends with it. */
function readAnswer(text: string, from: number, reader: "announced" | "bold"): Extracted | null {
  const how = reader === "bold" ? "bold text" : "answer is";
  const rest = text.slice(from, from + LONGEST);
  const behind = (length: number) => text.slice(from + length, from + length + LONGEST);
  const math = MATHEMATICS.exec(rest);
  const inner = math?.slice(1).find((group) => group !== undefined) ?? "";
  if (math && !PROSE.test(inner.replace(/\\text\s*\{[^{}]*\}/g, ""))) {
    const more = valueEnd("", behind(math[0].length));
    if (more === null) return null;
    if (more > 0)
      return /(?:[\d)}]|\\pi)\s*$/.test(inner)
        ? trimmed(text, from, from + math[0].length + more, how, reader)
        : null;
    const at = from + rest.indexOf(inner, math[0].startsWith("$$") || math[0].startsWith("\\") ? 2 : 1);
    return trimmed(text, at, at + inner.length, how, reader);
  }
  const plain = new RegExp(
    `^(?:\\(?([A-J])\\)?(?=[\\s.,:;*)]|$)|(${NUMBER})(?![\\d\\w^({/+=-]|\\*(?!\\*)| *[-+*/^=×] *\\d)|((?:yes|no|true|false)(?![a-z])))`,
    "i",
  ).exec(rest);
  if (!plain) return null;
  const [value, letter, number] = plain;
  const after = behind(value.length);
  const more = number ? valueEnd(number, after) : 0;
  if (more === null) return null;
  if (letter && (!/[A-J]/.test(letter) || ANOTHER_CHOICE.test(after) || GOES_ON.test(after))) return null;
  if (ARTICLE.test(value + after)) return null;
  if (!letter && !number && !/^(?:\*\*|["”)])*\s*(?:$|[.,;:!。\n]|because\b|since\b)/.test(after))
    return null;
  return trimmed(text, from, from + value.length + more, how, reader);
}

const BEGINS_ANSWER = /^\s*(?:[-+−]?[$€£\\\d]|\(?[A-J](?![a-zA-Z])|(?:[Yy]es|[Nn]o|[Tt]rue|[Ff]alse)\b)/;
/** "1. Compute the sum". */
const HEADING = /^\s*\d+[.)]\s/;

/** `**72**` in the last paragraph, and nothing else in bold that could be the answer or a part of it. */
function bold(text: string, start: number): Extracted | null {
  const paragraph = text.trimEnd().lastIndexOf("\n\n");
  const from = Math.max(start, paragraph, 0);
  const read = [...text.slice(from).matchAll(/\*\*([^*\n]{1,120})\*\*/g)]
    .filter(([, inner = ""]) => BEGINS_ANSWER.test(inner) && !HEADING.test(inner))
    .map((match) => readAnswer(text, from + match.index + 2, "bold"));
  const [only] = read;
  return only && read.every((found) => found?.answer === only.answer) ? only : null;
}

/** A last line that says `x = 3` and nothing else. */
function lastLine(text: string, start: number): Extracted | null {
  const end = text.trimEnd();
  const from = end.lastIndexOf("\n") + 1;
  const line = end.slice(from);
  if (from < start || line.length > LONGEST) return null;
  const match =
    /^(?:(?:so|thus|hence|therefore)[, ]+)?(?:\$\$?|\\\(|\\\[)?\s*[a-zA-Z]\s*=\s*([-+]?(?:\d[\d.,/]*|\\frac\{-?\d+\}\{-?\d+\}))\s*(?:\$\$?|\\\)|\\\])?\s*\.?$/i.exec(
      line,
    );
  if (!match?.[1]) return null;
  const at = from + line.lastIndexOf(match[1]);
  return trimmed(text, at, at + match[1].length, "the last line", "lastLine");
}

function trimmed(
  text: string,
  from: number,
  to: number,
  how: string,
  reader: AnswerReader,
): Extracted | null {
  let start = from;
  let end = to;
  while (start < end && /\s/.test(text[start] ?? "")) start++;
  while (end > start && /[\s.,;]/.test(text[end - 1] ?? "")) end--;
  if (end > start && text.slice(start, end).endsWith("\\")) end--;
  return end > start ? { answer: text.slice(start, end), span: [start, end], how, reader } : null;
}
