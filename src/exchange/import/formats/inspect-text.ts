/** What was asked and answered, in the messages of Inspect's logs. */

import { isRecord } from "../../../protocol/json-lines.js";
import { withThought } from "./chat-text.js";

/** A text with the attachments that it refers to put in their places. */
export type Resolve = (text: string) => string;

/** Content that does not fit within a text is kept apart, under a hash or (in chunked samples) an index. */
const REFERENCE = /attachment:\/\/([0-9a-f]+)/g;

/** The attachments that a part of a sample refers to. */
export function referencesIn(json: string): Set<string> {
  return new Set([...json.matchAll(REFERENCE)].map(([, key]) => key ?? ""));
}

/** Unknown references stay as they are, as in Inspect itself. */
export const resolver =
  (attachments: ReadonlyMap<string, string>): Resolve =>
  (text) =>
    text.replace(REFERENCE, (reference, key: string) => attachments.get(key) ?? reference);

/**
 * The problem's text: a text, or of messages what the user said; where an assistant answers in between (examples, an
 * earlier turn), the last thing alone. null: there is an image or sound in it; undefined: there is none.
 */
export function askedText(input: unknown, resolve: Resolve): string | null | undefined {
  if (typeof input === "string") return resolve(input).trim() || undefined;
  if (!Array.isArray(input)) return undefined;
  const messages = input.filter(isRecord);
  const turns = messages.some(({ role }) => role === "assistant");
  const users = messages.filter(({ role }) => role === "user");
  const texts = (turns ? users.slice(-1) : users).map(({ content }) => plainText(content, resolve));
  if (texts.includes(null)) return null;
  return texts.join("\n\n").trim() || undefined;
}

function plainText(content: unknown, resolve: Resolve): string | null {
  if (typeof content === "string") return resolve(content);
  const texts: string[] = [];
  for (const part of Array.isArray(content) ? content.filter(isRecord) : []) {
    if (part.type === "text" && typeof part.text === "string") texts.push(resolve(part.text));
    else if (part.type !== "text") return null;
  }
  return texts.join("\n");
}

/**
 * What the model said: its reasoning in `<think>` where it came, then its text. Of redacted reasoning (which is
 * encrypted) the summary, where there is one.
 */
export function answeredText(message: unknown, resolve: Resolve): string {
  if (!isRecord(message)) return "";
  const { content } = message;
  // Older logs have the reasoning beside a text.
  if (typeof content === "string") return withThought(message, resolve(content));
  let text = "";
  for (const part of Array.isArray(content) ? content.filter(isRecord) : []) {
    if (part.type === "reasoning") {
      const said = part.redacted === true ? part.summary : part.reasoning;
      if (typeof said === "string" && said.trim() !== "")
        text += `<think>\n${resolve(said).trim()}\n</think>\n\n`;
    } else if (part.type === "text" && typeof part.text === "string") text += resolve(part.text);
  }
  return text;
}
