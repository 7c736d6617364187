import type { Finish, Generation } from "../../protocol/types.js";
import { Fault, serverError } from "./http.js";

/** One sample as its parts come in. */
class Choice {
  private content = "";
  private reasoning = "";
  readonly logprobs: number[] = [];
  /** Parts that came with text: about one a token where the answer is streamed. */
  parts = 0;
  finish: Finish | undefined;

  add(json: Record<string, unknown>): void {
    const said = (json.delta ?? json.message ?? {}) as Record<string, unknown>;
    // vLLM and DeepSeek call it reasoning_content, newer vLLM and OpenRouter reasoning.
    const reasoning = said.reasoning_content ?? said.reasoning;
    if (typeof reasoning === "string") this.reasoning += reasoning;
    const content = said.content ?? json.text;
    if (typeof content === "string") this.content += content;
    if (reasoning || content) this.parts++;
    const { content: tokens } = (json.logprobs ?? {}) as { content?: unknown };
    for (const token of Array.isArray(tokens) ? tokens : []) {
      const logprob = (token as { logprob?: unknown } | null)?.logprob;
      if (typeof logprob === "number" && Number.isFinite(logprob)) this.logprobs.push(logprob);
    }
    const reason = json.finish_reason;
    if (reason === "error" || reason === "abort")
      throw new Fault(`The server ended a sample with "${reason}"`, "failed");
    if (typeof reason === "string") this.finish = reason === "length" ? "length" : "stop";
  }

  /** The thinking as models write it themselves, so that what cuts or shows thinking sees it. */
  get text(): string {
    if (this.reasoning.trim() === "") return this.content;
    const closed = this.content === "" && this.finish !== "stop" ? "" : `\n</think>\n\n${this.content}`;
    return `<think>\n${this.reasoning.trim()}${closed}`;
  }
}

export interface Sampled extends Omit<Generation, "tokenIds"> {
  tokens: number;
}

/**
 * A chat completion while it comes in: of one JSON object, or of the chunks of a stream, with one choice or several.
 */
export class Completion {
  private readonly choices = new Map<number, Choice>();
  private promptTokens: number | undefined;
  private completionTokens: number | undefined;
  private readonly taken = new Set<number>();

  /** The index of each choice that got something. Throws a Fault when it is the server's error, or nonsense. */
  add(json: unknown): number[] {
    const error = serverError(json);
    if (error) throw streamFault(json, error);
    const { choices, usage } = (json ?? {}) as { choices?: unknown; usage?: Record<string, unknown> | null };
    if (typeof usage?.prompt_tokens === "number") this.promptTokens = usage.prompt_tokens;
    if (typeof usage?.completion_tokens === "number") this.completionTokens = usage.completion_tokens;
    if (!Array.isArray(choices)) {
      if (usage) return [];
      throw new Fault("The answer has no `choices`", "garbled");
    }
    return choices.map((each: Record<string, unknown> | null) => {
      if (typeof each !== "object" || each === null) throw new Fault("A choice is no object", "garbled");
      const index = typeof each.index === "number" ? each.index : 0;
      const choice = this.choices.get(index) ?? new Choice();
      this.choices.set(index, choice);
      choice.add(each);
      return index;
    });
  }

  get promptSize(): number {
    return this.promptTokens ?? 0;
  }

  text(index: number): string {
    return this.choices.get(index)?.text ?? "";
  }

  tokens(index: number): number {
    const choice = this.choices.get(index);
    return choice ? choice.logprobs.length || choice.parts : 0;
  }

  /**
   * Choices that are complete and were not taken before. Where log-probabilities tell how many tokens a choice has, it
   * is given out at once; else with `all`, at the end, when the usage of the whole request is known: shared out by the
   * parts in which each came.
   */
  take(all: boolean, closed = all): { index: number; sampled: Sampled }[] {
    const out: { index: number; sampled: Sampled }[] = [];
    for (const [index, choice] of this.choices) {
      // A stream that was ended in order, by a server that gives no reason for the end of a sample.
      if (closed) choice.finish ??= "stop";
      const { finish, logprobs, text } = choice;
      if (this.taken.has(index) || finish === undefined || (!all && logprobs.length === 0)) continue;
      this.taken.add(index);
      out.push({ index, sampled: { text, finish, logprobs, tokens: this.share(choice) } });
    }
    return out;
  }

  private share(choice: Choice): number {
    if (choice.logprobs.length > 0) return choice.logprobs.length;
    if (this.completionTokens === undefined) return choice.parts;
    const others = [...this.choices.values()];
    const weight = others.map(({ parts }) => parts).reduce((sum, n) => sum + n, 0);
    // In one piece each: by their lengths.
    if (weight === others.length && others.length > 1) {
      const length = others.reduce((sum, { text }) => sum + text.length, 0);
      return Math.round((this.completionTokens * choice.text.length) / Math.max(length, 1));
    }
    return weight === 0 ? 0 : Math.round((this.completionTokens * choice.parts) / weight);
  }
}

/** An error in the middle of a stream comes with status 200: its own code says what it is. */
function streamFault(json: unknown, { message, field }: { message: string; field?: string }): Fault {
  const { error, code } = json as { error?: { code?: unknown }; code?: unknown };
  const status = Number(typeof error === "object" ? error?.code : code);
  const refused = status >= 400 && status < 500 && status !== 429 && status !== 408;
  return new Fault(message, refused ? "refused" : "failed", { status, field });
}
