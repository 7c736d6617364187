import type { ChatMessage, ModelSource, SamplingOptions } from "../protocol/types.js";
import type { GeneratedRow, GenerateJob, GenerateProgress, LiveText, LoadedModel } from "./types.js";

/** What crosses between InferenceClient and its worker. Change the number with any of the shapes below. */
export const INFERENCE_VERSION = "inference/3";

/** Requests. */
export const LOAD = "load";
export const GENERATE = "generate";
export const PREVIEW = "preview";
/** Notification from the worker: finished rows, progress and live text, at most 10 a second. */
export const ROWS = "rows";

export interface LoadParams {
  source: ModelSource;
  /** What an earlier worker found out about this model: not tried again. */
  known?: LoadedModel["notTaken"];
}
export interface GenerateParams {
  /** Chosen by the client; the rows carry it. */
  id: number;
  jobs: GenerateJob[];
  options: SamplingOptions;
  /** Somebody wants the text of a sample under way. */
  live?: boolean;
}
export interface RowsParams {
  id: number;
  rows: GeneratedRow[];
  progress?: GenerateProgress;
  live?: LiveText;
}
export interface PreviewParams {
  messages: ChatMessage[];
}
/** First argument of the worker's command line, as JSON. */
export interface WorkerOptions {
  /** Only this backend is tried, and the CPU when it does not work; ERRATA_BACKEND in the environment says the same. */
  backend?: string;
  /** Threads of one operator. */
  threads?: number;
  /** False decodes step by step also where the model could be decoded in blocks. */
  block?: boolean;
  slots?: number;
  cacheBytes?: number;
}
