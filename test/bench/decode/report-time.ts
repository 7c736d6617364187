import { megabytes, table } from "./markdown.js";
import type { Group, ProfiledPass, Results } from "./results.js";

/** Operators by what they are for; the rest is "others". */
const KINDS: Record<string, RegExp> = {
  "products, 4-bit weights": /^(MatMulNBits|Gemm)$/,
  "products, float": /^(MatMul|FusedMatMul|FusedGemm)$/,
  attention: /^(GroupQueryAttention|MultiHeadAttention|Softmax|RotaryEmbedding|Split|Where)$/,
  "norms and activations": /(Normalization|Gelu|Sigmoid|Swish|^Mul$|^Add$)/,
  "copies and shapes":
    /^(Reshape|Transpose|Concat|Slice|Gather|GatherBlockQuantized|Expand|Squeeze|Unsqueeze|Cast|Pad|ScatterElements|ScatterND)$/,
};
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

/** Errata's own passes on one model: JavaScript, the calls' copies, and ONNX Runtime's kernels by kind. */
export function profileSection({ model, profile }: Group): string[] {
  if (!profile) return [];
  const kinds = [...Object.keys(KINDS), "other operators"];
  const rows = profile.passes.map((pass) => [
    pass.name,
    `${(pass.tokens / pass.seconds).toFixed(1)}`,
    pass.calls,
    percent(pass.seconds - pass.inCalls, pass.seconds),
    percent(Math.max(0, pass.profiledInCalls - pass.profiledCalls), pass.profiledInCalls),
    percent(Math.max(0, pass.profiledCalls - total(pass)), pass.profiledInCalls),
    ...kinds.map((kind) => percent(byKind(pass)[kind] ?? 0, pass.profiledInCalls)),
  ]);
  const top = profile.passes.map((pass) => {
    const sorted = Object.entries(pass.operators).sort(([, a], [, b]) => b - a);
    const shares = sorted
      .slice(0, 8)
      .map(([op, seconds]) => `${op} ${percent(seconds, pass.profiledInCalls)}`);
    return `- ${pass.name}: ${shares.join(", ")}`;
  });
  return [
    `**${model}** (prompts included; JavaScript, with the scheduler and our own copies of the cache, as its share of the pass; the rest as shares of the calls of ONNX Runtime, from its profiler in a pass of its own):`,
    "",
    ...table(["", "tokens/s", "calls", "JavaScript", "binding's copies", "runtime, loop", ...kinds], rows),
    ...top,
    "",
  ];
}

const total = ({ operators }: ProfiledPass) => Object.values(operators).reduce((a, b) => a + b, 0);

function byKind({ operators }: ProfiledPass): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [op, seconds] of Object.entries(operators)) {
    const kind = Object.keys(KINDS).find((name) => KINDS[name]?.test(op)) ?? "other operators";
    sums[kind] = (sums[kind] ?? 0) + seconds;
  }
  return sums;
}

/**
 * A roofline: a step reads all weights once, and computes two operations for each weight and row. The peak is that of a
 * large float32 product; kernels of 4-bit weights have no higher one on a processor without 8-bit dot products.
 */
export function limitsSection({ groups, limits, threads }: Results): string[] {
  if (!limits) return ["Not measured.", ""];
  const { readBytesPerSecond, flops, flopsBatch8, flopsBatch16 } = limits;
  const rows = groups.flatMap((group) =>
    group.plain.batches.flatMap((batch) =>
      group.contenders
        .filter((c) => c.peer === "errata" && c.speeds[`batch ${batch}`])
        .map((c) => {
          const measured = Math.max(...(c.speeds[`batch ${batch}`] ?? []));
          const read = c.info.bytes / readBytesPerSecond;
          const compute = (2 * c.info.parameters * batch) / flops;
          const limit = batch / Math.max(read, compute);
          const bound = read > compute ? "memory" : "arithmetic";
          return [c.weights, batch, limit.toFixed(0), bound, measured.toFixed(1), percent(measured, limit)];
        }),
    ),
  );
  const giga = (n: number) => (n / 1e9).toFixed(0);
  return [
    `With ${threads} thread${threads > 1 ? "s" : ""}: ${giga(readBytesPerSecond)} GB/s read from memory, ${giga(flops)} GFLOP/s in a large float32 product (${giga(flopsBatch8)} and ${giga(flopsBatch16)} with 8 and 16 rows, in PyTorch). A step reads all weights (${groups.map(({ model, contenders }) => `${model} ${megabytes(contenders[0]?.info.bytes ?? 0)}`).join(", ")}) and computes two operations for each weight and row; the slower of both is the limit. Attention and the pick are not in it. The embedded model is far from it: its steps are so short that starting each operator is what takes the time.`,
    "",
    ...table(["model", "batch", "limit, tokens/s", "bound by", "Errata, best", "of the limit"], rows),
  ];
}
