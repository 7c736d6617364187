import type { InferenceSession } from "onnxruntime-node";
import { ErrataError, type ModelSource, type SamplingOptions } from "../protocol/types.js";
import { type BackendOptions, openSession } from "./backend/backends.js";
import { loadRuntime, type Runtime } from "./backend/runtime.js";
import { SMALL_BYTES } from "./backend/threads.js";
import { CallQueue, mustBeLoaded } from "./calls.js";
import { BlockDecoder } from "./decode/block.js";
import { cacheShape, SplitCache, WholeCache } from "./decode/block-cache.js";
import { BLOCK } from "./decode/block-names.js";
import { ConcatStepper } from "./decode/concat.js";
import { cacheType, type Decoder, ROWS_AT_LEAST, Stepper } from "./decode/decoder.js";
import { generate, type PreparedJob } from "./decode/generate.js";
import { TAIL } from "./decode/split-attention.js";
import { type ModelFolder, readModelFolder } from "./model/folder.js";
import { ChatTokenizer, openedByPrompt } from "./model/tokenizer.js";
import type { Engine, GenerateJob, GenerateListener, LoadedModel } from "./types.js";

export interface EngineOptions extends BackendOptions {
  /** Sequences decoded at once, at most. Default 16, for a small model 32: more hardly pays on a CPU. */
  slots?: number;
  /** Bytes that the caches may take; decides the slots for long contexts. Default 2 GiB. */
  cacheBytes?: number;
  /** Tokens that one call of a decode block makes of each sequence, at most; default and limit 16. */
  turns?: number;
  /** Tokens of a prompt computed at once; default 128. */
  prefillChunk?: number;
}

const TURNS = 16;
const PREFILL_CHUNK = 128;

interface Loaded {
  model: ModelFolder;
  tokenizer: ChatTokenizer;
  session: InferenceSession;
  block: boolean;
  split: boolean;
  info: LoadedModel;
}

/** The engine in this very process: what the worker serves, and what tests of the decoding itself use. */
export class LocalEngine implements Engine {
  private runtime: Runtime | undefined;
  private loaded: Loaded | undefined;
  private decoder: Decoder | undefined;
  private readonly calls = new CallQueue();

  constructor(private readonly options: EngineOptions = {}) {}

  load(source: ModelSource): Promise<LoadedModel> {
    return this.calls.add(async () => {
      await this.release();
      const { folder } = source;
      const model = await readModelFolder(folder, source.graph);
      const tokenizer = await ChatTokenizer.read(folder);
      checkVocabulary(model, tokenizer.size);
      this.runtime ??= loadRuntime();
      const opened = await openSession(this.runtime, model, this.options, source);
      try {
        if (!opened.block) checkGraph(model, opened.session);
      } catch (error) {
        await opened.session.release();
        throw error;
      }
      const info: LoadedModel = {
        source,
        backend: opened.backend,
        notTaken: opened.notTaken,
        vocabSize: model.vocabSize,
        contextLength: model.contextLength,
        decoding: opened.block ? "blocks" : "steps",
        ...(opened.why !== undefined && { decodingWhy: opened.why }),
        cacheBytes: this.cacheBytes,
        slots: this.slotsFor(opened.session, model, Math.min(model.contextLength, 4096)),
      };
      const { session, block, split } = opened;
      this.loaded = { model, tokenizer, session, block, split, info };
      return info;
    });
  }

  generate(
    jobs: GenerateJob[],
    options: SamplingOptions,
    on: GenerateListener,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.calls.add(async () => {
      signal?.throwIfAborted();
      const loaded = this.need();
      const { model, tokenizer } = loaded;
      const prepared = this.prepare(jobs, options);
      const longest = prepared.reduce((most, job) => Math.max(most, job.tokens.length), 0);
      const capacity = Math.min(model.contextLength, longest + options.maxTokens);
      const rows = prepared.reduce((sum, job) => sum + job.samples.length, 0);
      if (rows === 0) return;
      const slots = this.slotsFor(loaded.session, model, capacity);
      if (this.decoder?.capacity !== capacity || this.decoder.slots !== slots) {
        this.runtime ??= loadRuntime();
        this.decoder = this.decoderFor(this.runtime, loaded, slots, capacity);
      }
      const { prefillChunk = PREFILL_CHUNK } = this.options;
      const context = { ...model, tokenizer, decoder: this.decoder, prefillChunk };
      await generate(prepared, options, context, on, signal);
    });
  }

  preview(messages: GenerateJob["messages"]): ReturnType<Engine["preview"]> {
    return this.calls.add(async () => {
      const { tokenizer } = this.need();
      const text = tokenizer.render(messages);
      const tokens = tokenizer.encode(text).map((id) => ({ id, text: tokenizer.decode([id], false) }));
      return { text, tokens };
    });
  }

  dispose(): Promise<void> {
    return this.calls.add(() => this.release());
  }

