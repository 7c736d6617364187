import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ErrataError, type Progress } from "../protocol/types.js";

export interface PipOptions {
  signal?: AbortSignal | undefined;
  /** Every line that pip says. */
  log?: ((line: string) => void) | undefined;
  /** Returns true for a line that is nothing to keep. */
  take?: ((line: string) => boolean) | undefined;
}

/** pip cleans up after Ctrl+C; one that does not listen is ended. */
const LEAVE_MS = 5000;

/**
 * Runs one command of an interpreter; its last lines become the error's message. Cancelling ends it with all that it
 * started. Rejects with "no-python", "no-network", "no-space", "no-wheel" or "install-failed".
 */
export function pip(python: string, args: string[], options: PipOptions): Promise<void> {
  const { signal, log, take } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    // A group of its own: pip builds packages in further processes.
    const child = spawn(python, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    const kill = (how: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined && process.platform !== "win32") process.kill(-child.pid, how);
        else child.kill(how);
      } catch {
        // It has ended.
      }
    };
    let late: NodeJS.Timeout | undefined;
    const cancel = () => {
      kill("SIGINT");
      late = setTimeout(() => kill("SIGKILL"), LEAVE_MS);
    };
    signal?.addEventListener("abort", cancel, { once: true });
    const done = (settle: () => void) => {
      clearTimeout(late);
      signal?.removeEventListener("abort", cancel);
      settle();
    };
    const last: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (take?.(line)) return;
        log?.(line);
        if (line.trim()) last.push(line);
        if (last.length > 12) last.shift();
      });
    }
    child.once("error", (error) =>
      done(() => reject(new ErrataError(`${python}: ${error.message}`, undefined, "no-python"))),
    );
    child.once("close", (code) =>
      done(() => {
        if (signal?.aborted) reject(signal.reason);
        else if (code === 0) resolve();
        else reject(failure(args, last.join("\n")));
      }),
    );
  });
}

function failure(args: string[], text: string): ErrataError {
  const said = `${args.slice(0, 3).join(" ")} … failed:\n${text}`;
  if (/No space left/i.test(text))
    return new ErrataError(`The disk is full:\n${text}`, "Free some space and try again.", "no-space");
  if (/connection|resolve host|name resolution|timed out|network|SSL|proxy/i.test(text))
    return new ErrataError(
      said,
      "Is the package index reachable? Check the network, a proxy or pip's configuration, and try again: what was fetched is kept.",
      "no-network",
    );
  if (/No matching distribution/i.test(text))
    return new ErrataError(
      said,
      "The package index that pip uses has no such version for this Python. Check pip's configuration, or name another interpreter.",
      "no-wheel",
    );
  return new ErrataError(said, "Try again; what was installed is kept.", "install-failed");
}

/** The same bar for the whole set-up: megabytes fetched of about so many, whatever package is under way. */
export class PipProgress {
  private before = 0;
  private file = { name: "", bytes: 0, size: 0 };
  private packages = 0;
  private detail = "";
  private began: number | undefined;

  constructor(
    /** About how much will be fetched in all, MB. */
    private readonly expected: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes a line of pip. True when it is progress alone, which no log needs. */
  take(line: string): boolean {
    const text = line.trim();
    const raw = /^Progress (\d+) of (\d+)$/.exec(text);
    if (raw) {
      this.file.bytes = Number(raw[1]);
      this.file.size = Math.max(this.file.size, Number(raw[2]));
      return true;
    }
    const [, how, path = "", size, unit] =
      /^(Downloading|Using cached) (\S+?)(?: \(([\d.]+) ?([kMG])B\))?$/.exec(text) ?? [];
    if (how !== undefined) {
      this.next();
      const bytes = Number(size ?? 0) * ({ k: 1e3, M: 1e6, G: 1e9 }[unit ?? "k"] ?? 1);
      const name = (path.split("/").at(-1) ?? "").replace(/-\d.*$/, "");
      this.file = { name, bytes: how === "Downloading" ? 0 : bytes, size: bytes };
      this.began ??= this.now();
      this.detail = `MB, ${name}`;
    } else if (/^Collecting /.test(text)) {
      this.packages++;
      if (this.began === undefined) this.detail = `${this.packages} packages found`;
    } else if (/^Installing collected packages: /.test(text)) {
      this.next();
      const count = text.split(",").length;
      this.detail = `MB, unpacking ${count} ${count === 1 ? "package" : "packages"}`;
    }
    return false;
  }

  progress(stage: string): Progress {
    const fetched = (this.before + this.file.bytes) / 1e6;
    const done = Math.round(fetched);
    const total = Math.max(this.expected, done);
    const seconds = this.began === undefined ? 0 : (this.now() - this.began) / 1000;
    // The first seconds tell nothing: small files come first.
    const left = seconds > 3 && fetched > 5 ? ((total - fetched) / fetched) * seconds : undefined;
    return {
      ...{ stage, done, total },
      ...(left === undefined ? {} : { secondsLeft: left }),
      ...(this.detail ? { detail: this.detail } : {}),
    };
  }

  /** The file under way has come. Without raw progress (pip before 24.1) only its announced size is known. */
  private next(): void {
    this.before += Math.max(this.file.bytes, this.file.size);
    this.file = { name: "", bytes: 0, size: 0 };
  }
}
