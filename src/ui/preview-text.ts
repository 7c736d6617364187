import type { ChatMessage } from "../protocol/types.js";

export interface Preview {
  name: string;
  model: string;
  file: string;
  messages: ChatMessage[];
  /** What the chat template makes of the messages: exactly what the model reads. */
  text: string;
  tokens: { id: number; text: string }[];
}

/** A prompt as people read it: its messages, the exact text, and its tokens. */
export function previewText({ name, model, file, messages, text, tokens }: Preview): string {
  const chat = messages.map(({ role, content }) => `--- ${role}\n${content}`).join("\n\n");
  const width = Math.max(...tokens.map(({ id }) => String(id).length), 2);
  const rows = tokens.map(({ id, text: piece }) => `${String(id).padStart(width)}  ${JSON.stringify(piece)}`);
  // A server keeps its tokens to itself: `text` says so.
  const exact =
    tokens.length > 0 ? [`EXACT TEXT, ${tokens.length} tokens`, text, "", "TOKENS", ...rows] : [text];
  return [
    `Prompt “${name}” as ${model} ${tokens.length > 0 ? "reads" : "gets"} it`,
    `Template: ${file}`,
    "",
    `MESSAGES`,
    chat,
    "",
    ...exact,
    "",
  ].join("\n");
}
