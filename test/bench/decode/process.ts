import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Peer } from "./protocol.js";

/** No request may take longer: a peer that hangs must not take the others' figures with it. */
const LIMIT_MS = 15 * 60_000;

/** A peer's process, seen from the benchmark. After a failure every request fails with the same reason. */
export class PeerProcess {
  private readonly child: ChildProcess;
  private waiting: { resolve(result: unknown): void; reject(error: Error): void } | undefined;
  private failure: Error | undefined;
  private words: string[] = [];

  constructor(command: string, args: string[], env: Record<string, string> = {}) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    const { stdout, stderr } = this.child;
    if (stdout) createInterface({ input: stdout }).on("line", (line) => this.answer(line));
    if (stderr)
      createInterface({ input: stderr }).on("line", (line) => {
        this.words = [...this.words.slice(-4), line];
      });
    this.child.on("error", (error) => this.fail(error.message));
    this.child.on("close", (code, signal) => this.fail(`it ended with ${signal ?? code}`));
  }

  async request<M extends keyof Peer>(
    method: M,
    params: Parameters<Peer[M]>[0],
  ): Promise<Awaited<ReturnType<Peer[M]>>> {
    if (this.failure) throw this.failure;
    const timer = setTimeout(() => {
      this.fail(`no answer to "${method}" in ${LIMIT_MS / 60_000} minutes`);
      this.child.kill("SIGKILL");
    }, LIMIT_MS);
    try {
      const answer = new Promise((resolve, reject) => {
        this.waiting = { resolve, reject };
      });
      this.child.stdin?.write(`${JSON.stringify([method, params])}\n`);
      return (await answer) as Awaited<ReturnType<Peer[M]>>;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes its input, which ends it. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(timer);
  }

  private answer(line: string): void {
    const { waiting } = this;
    this.waiting = undefined;
    try {
      const { result, error } = JSON.parse(line) as { result?: unknown; error?: string };
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    } catch {
      waiting?.reject(new Error(`it answered ${JSON.stringify(line.slice(0, 200))}`));
    }
  }

  private fail(why: string): void {
    this.failure ??= new Error([why, ...this.words].join("\n"));
    this.waiting?.reject(this.failure);
    this.waiting = undefined;
  }
}
