import { setTimeout as sleep } from "node:timers/promises";
import { ErrataError } from "../protocol/types.js";
import { GraderProcess } from "./grader-process.js";
import { type GraderRow, readReply, type Said } from "./grader-reply.js";

/** Another grader than ours. */
export interface OpinionGrader {
  readonly name: string;
  readonly version: string;
  /** Rejects with "grader-failed" (and its last words), and with the signal's reason. */
  ask(row: GraderRow, signal?: AbortSignal): Promise<Said>;
  /** Ends its process, and resolves when that is gone. */
  close(): Promise<void>;
}

export interface LineGraderOptions {
  /** Under which it gives its opinions. */
  name: string;
  version?: string;
  /** Program and arguments; a string is a line of the system's shell. */
  command: readonly string[] | string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** For one row, in milliseconds. */
  timeoutMs?: number;
  /** For its first reply, which waits for what it loads, in milliseconds. */
  startMs?: number;
}

/** Rows that are with the process at a time: enough that it never waits for us, few enough to ask again. */
const IN_FLIGHT = 16;
/** Rows in a row without a reply after which it is no grader. */
const MOST_OVERRUNS = 3;
/** For its process to end by itself, in milliseconds. */
const GRACE = 2000;

interface Job {
  row: GraderRow;
  settled: boolean;
  resolve(said: Said): void;
  reject(error: unknown): void;
}

/**
 * A program that reads {"id", "gold", "text", "answer"} a line and writes {"id", "verdict" or "equal"} a line, with
 * "answer", "span" and "reason" where it has them; without ids in their order (`errata grade --serve` is one). A row
 * that it is silent over for too long is `unscored`, and the program started again for the others. A program that
 * ends, or says anything else, fails every row that is waiting.
 */
export class LineGrader implements OpinionGrader {
  readonly name: string;
  readonly version: string;
  private readonly waiting: Job[] = [];
  /** By id, in the order in which they were sent. */
  private readonly sent = new Map<number, Job>();
  private process: GraderProcess | undefined;
  private failure: ErrataError | undefined;
  private timer: NodeJS.Timeout | undefined;
  private overruns = 0;
  /** The process that runs has answered before. */
  private answered = false;
  /** Processes that were told to end. */
  private readonly ending = new Set<Promise<void>>();

  constructor(private readonly options: LineGraderOptions) {
    this.name = options.name;
    this.version = options.version ?? "";
  }

  ask(row: GraderRow, signal?: AbortSignal): Promise<Said> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => settle(() => reject(signal?.reason));
      const job: Job = {
        row,
        settled: false,
        resolve: (said) => settle(() => resolve(said)),
        reject: (error) => settle(() => reject(error)),
      };
      const settle = (tell: () => void): void => {
        job.settled = true;
        signal?.removeEventListener("abort", stop);
        tell();
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.waiting.push(job);
      this.pump();
    });
  }

  async close(): Promise<void> {
    const { process } = this;
    const idle = this.sent.size === 0;
    process?.end();
    this.fail(this.error("was closed.", ""));
    if (process && idle) {
      await Promise.race([process.gone, sleep(GRACE, undefined, { ref: false })]);
      this.end(process);
    }
    await Promise.all(this.ending);
  }

  private pump(): void {
    while (!this.failure && this.sent.size < IN_FLIGHT) {
      const job = this.waiting.shift();
      if (!job) break;
      if (job.settled) continue;
      this.process ??= this.start();
      this.sent.set(job.row.id, job);
      this.process.write(JSON.stringify(job.row));
      if (this.sent.size === 1) this.watch();
    }
  }

  private start(): GraderProcess {
    this.answered = false;
    const started: GraderProcess = new GraderProcess(this.options, {
      line: (line) => this.process === started && this.reply(line),
      failed: (why) => this.process === started && this.fail(this.error(why, started.lastWords)),
      ended: (how) => {
        if (this.process !== started) return;
        this.process = undefined;
        clearTimeout(this.timer);
        if (this.sent.size > 0) this.fail(this.error(how, started.lastWords));
      },
    });
    return started;
  }

  private reply(line: string): void {
    const [oldest] = this.sent.values();
    const reply = readReply(line, (id) => (id === undefined ? oldest : this.sent.get(id))?.row);
    if (typeof reply === "string") {
      this.fail(this.error(reply, this.process?.lastWords ?? ""));
      return;
    }
    this.answered = true;
    this.overruns = 0;
    const job = this.sent.get(reply.id);
    this.sent.delete(reply.id);
    job?.resolve(reply.said);
    this.watch();
    this.pump();
  }

  /** The clock of the oldest row that is with the process: since it was sent, or since the last reply. */
  private watch(): void {
    clearTimeout(this.timer);
    if (this.sent.size === 0 || this.failure) return;
    const { timeoutMs = 60_000, startMs = 120_000 } = this.options;
    const limit = this.answered ? timeoutMs : Math.max(timeoutMs, startMs);
    this.timer = setTimeout(() => this.overrun(limit), limit);
  }

  private overrun(limit: number): void {
    const words = `no reply within ${Math.round(limit / 100) / 10} s`;
    if (++this.overruns >= MOST_OVERRUNS) {
      this.fail(this.error(`gave ${words}, ${this.overruns} times in a row.`, this.process?.lastWords ?? ""));
      return;
    }
    const [oldest, ...others] = this.sent.values();
    this.sent.clear();
    this.end(this.process);
    oldest?.resolve({ verdict: "unscored", answer: null, span: null, reason: `${this.name}: ${words}` });
    this.waiting.unshift(...others.filter(({ settled }) => !settled));
    this.pump();
  }

  /** The first failure counts: whatever is asked from now on gets it, too. */
  private fail(error: ErrataError): void {
    this.failure ??= error;
    clearTimeout(this.timer);
    const jobs = [...this.sent.values(), ...this.waiting.splice(0)];
    // Who is busy with what nobody waits for any more need not finish it.
    if (this.sent.size > 0) this.end(this.process);
    this.sent.clear();
    for (const job of jobs) job.reject(this.failure);
  }

  private end(process: GraderProcess | undefined): void {
    this.process = undefined;
    if (!process) return;
    const gone = process.kill().finally(() => this.ending.delete(gone));
    this.ending.add(gone);
  }

  private error(what: string, lastWords: string): ErrataError {
    return new ErrataError(
      `The grader ${this.name} ${what}${lastWords === "" ? "" : ` Its last words:\n${lastWords}`}`,
      'It must read {"id", "gold", "text", "answer"} a line and write {"id", "verdict"} a line. What it said before is stored; going on asks for the rest.',
      "grader-failed",
    );
  }
}
