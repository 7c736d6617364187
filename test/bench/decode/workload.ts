import { readFileSync } from "node:fs";
import { join } from "node:path";
import { uniform } from "../../../src/inference/decode/random.js";
import { ChatTokenizer } from "../../../src/inference/model/tokenizer.js";
import { assetFile } from "../../../src/protocol/paths.js";
import type { Job, Prompt } from "./protocol.js";

/** Samples of each problem. */
export const GROUP = 8;

export interface Workload {
  problems: number;
  /** Tokens of each prompt; 0 for the embedded model's own problems. */
  prompt: number;
  /** Log-normal lengths: median, σ, and the longest there may be. */
  median: number;
  sigma: number;
  longest: number;
}

/** A standard normal number of a fixed stream, by Box and Muller. */
function normal(problem: number, sample: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(7, [problem, sample], 0, 0)));
  return radius * Math.cos(2 * Math.PI * uniform(7, [problem, sample], 0, 1));
}

/** The fixed list of lengths, forced on every peer: heavy-tailed, as solutions have them. */
export function lengths({ problems, median, sigma, longest }: Workload): number[][] {
  return Array.from({ length: problems }, (_, p) =>
    Array.from({ length: GROUP }, (_, g) =>
      Math.max(4, Math.min(longest, Math.round(median * Math.exp(sigma * normal(p, g))))),
    ),
  );
}

/** Prompts of the 0.4 B model are words of its vocabulary, drawn from a fixed stream: a word, a token. */
function words(seed: number, count: number): Prompt {
  const ids = Array.from({ length: count }, (_, i) => 2 + Math.floor(uniform(11, [seed, i], 0, 0) * 31_998));
  return { text: ids.map((id) => `w${id}`).join(" "), ids };
}

/** Problems of the embedded model's held-out set, as the chat template writes them; `joined` of them to a prompt. */
async function problems(folder: string, count: number, joined = 1): Promise<Prompt[]> {
  const tokenizer = await ChatTokenizer.read(folder);
  const lines = readFileSync(assetFile("demo/problems/heldout.jsonl"), "utf8").split("\n");
  const texts = lines.filter((l) => l).map((line) => (JSON.parse(line) as { problem: string }).problem);
  return Array.from({ length: count }, (_, p) => {
    const text = texts.slice(p * joined, (p + 1) * joined).join(" ");
    return { text, ids: tokenizer.encode(tokenizer.render([{ role: "user", content: text }])) };
  });
}

/** The workload's jobs on the model in this folder of weights. */
export async function jobsOf(workload: Workload, weights: string): Promise<Job[]> {
  const prompts =
    workload.prompt > 0
      ? Array.from({ length: workload.problems }, (_, p) => words(p, workload.prompt))
      : await problems(join(weights, "genai"), workload.problems);
  return lengths(workload).flatMap((of, p) => {
    const prompt = prompts[p];
    return prompt ? [{ prompt, lengths: of }] : [];
  });
}

/** The prompt of the plain decode, about 64 tokens. */
export async function plainPrompt(workload: Workload, weights: string): Promise<Prompt> {
  if (workload.prompt > 0) return words(1000, 64);
  const [prompt] = await problems(join(weights, "genai"), 1, 3);
  if (!prompt) throw new Error("There are no problems");
  return prompt;
}
