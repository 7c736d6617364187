/** The settings as package.json declares them (a test holds the two together). Keys are without `errata.`. */
export interface Settings {
  /** Id of the model that samples and reflects; empty: the only one, or ask. */
  model: string;
  group: number;
  temperature: number;
  topP: number;
  topK: number;
  maxTokens: number;
  seed: number;
  annotator: string;
  /** Share of judged items that come back unseen; 0 is off. */
  "review.repeats": number;
  backend: "auto" | "cuda" | "dml" | "coreml" | "webgpu" | "cpu";
  threads: number;
  cacheMemory: number;
  python: string;
  /** Graders of one's own: name, and the command that reads and writes JSON lines. */
  graders: Readonly<Record<string, string>>;
  /** Index that torch alone is taken from; empty: pip's own configuration. */
  torchIndex: string;
  /** Where models are kept that Errata downloads and converts; empty: its own folder. */
  modelFolder: string;
}

/** Keys at run time, in the order in which the Settings editor shows them. */
export const SETTINGS = [
  "model",
  "group",
  "temperature",
  "topP",
  "topK",
  "maxTokens",
  "seed",
  "annotator",
  "review.repeats",
  "backend",
  "threads",
  "cacheMemory",
  "python",
  "graders",
  "torchIndex",
  "modelFolder",
] as const satisfies readonly (keyof Settings)[];
