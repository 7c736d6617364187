import { type ChildProcess, fork } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { distFile } from "../protocol/paths.js";
import { type Rpc, rpcOverIpc } from "../protocol/rpc.js";
import { ErrataError, type ModelSource, type SamplingOptions } from "../protocol/types.js";
import { type CudaCopy, cudaCopy, cudaEnvironment } from "./backend/cuda.js";
import { outOfMemory } from "./backend/memory.js";
import { CallQueue, mustBeLoaded } from "./calls.js";
import type { Engine, GenerateJob, GenerateListener, LoadedModel } from "./types.js";
import {
  GENERATE,
  INFERENCE_VERSION,
  LOAD,
  type LoadParams,
  PREVIEW,
  ROWS,
  type RowsParams,
  type WorkerOptions,
} from "./wire.js";

export interface ClientOptions extends WorkerOptions {
  /** Default: dist/inference-worker.js. */
  workerFile?: string;
  /** Lines the worker writes to its standard error, and our own about its life. */
  log?: (line: string) => void;
}

/** Restarts without a finished row between them. */
const RESTARTS = 5;
const LAST_WORDS = 8;

interface Worker {
  child: ChildProcess;
  rpc: Rpc;
  /** Resolves when the process has ended and its last words were read, with how it ended. */
  ended: Promise<string>;
  /** Its last lines on standard error. */
  words: string[];
  /** One of its lines said that memory ran out: what follows it, stack traces, may push it out of the last ones. */
  starved: boolean;
  /** Sequences at once that it was started with. */
  slots: number | undefined;
  /** When the copy with CUDA was set up that it loads; absent without one. */
  cuda: string | undefined;
}

/**
 * The engine in a process of its own. When that process dies it is started again, the model loaded again, and
 * sampling goes on with the rows that were not reported yet; each row is the same whenever it is made. Where memory
 * ran out, or it dies twice in a row, fewer sequences are decoded at once.
 */
export class InferenceClient implements Engine {
  private worker: Worker | undefined;
  private model: { source: ModelSource; stamp: string; info: LoadedModel } | undefined;
  private loadedIn: Worker | undefined;
  private readonly listeners = new Map<number, (event: RowsParams) => void>();
  private nextId = 1;
  private restarts = 0;
  /** Sequences at once since memory ran out; absent while it did not. */
  private slots: number | undefined;
  /** `slots` is fewer on suspicion alone: the worker died in a row, and nothing said why. */
  private suspected = false;
  /** Tells whoever waits for the generation under way. */
  private note: (text: string) => void = () => undefined;
  private disposed = false;
  private readonly calls = new CallQueue();

  constructor(private readonly options: ClientOptions = {}) {}

  /** Pid of the living worker; what tests and `doctor` look at. */
  get pid(): number | undefined {
    return this.worker?.child.pid;
  }

  load({ folder, graph }: ModelSource): Promise<LoadedModel> {
    return this.calls.add(async () => {
      const source = { folder, ...(graph !== undefined && { graph }) };
      const stamp = await folderStamp(folder);
      const before = this.model;
      const same =
        before?.source.folder === folder && before.source.graph === graph && before.stamp === stamp;
      if (!same || this.suspected) this.slots = undefined;
      this.suspected = false;
      if (this.worker && this.worker.slots !== (this.slots ?? this.options.slots)) await this.retire();
      // CUDA was set up, or anew, since the worker started: the loader reads its folders at a process's start.
      if (this.worker && this.worker.cuda !== this.cuda()?.at) await this.retire();
      return this.surviving(async (worker) => {
        if (same && this.model && this.loadedIn === worker) return this.model.info;
        this.model = undefined;
        const info = await worker.rpc.request<LoadedModel>(LOAD, { source } satisfies LoadParams);
        this.model = { source, stamp, info };
        this.loadedIn = worker;
        return info;
      });
    });
  }

