/** The grading thread as seen from outside: one comparison under way, each with its own time limit. */
import { Worker } from "node:worker_threads";
import { distFile } from "../protocol/paths.js";
import { undecided } from "./decide.js";
import type { Equality } from "./types.js";

export interface Comparison {
  id: number;
  gold: string;
  answer: string;
}
export type ThreadReply = { kind: "ready" } | { kind: "done"; id: number; equality: Equality };

export interface ThreadOptions {
  /** The bundled worker; by default dist/grading-thread.js. */
  workerFile?: string;
  /** For one comparison, in milliseconds; loading does not count. */
  timeLimit?: number;
}

interface Job extends Comparison {
  settle(equality: Equality): void;
}

/** Loading compute-engine takes most of a second; on a busy machine much more. */
const LOADING_LIMIT = 60_000;
const MEMORY_MB = 256;

/**
 * Starts with the first comparison. A comparison that overruns its time or takes the thread down with it is
 * undecided, the thread is started again, and the others in line do not notice.
 */
export class GradingThread {
  private readonly file: string;
  private readonly timeLimit: number;
  private readonly line: Job[] = [];
  private current: Job | undefined;
  private worker: Worker | undefined;
  private ready = false;
  private timer: NodeJS.Timeout | undefined;
  private nextId = 0;
  private disposed = false;
  /** Starts in a row that came to nothing; the second one gives up on the jobs in line. */
  private failedStarts = 0;

  constructor(options: ThreadOptions = {}) {
    this.file = options.workerFile ?? distFile("grading-thread.js");
    this.timeLimit = options.timeLimit ?? 1000;
  }

  compare(gold: string, answer: string): Promise<Equality> {
    if (this.disposed) return Promise.resolve(undecided("the grader was closed"));
    return new Promise((settle) => {
      this.line.push({ id: this.nextId++, gold, answer, settle });
      this.advance();
    });
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.stop();
    for (const job of [this.current, ...this.line]) job?.settle(undecided("the grader was closed"));
    this.current = undefined;
    this.line.length = 0;
  }

  private advance(): void {
    if (this.disposed || this.current || this.line.length === 0) return;
    if (!this.worker) this.start();
    if (!this.worker || !this.ready) return;
    this.current = this.line.shift();
    if (!this.current) return;
    const { id, gold, answer } = this.current;
    this.worker.ref();
    this.worker.postMessage({ id, gold, answer } satisfies Comparison);
    this.timer = setTimeout(
      () => this.abandon(`ran out of time (${this.timeLimit / 1000} s)`),
      this.timeLimit,
    );
  }

  private start(): void {
    const worker = new Worker(this.file, {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      stdout: true,
      stderr: true,
    });
    this.worker = worker;
    this.ready = false;
    this.timer = setTimeout(() => this.failStart("it did not load in time"), LOADING_LIMIT);
    worker.on("message", (message: ThreadReply) => this.onMessage(worker, message));
    worker.on("error", (error) => this.onDeath(worker, error.message));
    worker.on("exit", () => this.onDeath(worker, "it ended"));
  }

  private onMessage(worker: Worker, message: ThreadReply): void {
    if (worker !== this.worker) return;
    clearTimeout(this.timer);
    if (message.kind === "ready") {
      this.ready = true;
      this.failedStarts = 0;
    } else if (message.id === this.current?.id) {
      this.current.settle(message.equality);
      this.current = undefined;
    }
    // Idle, it must not keep the process alive.
    if (this.line.length === 0) worker.unref();
    this.advance();
  }

  private onDeath(worker: Worker, why: string): void {
    if (worker !== this.worker) return;
    if (this.current)
      this.abandon(/memory/i.test(why) ? "ran out of memory" : `could not be compared (${why})`);
    else if (!this.ready) this.failStart(why);
    else void this.stop();
  }

  /** Ends the thread with what it works on; the next in line gets a new one. */
  private abandon(why: string): void {
    const job = this.current;
    this.current = undefined;
    void this.stop();
    job?.settle(undecided(why));
    this.advance();
  }

  private failStart(why: string): void {
    void this.stop();
    if (++this.failedStarts > 1) {
      for (const job of this.line.splice(0))
        job.settle(undecided(`the grading thread does not start: ${why}`));
    }
    this.advance();
  }

  private async stop(): Promise<void> {
    clearTimeout(this.timer);
    const { worker } = this;
    this.worker = undefined;
    this.ready = false;
    await worker?.terminate();
  }
}
