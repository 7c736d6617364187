import type { ChatMessage, Generation, ModelEntry, ModelSource, SamplingOptions } from "../protocol/types.js";

/** What a loaded model is and runs on. */
export interface LoadedModel {
  source: ModelSource;
  /** The execution provider it really got: "cuda", "webgpu", "cpu", ...; "remote" for an endpoint. */
  backend: string;
  /** Providers tried before it, and why each was not taken. */
  notTaken: { backend: string; why: string }[];
  /** 0: of a server. */
  vocabSize: number;
  /** Tokens that prompt and answer may have together; 0 where a server does not tell. */
  contextLength: number;
  /** Many tokens a call, or one by one: a model that the decode block does not fit is slower and the same otherwise. */
  decoding: "blocks" | "steps";
  /** Why it is decoded in steps. */
  decodingWhy?: string;
  /** Sequences decoded at once, at most; fewer where long sequences would not fit the cache. */
  slots: number;
  /** Bytes that the caches of all slots may take together; a server does not say. */
  cacheBytes?: number;
}

/** `n` samples of one prompt: sample numbers `samples`, each with its own random stream. */
export interface GenerateJob {
  /** Comes back with each row. */
  key: string;
  messages: ChatMessage[];
  /** The answer's beginning, given: the model goes on from there, and a row's text holds what it adds. Local models only. */
  prefix?: string;
  /** Sample numbers to make, e.g. [0, 1, 2] or, after a restart, only the missing ones. */
  samples: number[];
  /** New tokens at most, one number per sample; lower than the options' own. What a benchmark forces lengths with. */
  maxTokens?: number[];
}

export interface GeneratedRow extends Generation {
  key: string;
  sample: number;
  promptTokens: number;
  /** Of the distribution each token was picked from, in nats, at temperature 1. A server does not say. */
  entropies?: number[];
}

/** Text of a sample under way, for people to watch. Of one sample at a time, until it ends; then of another. */
export interface LiveText {
  key: string;
  sample: number;
  /** All of it so far. */
  text: string;
  tokens: number;
}

/** What hears of a generation while it goes on. */
export interface GenerateListener {
  row(row: GeneratedRow): void;
  /** At most 10 a second. */
  progress?(progress: GenerateProgress): void;
  /** At most 10 a second. */
  live?(text: LiveText): void;
  /** Something people should know of the result: memory ran out, and it went on with fewer sequences at once. */
  note?(text: string): void;
}

export interface GenerateProgress {
  rowsDone: number;
  rowsTotal: number;
  tokens: number;
  tokensPerSecond: number;
  /** Sequences decoded at once, at most: what the cache budget allows for these lengths. */
  slots?: number;
}

/** The inference worker, or a server, as the steps see it. One model is loaded at a time; calls are queued. */
export interface Engine {
  load(source: ModelSource): Promise<LoadedModel>;
  /** Each row is reported once, as it ends, in no particular order. Rejects on abort; rows reported stay valid. */
  generate(
    jobs: GenerateJob[],
    options: SamplingOptions,
    on: GenerateListener,
    signal?: AbortSignal,
  ): Promise<void>;
  /** The exact text and token ids a chat becomes, for previews. */
  preview(messages: ChatMessage[]): Promise<{ text: string; tokens: { id: number; text: string }[] }>;
  dispose(): Promise<void>;
}

/** `models.json` of one workspace. */
export interface Models {
  list(): Promise<ModelEntry[]>;
  /** By id, or by folder for one that is not registered. Folders come back absolute. */
  get(idOrFolder: string): Promise<ModelEntry>;
  /** Checks that the folder is a model before it is added. */
  add(folder: string, more?: Partial<ModelEntry>): Promise<ModelEntry>;
  remove(id: string): Promise<void>;
  onDidChange(listener: () => void): () => void;
}