  generate(
    jobs: GenerateJob[],
    options: SamplingOptions,
    on: GenerateListener,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.calls.add(async () => {
      const reported = new Set<string>();
      this.note = (text) => on.note?.(text);
      const total = jobs.reduce((sum, job) => sum + job.samples.length, 0);
      const start = performance.now();
      let tokensBefore = 0;
      await this.surviving(async (worker) => {
        const rest = jobs.map((job) => missing(job, reported)).filter((job) => job.samples.length > 0);
        if (rest.length === 0) return;
        await this.ensureLoaded(worker, signal);
        const id = this.nextId++;
        const doneBefore = reported.size;
        let tokens = 0;
        this.listeners.set(id, ({ rows, progress, live }) => {
          // Before the rows: it may be of one of them, which was still under way when this was told.
          if (live) on.live?.(live);
          for (const row of rows) {
            reported.add(rowId(row.key, row.sample));
            this.restarts = 0;
            on.row(row);
          }
          if (!progress) return;
          tokens = progress.tokens;
          const all = tokensBefore + tokens;
          const seconds = Math.max((performance.now() - start) / 1000, 1e-3);
          const rate = doneBefore === 0 ? progress.tokensPerSecond : all / seconds;
          on.progress?.({
            rowsDone: reported.size,
            rowsTotal: total,
            tokens: all,
            tokensPerSecond: rate,
            ...(progress.slots !== undefined && { slots: progress.slots }),
          });
        });
        try {
          const live = on.live !== undefined;
          await worker.rpc.request(GENERATE, { id, jobs: rest, options, live }, signal);
        } finally {
          tokensBefore += tokens;
          this.listeners.delete(id);
        }
      }, signal);
    });
  }

  preview(messages: GenerateJob["messages"]): ReturnType<Engine["preview"]> {
    return this.calls.add(() =>
      this.surviving(async (worker) => {
        await this.ensureLoaded(worker);
        return worker.rpc.request(PREVIEW, { messages });
      }),
    );
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const { worker } = this;
    this.worker = undefined;
    if (!worker || worker.child.exitCode !== null || worker.child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => worker.child.once("exit", () => resolve()));
    // A worker that computes notices the closed channel after its step; one that hangs never does.
    worker.child.disconnect();
    const timer = setTimeout(() => worker.child.kill("SIGKILL"), 2000);
    await ended;
    clearTimeout(timer);
  }

  private async ensureLoaded(worker: Worker, signal?: AbortSignal): Promise<void> {
    const model = mustBeLoaded(this.model);
    if (this.loadedIn === worker) return;
    const { source, info } = model;
    const params: LoadParams = { source, known: info.notTaken };
    model.info = await worker.rpc.request<LoadedModel>(LOAD, params, signal);
    this.loadedIn = worker;
  }

