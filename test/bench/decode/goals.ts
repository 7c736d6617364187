import { megabytes } from "./markdown.js";
import { type Contender, type Group, type Results, ratioOf } from "./results.js";

/** A line of the goals' table. */
export interface Goal {
  name: string;
  wanted: string;
  measured: string;
  /** Undefined when it was not measured. */
  met?: boolean;
}

const INT4 = "0.4B-int4";
const FP32 = "0.4B-fp32";
/** Measure, our weights, the peer, and how often as fast as the peer we want to be. */
const RATIOS: [measure: string, weights: string, peer: string, wanted: number][] = [
  ["workload", INT4, "transformers.js", 4],
  ["workload", FP32, "transformers.js", 4],
  ["workload", "embedded", "transformers.js", 6],
  ["workload", INT4, "node-llama-cpp", 1.3],
  ["workload", "0.4B-int4-128", "node-llama-cpp", 1.7],
  ["batch 1", INT4, "node-llama-cpp", 1],
  ["batch 8", INT4, "onnxruntime-genai", 0.9],
  ["batch 16", INT4, "onnxruntime-genai", 0.9],
  ["batch 8", "embedded", "onnxruntime-genai", 0.9],
  ["batch 8", FP32, "onnxruntime-genai", 0.9],
];
/** What our process may take beyond the weights and the cache budget. */
const BEYOND_BYTES = 500e6;

export function goals({ groups }: Results): Goal[] {
  const ratios = RATIOS.map(([measure, weights, peer, wanted]): Goal => {
    const goal = { name: `${measure}/${weights}/${peer}`, wanted: `${wanted}x` };
    const found = find(groups, weights, peer);
    const ratio = found && ratioOf(found.ours, found.theirs, measure);
    if (!ratio || !Number.isFinite(ratio.median)) return { ...goal, measured: "–" };
    const { min, median, max } = ratio;
    const measured = `${median.toFixed(2)}x (${min.toFixed(2)} – ${max.toFixed(2)})`;
    return { ...goal, measured, met: median >= wanted };
  });
  return [...ratios, ...groups.flatMap(memory)];
}

function find(
  groups: Group[],
  weights: string,
  peer: string,
): { ours: Contender; theirs: Contender } | undefined {
  for (const { contenders } of groups) {
    const ours = contenders.find((c) => c.peer === "errata" && c.weights === weights);
    const theirs = contenders.find((c) => c.name === peer);
    if (ours && theirs) return { ours, theirs };
  }
  return undefined;
}

/** Our worker against weights, cache budget and 500 MB; and, while it samples, against the cache that it can use. */
function memory({ model, workload, contenders }: Group): Goal[] {
  const ours = contenders.find((c) => c.name === "errata");
  if (!ours || !(ours.peakBytes > 0)) return [];
  const { bytes, cacheBytesPerPosition } = ours.info;
  const slots = Number(ours.loaded?.slots ?? 16);
  const budget = Number(ours.loaded?.cacheBytes ?? 0);
  const positions = slots * (Math.max(...workload.promptTokens) + workload.longestLength);
  const cache = Math.min(budget || Number.POSITIVE_INFINITY, positions * cacheBytesPerPosition);
  const goal = (name: string, what: string, room: number, measured: number): Goal => ({
    name: `${name}/${model}`,
    wanted: `weights ${megabytes(bytes)} + ${what} ${megabytes(room)} + 500 MB`,
    measured: megabytes(measured),
    met: measured <= bytes + room + BEYOND_BYTES,
  });
  return [
    goal("peak memory, loading included", "cache budget", budget, ours.peakBytes),
    goal("memory while sampling", "cache in use", cache, ours.residentBytes),
  ];
}
