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
  backend: "auto" | "cuda" | "dml" | "coreml" | "webgpu" | "cpu";
  threads: number;
  cacheMemory: number;
  python: string;
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
  "backend",
  "threads",
  "cacheMemory",
  "python",
  "modelFolder",
] as const satisfies readonly (keyof Settings)[];