  /** Makes the call again on a new worker as often as the worker dies or lacks memory, up to the limits. */
  private async surviving<T>(call: (worker: Worker) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.disposed) throw stopped();
      const worker = this.worker ?? this.start();
      try {
        const result = await call(worker);
        this.restarts = 0;
        return result;
      } catch (error) {
        // Whatever the call failed with: if the channel is gone, the reason is the process's end.
        if (this.disposed) throw stopped();
        if (signal?.aborted) throw error;
        if (worker.child.connected && !channelBroke(error)) {
          const said = error instanceof Error ? error.message : String(error);
          if (!outOfMemory(said)) throw error;
          // A new process: this one's arenas keep what they have.
          await this.retire();
          if (!this.lessMemory()) throw tooBig(said, this.model !== undefined);
          continue;
        }
        const died = `The inference worker ended (${await worker.ended})`;
        if (worker.starved) {
          if (!this.lessMemory()) throw tooBig(worker.words.join(" "), this.model !== undefined);
          continue;
        }
        if (this.restarts >= RESTARTS) throw this.gaveUp(worker, died);
        this.restarts++;
        this.options.log?.(`${died}; starting it again (${this.restarts} of ${RESTARTS})`);
        // What the kernel ends for lack of memory has no last words.
        if (this.restarts > 1) {
          this.suspected ||= this.slots === undefined;
          this.withLess("It ended twice without finishing anything");
        }
      }
    }
  }

  private lessMemory(): boolean {
    this.suspected = false;
    return this.withLess("Memory ran out");
  }

  /** Half as many sequences at once, at last another backend; false where nothing is left to give up. */
  private withLess(why: string): boolean {
    const info = this.model?.info;
    if (!info) return false;
    const now = Math.min(this.slots ?? Number.POSITIVE_INFINITY, info.slots);
    let goingOn: string;
    if (now > 1) {
      this.slots = now >> 1;
      goingOn = `${this.slots} ${this.slots === 1 ? "sequence" : "sequences"} at once`;
    } else if (info.backend !== "cpu") {
      info.notTaken.push({ backend: info.backend, why: "its memory does not hold even one sequence" });
      this.slots = undefined;
      goingOn = "another backend";
    } else return false;
    const text = `${why}: went on with ${goingOn}`;
    this.options.log?.(text);
    this.note(text);
    return true;
  }

  /** Ends the worker; the next call starts another. */
  private async retire(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    worker?.child.kill("SIGKILL");
    await worker?.ended;
  }

  private cuda(): CudaCopy | undefined {
    const backend = this.options.backend ?? process.env.ERRATA_BACKEND;
    return backend === undefined || backend === "cuda" ? cudaCopy() : undefined;
  }

  private gaveUp(worker: Worker, died: string): ErrataError {
    this.restarts = 0;
    // Whatever it was, the next call may find it gone.
    this.slots = undefined;
    this.suspected = false;
    const words = worker.words.length > 0 ? `\n${worker.words.join("\n")}` : "";
    return new ErrataError(
      `${died}, ${RESTARTS + 1} times without finishing anything${words}`,
      "What was finished is kept. The log has its last words; a smaller model or fewer slots may fit the memory.",
      "worker-died",
    );
  }

  private start(): Worker {
    const file = this.options.workerFile ?? distFile("inference-worker.js");
    const { workerFile, log, ...options } = this.options;
    const backend = options.backend ?? process.env.ERRATA_BACKEND;
    const slots = this.slots ?? options.slots;
    const cuda = this.cuda();
    const own = { ...options, ...(backend && { backend }), ...(slots !== undefined && { slots }) };
    const child = fork(file, [JSON.stringify(own)], {
      env: { ...process.env, ...(cuda && cudaEnvironment(cuda)), ELECTRON_RUN_AS_NODE: "1" },
      // The editor's own --inspect and the like are not for our worker.
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const words: string[] = [];
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n").filter((l) => l.trim())) {
        log?.(line);
        words.push(line);
        worker.starved ||= outOfMemory(line);
        if (words.length > LAST_WORDS) words.shift();
      }
    });
    const rpc = rpcOverIpc(child, { version: INFERENCE_VERSION });
    const ended = new Promise<string>((resolve) => {
      const end = (how: string) => {
        if (this.worker?.child === child) this.worker = undefined;
        rpc.end(new Error(`The inference worker ended (${how})`));
        resolve(how);
      };
      // "close" and not "exit": only then its last words have been read.
      child.on("close", (code, signal) => end(signal ?? `exit status ${code}`));
      child.on("error", (error) => end(error.message));
    });
    const worker: Worker = { child, rpc, ended, words, starved: false, slots, cuda: cuda?.at };
    rpc.on(ROWS, (event: RowsParams) => this.listeners.get(event.id)?.(event));
    rpc.listen();
    this.worker = worker;
    return worker;
  }
}

function rowId(key: string, sample: number): string {
  return `${sample} ${key}`;
}

/** What of a job is not reported yet. */
function missing({ maxTokens, ...job }: GenerateJob, reported: ReadonlySet<string>): GenerateJob {
  const open = [...job.samples.keys()].filter((i) => !reported.has(rowId(job.key, job.samples[i] ?? -1)));
  const of = (list: number[]) => open.map((i) => list[i] ?? 0);
  return { ...job, samples: of(job.samples), ...(maxTokens && { maxTokens: of(maxTokens) }) };
}

function tooBig(said: string, loaded: boolean): ErrataError {
  const how = loaded ? ", even with one sequence at a time" : "";
  return new ErrataError(
    `The memory does not hold this model${how}: ${said.split("\n")[0]}`,
    "What was finished is kept. Use a smaller or quantised model, fewer new tokens, or end what else uses the memory.",
    "out-of-memory",
  );
}

/** Writing to a process that has just died fails before its end is told. */
function channelBroke(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EPIPE" || code === "ECONNRESET" || code === "ERR_IPC_CHANNEL_CLOSED";
}

function stopped(): ErrataError {
  return new ErrataError("The inference worker was stopped", undefined, "disposed");
}

/** Changes when a file of the folder does: a model exported anew to the same place is loaded anew. */
async function folderStamp(folder: string): Promise<string> {
  // Hub-style folders keep their graphs one level down.
  const folders = [folder, join(folder, "onnx")];
  const listed = folders.map(async (at) =>
    (await readdir(at).catch(() => [])).sort().map((n) => join(at, n)),
  );
  const files = (await Promise.all(listed)).flat().map(async (file) => {
    const info = await stat(file).catch(() => undefined);
    return `${file} ${info?.size} ${info?.mtimeMs}`;
  });
  return (await Promise.all(files)).join("\n");
}
