import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** Of one line of its output: a program without line ends must not fill the memory. */
const LONGEST_LINE = 16 << 20;
/** Of what it says on standard error. */
const LAST_LINES = 12;
const LAST_CHARACTERS = 4000;
/** From one signal to the next, in milliseconds. */
const GRACE = 2000;

interface Listener {
  line(line: string): void;
  /** It cannot be started, or says what cannot be a line. */
  failed(why: string): void;
  /** It is gone, and all that it said was told; how, in words. */
  ended(how: string): void;
}

/** A process that is written and read line by line, with its last words. Its children end with it. */
export class GraderProcess {
  private readonly child: ChildProcess;
  /** Of the line that is not complete yet, with its length. */
  private rest: string[] = [];
  private length = 0;
  private said = "";
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;

  constructor(
    {
      command,
      cwd,
      env,
    }: {
      command: readonly string[] | string;
      cwd?: string | undefined;
      env?: NodeJS.ProcessEnv | undefined;
    },
    private readonly listener: Listener,
  ) {
    const [program = "", ...args] = typeof command === "string" ? [command] : command;
    this.child = spawn(program, args, {
      shell: typeof command === "string",
      stdio: "pipe",
      // A group of its own, so that what a shell started ends, too.
      detached: process.platform !== "win32",
      windowsHide: true,
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
    });
    this.gone = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        this.tell();
        resolve();
        listener.ended(signal === null ? `ended (exit status ${code}).` : `was ended (${signal}).`);
      });
      this.child.once("error", (error) => {
        resolve();
        listener.failed(`cannot be started: ${error.message}.`);
      });
    });
    // Whoever ends early no longer reads: `close` tells.
    this.child.stdin?.on("error", () => undefined);
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => this.read(text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.said = (this.said + text).slice(-LAST_CHARACTERS);
    });
  }

  get lastWords(): string {
    return this.said.trimEnd().split("\n").slice(-LAST_LINES).join("\n");
  }

  write(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** No more lines come: it may finish. */
  end(): void {
    this.child.stdin?.end();
  }

  /** Ends it and what it started, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGTERM");
    if (await this.isGone()) return;
    this.signal("SIGKILL");
    if (await this.isGone()) return;
    // Something that left the group still holds its output.
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    await this.gone;
  }

  private isGone(): Promise<boolean> {
    return Promise.race([this.gone.then(() => true), sleep(GRACE, false, { ref: false })]);
  }

  private signal(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.child.kill(name);
      else process.kill(-pid, name);
    } catch {
      // It is gone already.
    }
  }

  private read(text: string): void {
    // Only what is new is searched for line ends: a long line comes in many pieces.
    const [head = "", ...lines] = text.split("\n");
    this.rest.push(head);
    this.length += head.length;
    for (const line of lines) {
      this.tell();
      this.rest.push(line);
      this.length = line.length;
    }
    if (this.length > LONGEST_LINE) {
      this.rest = [];
      this.length = 0;
      this.listener.failed("wrote a line of more than 16 MB.");
    }
  }

  private tell(): void {
    const line = this.rest.join("");
    this.rest = [];
    this.length = 0;
    if (line.trim() !== "") this.listener.line(line);
  }
}
