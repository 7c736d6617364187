/** What OpenAI-style requests ask and what responses answer: chat completions, the Responses API, and plain completions. */
import { goldOf } from "../../../problems/answers.js";
import { fieldsOf, first, inner, NAMES, plain } from "../../../problems/names.js";
import type { Finish } from "../../../protocol/types.js";
import { askedIn, isChat, lastUserTurn, messageText, withThought } from "./chat-text.js";

export interface Answer {
  text: string;
  finish: Finish | null;
  tokens: number | null;
}

type Body = Readonly<Record<string, unknown>>;

/** The problem that a request's body asks; null: it shows something that is no text; undefined: it asks nothing. */
export function askedBy(body: Body): string | null | undefined {
  const { messages, input, prompt } = body;
  if (isChat(messages)) return askedIn(messages);
  if (isChat(input)) return askedIn(input);
  if (typeof input === "string") return input.trim() || undefined;
  const text = Array.isArray(prompt) && prompt.length === 1 ? (prompt[0] as unknown) : prompt;
  return typeof text === "string" ? lastUserTurn(text) || undefined : undefined;
}

/** A gold answer that someone put into a request's `metadata`. */
export function goldBeside(request: Body): string | undefined {
  for (const metadata of [inner(request.body, "metadata"), request.metadata]) {
    if (typeof metadata !== "object" || metadata === null) continue;
    const fields = fieldsOf(metadata);
    const gold = first(NAMES.gold, (name) => goldOf(fields.get(name)));
    if (gold !== undefined) return gold;
  }
  return undefined;
}

/** The answers of a response's body, in the order of their index, or in a sentence why one is none. */
export function answersOf(body: Body): (Answer | string)[] {
  if (Array.isArray(body.choices)) return choicesOf(body.choices, body);
  if (Array.isArray(body.output)) return [responseOf(body.output, body)];
  return ["The response holds no answer."];
}

function choicesOf(choices: readonly unknown[], body: Body): (Answer | string)[] {
  if (choices.length === 0) return ["The response holds no answer."];
  const tokens = choices.length === 1 ? count(inner(body.usage, "completion_tokens")) : null;
  return [...choices]
    .sort((a, b) => Number(inner(a, "index") ?? 0) - Number(inner(b, "index") ?? 0))
    .map((choice) => {
      const reason = plain(inner(choice, "finish_reason"));
      if (reason === "content_filter") return "The server's content filter cut the answer off.";
      const text = saidIn(choice);
      if (text === undefined) {
        return reason === "tool_calls" || reason === "function_call"
          ? "The model called a tool and gave no answer."
          : "The response holds no answer.";
      }
      return { text, finish: reason === "length" ? "length" : reason === "stop" ? "stop" : null, tokens };
    });
}

function saidIn(choice: unknown): string | undefined {
  const message = inner(choice, "message");
  if (typeof message !== "object" || message === null) {
    const text = inner(choice, "text");
    return typeof text === "string" ? text : undefined;
  }
  const { refusal, tool_calls: calls } = message as Record<string, unknown>;
  const text =
    messageText(message as Record<string, unknown>) ?? (typeof refusal === "string" ? refusal : undefined);
  const whole = withThought(message as Record<string, unknown>, text ?? "");
  // A model that stopped (or was cut off) within its thoughts said nothing, which is an answer; one that called a tool did not.
  if (text === undefined && whole === "" && Array.isArray(calls) && calls.length > 0) return undefined;
  return text === undefined && whole === "" && !Object.hasOwn(message, "content") ? undefined : whole;
}

/** https://platform.openai.com/docs/api-reference/responses/object: messages and reasoning as items of `output`. */
function responseOf(output: readonly unknown[], body: Body): Answer | string {
  if (body.status === "failed" || body.status === "cancelled") return "The response did not complete.";
  const why = plain(inner(body.incomplete_details, "reason"));
  if (why === "content_filter") return "The server's content filter cut the answer off.";
  const of = (type: string): string =>
    output
      .filter((item) => inner(item, "type") === type)
      .flatMap((item) => inner(item, "content"))
      .map((part) => inner(part, "text") ?? inner(part, "refusal"))
      .filter((text) => typeof text === "string")
      .join("\n\n");
  const [said, thought] = [of("message"), of("reasoning")];
  if (said === "" && thought === "" && why !== "max_output_tokens") {
    return output.some((item) => /_call$/.test(String(inner(item, "type"))))
      ? "The model called a tool and gave no answer."
      : "The response holds no answer.";
  }
  return {
    text: withThought({ reasoning: thought }, said),
    finish: why === "max_output_tokens" ? "length" : body.status === "completed" ? "stop" : null,
    tokens: count(inner(body.usage, "output_tokens")),
  };
}

const count = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
