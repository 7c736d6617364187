import type { Database } from "sqlite3";
import { ErrataError } from "../protocol/types.js";

export type SqlValue = string | number | boolean | null | Buffer;
export type Row = Record<string, unknown>;

/**
 * One connection to one SQLite file, with promises. `serialize()`d: the driver runs statements on a thread pool,
 * and without it two statements of one connection could overtake each other.
 */
export class Connection {
  private constructor(
    private readonly db: Database,
    readonly file: string,
  ) {}

  /**
   * @param mode `create` makes the file when it is not there; `immutable` reads a file that nobody can write, in a
   * folder where SQLite cannot put its own files either.
   */
  static async open(file: string, mode: "create" | "write" | "read" | "immutable"): Promise<Connection> {
    const sqlite = await driver();
    const flags = {
      create: sqlite.OPEN_READWRITE | sqlite.OPEN_CREATE | sqlite.OPEN_FULLMUTEX,
      write: sqlite.OPEN_READWRITE | sqlite.OPEN_FULLMUTEX,
      read: sqlite.OPEN_READONLY | sqlite.OPEN_FULLMUTEX,
      immutable: sqlite.OPEN_READONLY | sqlite.OPEN_URI | sqlite.OPEN_FULLMUTEX,
    }[mode];
    const name = mode === "immutable" ? `${fileUri(file)}?immutable=1` : file;
    return new Promise((resolve, reject) => {
      const db = new sqlite.Database(name, flags, (error) => {
        if (error) return reject(explain(error, file));
        db.serialize();
        // Another window may be writing: wait for it rather than fail.
        db.configure("busyTimeout", 15_000);
        // 16 MB of pages: the inner ones of a large pool's indexes. What is wrong with a file shows in the next statement.
        db.run("PRAGMA cache_size = -16000", () => resolve(new Connection(db, file)));
      });
    });
  }

  /** Runs one statement; the id of the row it inserted and how many rows it changed. */
  run(sql: string, ...params: SqlValue[]): Promise<{ id: number; changes: number }> {
    return new Promise((resolve, reject) => {
      const file = this.file;
      this.db.run(sql, params, function (error) {
        if (error) reject(explain(error, file));
        else resolve({ id: this.lastID, changes: this.changes });
      });
    });
  }

  all(sql: string, ...params: SqlValue[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.db.all<Row>(sql, params, (error, rows) =>
        error ? reject(explain(error, this.file)) : resolve(rows),
      );
    });
  }

  async get(sql: string, ...params: SqlValue[]): Promise<Row | undefined> {
    return (await this.all(sql, ...params))[0];
  }

  /** Several statements without parameters. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.db.exec(sql, (error) => (error ? reject(explain(error, this.file)) : resolve()));
    });
  }

  /** One integer pragma, e.g. `user_version`. */
  async pragma(name: string): Promise<number> {
    const row = await this.get(`PRAGMA ${name}`);
    return Number(row ? Object.values(row)[0] : 0);
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.db.close((error) => (error ? reject(explain(error, this.file)) : resolve()));
    });
  }
}

/** The native driver, loaded at first use: nothing native loads while the editor starts. */
async function driver(): Promise<typeof import("sqlite3")> {
  try {
    const loaded: unknown = await import("sqlite3");
    return (loaded as { default: typeof import("sqlite3") }).default;
  } catch (error) {
    throw new ErrataError(
      `SQLite could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      "The error pool needs the native module of this platform. Install the Errata package made for it, or run `npm rebuild sqlite3`.",
      "no-sqlite",
    );
  }
}

function fileUri(file: string): string {
  return `file:${encodeURI(file.replaceAll("\\", "/")).replaceAll("?", "%3f").replaceAll("#", "%23")}`;
}

/** What a person can do about an error of SQLite's. Our own errors pass through. */
function explain(error: Error & { code?: string }, file: string): ErrataError {
  switch (error.code) {
    case "SQLITE_NOTADB":
    case "SQLITE_CORRUPT":
      return new ErrataError(
        `The error pool ${file} is damaged or is no SQLite database (${error.message}). Nothing was overwritten.`,
        "Move the file away to begin a new pool, or put a backup in its place (.errata/backups, `errata pool backup`).",
        "corrupt-pool",
      );
    case "SQLITE_READONLY":
      return readOnly(file);
    case "SQLITE_MISUSE":
      return closed(file);
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return new ErrataError(
        `The error pool ${file} was kept busy by another window or program.`,
        "Wait for its work to end, then try again.",
        "pool-busy",
      );
    case "SQLITE_FULL":
      return new ErrataError(
        `There is no room left for the error pool ${file}.`,
        "Free some disk space; what was stored before is safe.",
        "disk-full",
      );
    case "SQLITE_CANTOPEN":
    case "SQLITE_PERM":
      return new ErrataError(
        `The error pool ${file} could not be opened (${error.message}).`,
        "Check that this user may read and write the folder .errata of the workspace.",
        "pool-unreachable",
      );
    default:
      return new ErrataError(`The error pool ${file} reports: ${error.message}`, undefined, "pool");
  }
}

export function readOnly(file: string): ErrataError {
  return new ErrataError(
    `The workspace cannot be written, so its error pool ${file} can only be read.`,
    "Make the folder writable for this user, or copy the workspace to a place that is; then open it again.",
    "read-only",
  );
}

export function closed(file: string): ErrataError {
  return new ErrataError(`The error pool ${file} is closed.`, undefined, "pool-closed");
}
