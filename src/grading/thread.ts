/** The grading thread as seen from outside: one request under way, each with its own time limit. */
import { Worker } from "node:worker_threads";
import { distFile } from "../protocol/paths.js";
import { undecided } from "./decide.js";
import type { Equality, EqualityHint, GraderSettings } from "./types.js";

/** What the thread is asked: one comparison, or some statements of a solution. */
export type ThreadRequest =
  | { kind: "compare"; id: number; gold: string; answer: string; settings: ComparisonSettings }
  | ({ kind: "relations"; id: number } & RelationsRequest);
/** What of the settings a comparison depends on. */
export type ComparisonSettings = Pick<GraderSettings, "tolerance" | "units">;
export interface RelationsRequest {
  text: string;
  problem: string;
  /** The statement to go on with. */
  from: number;
  /** Statements are looked at until so many milliseconds are over; 0: one alone. */
  milliseconds: number;
}
export interface RelationsReply {
  hints: EqualityHint[];
  /** Null at the end. */
  next: number | null;
}
export type ThreadReply =
  | { kind: "ready" }
  | { kind: "done"; id: number; equality: Equality }
  | ({ kind: "hints"; id: number } & RelationsReply);

export interface ThreadOptions {
  /** The bundled worker; by default dist/grading-thread.js. */
  workerFile?: string;
  /** For one request, in milliseconds of processor time; loading does not count. */
  timeLimit?: number;
}

interface Job {
  request: ThreadRequest;
  answered(reply: ThreadReply): void;
  /** It came to nothing, and why. */
  lost(why: string): void;
}

/** Loading compute-engine takes most of a second; on a busy machine much more. */
const LOADING_LIMIT = 60_000;
/** Milliseconds of processor time: an honest comparison takes 10 to 80; a slice of relations asks for less by itself. */
const TIME_LIMIT = { compare: 150, relations: 1000 };
/** On a busy machine the thread may wait for its turn: so many times the limit by the clock, and no more. */
const PATIENCE = 20;
const MEMORY_MB = 256;
const CLOSED = "the grader was closed";

/**
 * Starts with the first comparison. A comparison that overruns its time or takes the thread down with it is
 * undecided, the thread is started again, and the others in line do not notice.
 */
export class GradingThread {
  private readonly file: string;
  private readonly timeLimit: number | undefined;
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
    this.timeLimit = options.timeLimit;
  }

  compare(gold: string, answer: string, settings: ComparisonSettings): Promise<Equality> {
    return new Promise((settle) => {
      this.put({
        request: { kind: "compare", id: this.nextId++, gold, answer, settings },
        answered: (reply) => settle(reply.kind === "done" ? reply.equality : undecided("no reply")),
        lost: (why) => settle(undecided(why)),
      });
    });
  }

  /** Null: the thread ended over it, or is closed. */
  relations(request: RelationsRequest): Promise<RelationsReply | null> {
    return new Promise((settle) => {
      this.put({
        request: { kind: "relations", id: this.nextId++, ...request },
        answered: (reply) => settle(reply.kind === "hints" ? reply : null),
        lost: () => settle(null),
      });
    });
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.stop();
    for (const job of [this.current, ...this.line]) job?.lost(CLOSED);
    this.current = undefined;
    this.line.length = 0;
  }

  private put(job: Job): void {
    if (this.disposed) job.lost(CLOSED);
    else this.line.push(job);
    this.advance();
  }

  private advance(): void {
    if (this.disposed || this.current || this.line.length === 0) return;
    if (!this.worker) this.start();
    if (!this.worker || !this.ready) return;
    this.current = this.line.shift();
    if (!this.current) return;
    this.worker.ref();
    this.worker.postMessage(this.current.request);
    const limit = this.timeLimit ?? TIME_LIMIT[this.current.request.kind];
    this.watch(limit, limit, performance.now() + PATIENCE * limit, process.cpuUsage());
  }

  /** Looks again after `wait` milliseconds whether the request has had its processor time. */
  private watch(wait: number, limit: number, until: number, before: NodeJS.CpuUsage): void {
    this.timer = setTimeout(() => {
      const { user, system } = process.cpuUsage(before);
      const left = limit - (user + system) / 1000;
      if (left > 1 && performance.now() < until) this.watch(left, limit, until, before);
      else this.abandon(`ran out of time (${limit / 1000} s)`);
    }, wait);
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
    } else if (message.id === this.current?.request.id) {
      const job = this.current;
      this.current = undefined;
      job.answered(message);
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
    job?.lost(why);
    this.advance();
  }

  private failStart(why: string): void {
    void this.stop();
    if (++this.failedStarts > 1) {
      for (const job of this.line.splice(0)) job.lost(`the grading thread does not start: ${why}`);
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
