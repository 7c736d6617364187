import { createHash } from "node:crypto";
import type { ChatMessage, SamplingOptions } from "../../protocol/types.js";
import type { Fault } from "./http.js";

/** Fields that a server may refuse; what it costs to do without. Empty: nothing that a person must know of. */
const OPTIONAL: Record<string, string> = {
  logprobs: "",
  stream_options: "",
  stream: "",
  n: "",
  min_p: "",
  repetition_penalty: "",
  seed: "",
  top_k: "top-k is not applied",
};

/**
 * What one server makes of a request, found out once: fields that it refuses are left out from then on. Only fields
 * without which the samples are still what was asked for; temperature, top-p and stop strings are never left out.
 */
export class Manner {
  private readonly refused = new Set<string>();
  private limit: "max_tokens" | "max_completion_tokens" = "max_tokens";
  /** Several samples a request; undefined until it was tried. */
  several: boolean | undefined;

  /** One request's body. */
  body(ask: {
    model: string;
    messages: ChatMessage[];
    options: SamplingOptions;
    maxTokens: number;
    seed: number;
    n: number;
  }): Record<string, unknown> {
    const { options } = ask;
    const fields: Record<string, unknown> = {
      ...{ model: ask.model, messages: ask.messages },
      ...{ temperature: options.temperature, top_p: options.topP },
      [this.limit]: ask.maxTokens,
      ...(options.stop?.length ? { stop: options.stop } : {}),
      ...(ask.n > 1 ? { n: ask.n } : {}),
      ...{ seed: ask.seed, logprobs: true, stream: true, stream_options: { include_usage: true } },
      // Said also where they are off: servers have defaults of their own, or take the model's generation_config.
      ...{ top_k: options.topK > 0 ? options.topK : -1, min_p: 0, repetition_penalty: 1 },
    };
    for (const name of this.refused) delete fields[name];
    return fields;
  }

  /** True when the next request will be another one; `note` is what a person should know of it. */
  adapt(fault: Fault, sent: Record<string, unknown>): { changed: boolean; note?: string } {
    const { status = 0, field } = fault.more;
    const one = /only one completion choice|n must be 1\b/i.test(fault.message);
    if (status !== 400 && status !== 422 && status !== 501 && !one) return { changed: false };
    if (
      /\bmax_completion_tokens\b/.test(fault.message) &&
      "max_tokens" in sent &&
      !/context|length/i.test(fault.message)
    ) {
      this.limit = "max_completion_tokens";
      return { changed: true };
    }
    const named = Object.keys(OPTIONAL).filter(
      (name) => name in sent && (field === name || (one && name === "n") || names(fault.message, name)),
    );
    for (const name of named) this.refused.add(name);
    if (named.includes("stream")) this.refused.add("stream_options");
    if (named.includes("n")) this.several = false;
    const lost = named.filter((name) => name !== "top_k" || sent.top_k !== -1).map((name) => OPTIONAL[name]);
    const note = lost.filter(Boolean).join(", ");
    return { changed: named.length > 0, ...(note ? { note } : {}) };
  }
}

/** Does the message speak of this field? Short names only where they stand in quotes. */
function names(message: string, field: string): boolean {
  const quoted = new RegExp(`['"\`]${field}['"\`]`);
  return (
    quoted.test(message) ||
    (field.includes("_") && new RegExp(`\\b${field}\\b`).test(message)) ||
    ((field === "logprobs" || field === "seed") && new RegExp(`\\b${field}\\b`).test(message))
  );
}

/** A request's random seed: the same for the same job, whatever else is asked for. 31 bits: some servers take no more. */
export function seedOf(seed: number, messages: ChatMessage[], sample: number): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, sample, messages]))
    .digest();
  return digest.readUInt32BE(0) >>> 1;
}