  /** Prompts as tokens; throws "context-exceeded" or "bad-options" before any work starts. */
  private prepare(jobs: GenerateJob[], options: SamplingOptions): PreparedJob[] {
    const { model, tokenizer } = this.need();
    checkOptions(options);
    return jobs.map(({ messages, prefix = "", ...job }) => {
      const prompt = tokenizer.render(messages) + prefix;
      const tokens = tokenizer.encode(prompt);
      if (tokens.length === 0)
        throw new ErrataError(
          `The prompt of "${job.key}" is empty`,
          "Look at the prompt's preview.",
          "empty-prompt",
        );
      const foreign = tokens.find((token) => token >= model.vocabSize);
      if (foreign !== undefined) throw vocabularyError(model, foreign + 1);
      if (tokens.length >= model.contextLength)
        throw new ErrataError(
          `The prompt of "${job.key}" has ${tokens.length} tokens; the model's context holds ${model.contextLength}, answer included`,
          "Shorten the prompt or the problem, or use a model with a longer context.",
          "context-exceeded",
        );
      return { ...job, tokens, opening: openedByPrompt(prompt) };
    });
  }

  private decoderFor(runtime: Runtime, loaded: Loaded, slots: number, capacity: number): Decoder {
    const { session, model, block, split } = loaded;
    if (!block) {
      const Kind = model.inPlace ? Stepper : ConcatStepper;
      return new Kind(runtime, session, model, slots, capacity);
    }
    const rows = Math.max(slots, ROWS_AT_LEAST);
    const shape = cacheShape(model, session);
    const cache = split
      ? new SplitCache(runtime, shape, rows, capacity)
      : new WholeCache(runtime, shape, rows, capacity);
    const turns = Math.min(this.options.turns ?? TURNS, TAIL);
    return new BlockDecoder(runtime, session, model, cache, slots, capacity, turns);
  }

  private get cacheBytes(): number {
    return this.options.cacheBytes ?? 2 * 2 ** 30;
  }

  private slotsFor(session: InferenceSession, model: ModelFolder, capacity: number): number {
    const past = [BLOCK.past(0), model.names.past[0]].find((name) => session.inputNames.includes(name ?? ""));
    const element = cacheType(session, past) === "float16" ? 2 : 4;
    const perToken = model.layers * 2 * model.kvHeads * model.headSize * element;
    const fit = Math.floor(this.cacheBytes / (perToken * capacity));
    const most = this.options.slots ?? (model.bytes < SMALL_BYTES ? 32 : 16);
    return Math.max(1, Math.min(most, fit));
  }

  private need(): Loaded {
    return mustBeLoaded(this.loaded);
  }

  private async release(): Promise<void> {
    const { loaded } = this;
    this.loaded = undefined;
    this.decoder = undefined;
    await loaded?.session.release();
  }
}

function checkOptions({ temperature, topP, topK, maxTokens }: SamplingOptions): void {
  const wrong = (what: string) => {
    throw new ErrataError(`Sampling cannot use ${what}`, "Correct the sampling options.", "bad-options");
  };
  if (!(temperature >= 0 && temperature < 100)) wrong(`temperature ${temperature}: it is 0 or more`);
  if (!(topP > 0 && topP <= 1)) wrong(`top-p ${topP}: it lies between 0 and 1`);
  if (!(Number.isInteger(topK) && topK >= 0)) wrong(`top-k ${topK}: it is a whole number, 0 for off`);
  if (!(Number.isInteger(maxTokens) && maxTokens >= 1))
    wrong(`at most ${maxTokens} tokens: it is at least 1`);
}

function checkVocabulary(model: ModelFolder, tokenizerSize: number): void {
  // Models often have more rows than tokens (padding to a round number), never fewer.
  if (tokenizerSize > model.vocabSize) throw vocabularyError(model, tokenizerSize);
}

function vocabularyError(model: ModelFolder, tokens: number): ErrataError {
  return new ErrataError(
    `The tokenizer in ${model.folder} does not belong to the model: it has ${tokens} tokens, the model ${model.vocabSize}`,
    "Copy tokenizer.json and tokenizer_config.json from the model that was exported.",
    "vocab-mismatch",
  );
}

/** The graph must have the inputs and outputs that its configuration names, and logits of the vocabulary's size. */
function checkGraph(model: ModelFolder, session: InferenceSession): void {
  const { names } = model;
  const inputs = [names.inputIds, names.attentionMask, ...names.past];
  const outputs = [names.logits, ...names.present];
  const missing = [
    ...inputs.filter((n) => !session.inputNames.includes(n)),
    ...outputs.filter((n) => !session.outputNames.includes(n)),
  ];
  if (missing.length > 0)
    throw new ErrataError(
      `${model.graph} has no ${missing[0]}, which its configuration names`,
      "The two files are not of the same export: export the model again.",
      "bad-model",
    );
  const logits = session.outputMetadata.find((o) => o.name === names.logits);
  if (logits?.isTensor && !["float32", "float16"].includes(logits.type))
    throw new ErrataError(
      `${model.graph} gives its logits as ${logits.type}, which is not supported yet`,
      "Export the model in fp32 or int4 for the CPU (precision and provider are options of the model builder).",
      "unsupported-model",
    );
  const size = logits?.isTensor ? logits.shape.at(-1) : undefined;
  if (typeof size === "number" && size !== model.vocabSize)
    throw new ErrataError(
      `${model.graph} gives logits for ${size} tokens, its configuration says ${model.vocabSize}`,
      "The two files are not of the same export: export the model again.",
      "vocab-mismatch",
    );
}
