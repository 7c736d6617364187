import { basename } from "node:path";
import type { ImportMapping, ImportPreview, ImportState } from "../protocol/import.js";
import { ErrataError, type Progress, type Report } from "../protocol/types.js";

/** What a person chose, beside what is proposed; null: as proposed. */
export interface ImportChoices {
  /** "" for a role that no column has. */
  mapping: Partial<ImportMapping>;
  set: string | null;
  model: string | null;
  /** A batch's requests; absolute. */
  companion: string | null;
  /** The problem set that has the gold answers; absolute. */
  problems: string | null;
}

/** What a session works with: the steps of an import, and the window's one place for long work. */
export interface ImportTools {
  preview(
    file: string,
    choices: ImportChoices,
    onPreview: (soFar: ImportPreview) => void,
    signal: AbortSignal,
  ): Promise<ImportPreview>;
  /** Resolves with what it did, in words. */
  run(file: string, choices: ImportChoices, report: Report, signal: AbortSignal): Promise<string>;
  /** Long work, with Cancel. Where another is running the person is told, and `job` is not called. */
  start(title: string, job: (report: Report, signal: AbortSignal) => Promise<void>): Promise<unknown>;
  /** Why nothing can be imported here; null when it can. */
  readOnly(): string | null;
}

/** One file on its way into the pool: looked at, its columns named, imported. Nothing is written before `start`. */
export class ImportSession {
  private preview: ImportPreview | null = null;
  private trouble: ImportState["trouble"] = null;
  private progress: ImportState["progress"] = null;
  private ended: ImportState["ended"] = null;
  private looking: AbortController | undefined;
  private running: AbortController | undefined;
  private ending: Promise<void> = Promise.resolve();

  constructor(
    readonly file: string,
    private readonly tools: ImportTools,
    private readonly changed: () => void,
    private choices: ImportChoices = { mapping: {}, set: null, model: null, companion: null, problems: null },
  ) {}

  get state(): ImportState {
    const { set, model, companion, problems } = this.choices;
    return {
      ...{ file: this.file, busy: this.looking !== undefined, preview: this.preview },
      names: { set: set ?? "", model: model ?? "" },
      ...{ companion, problems },
      ...{ progress: this.progress, ended: this.ended, trouble: this.trouble },
      readOnly: this.tools.readOnly(),
    };
  }

  /** What people call the work. */
  get title(): string {
    return `Importing ${basename(this.file)}`;
  }

  get importing(): boolean {
    return this.running !== undefined;
  }

  /** It ended before the file did, as a person wished. */
  get cancelled(): boolean {
    return this.ended?.words === CANCELLED;
  }

  /** Resolves when nothing is imported. */
  get idle(): Promise<void> {
    return this.ending;
  }

  choose(more: Partial<ImportChoices>): Promise<void> {
    this.choices = { ...this.choices, ...more };
    return this.importing ? Promise.resolve() : this.look();
  }

  /** A newer look ends an older one; what was found stays until the new is there. */
  async look(): Promise<void> {
    this.looking?.abort();
    const controller = new AbortController();
    this.looking = controller;
    const { signal } = controller;
    const show = (preview: ImportPreview): void => {
      if (signal.aborted) return;
      this.preview = preview;
      this.trouble = null;
      this.changed();
    };
    this.changed();
    try {
      show(await this.tools.preview(this.file, this.choices, show, signal));
    } catch (error) {
      if (!signal.aborted) this.trouble = troubleOf(error);
    }
    if (this.looking !== controller) return;
    this.looking = undefined;
    this.changed();
  }

  /** Resolves when it has ended, however it did. */
  start(): Promise<void> {
    if (!this.importing) this.ending = this.import();
    return this.ending;
  }

  private async import(): Promise<void> {
    if (this.tools.readOnly() !== null || this.preview?.trouble !== null) return;
    // Its counts would change while the pool does.
    this.stopLooking();
    const controller = new AbortController();
    this.running = controller;
    this.ended = null;
    this.progress = { done: 0, total: null, stage: "Starting" };
    this.changed();
    const end = await this.run(controller.signal);
    this.running = undefined;
    this.progress = null;
    this.ended = end;
    this.changed();
  }

  /** null: it did not begin. */
  private async run(cancelled: AbortSignal): Promise<ImportState["ended"]> {
    let end: ImportState["ended"] = null;
    // What is shown is what is imported, and remembered.
    const mapping = this.preview?.mapping?.chosen ?? {};
    const began = performance.now();
    await this.tools.start(this.title, async (report, signal) => {
      const both = AbortSignal.any([signal, cancelled]);
      const tell = (now: Progress): void => {
        const timed = withTimeLeft(now, (performance.now() - began) / 1000);
        report(timed);
        this.progress = progressOf(timed);
        this.changed();
      };
      try {
        end = { words: await this.tools.run(this.file, { ...this.choices, mapping }, tell, both), ok: true };
      } catch (error) {
        // The page tells it; a message of the window's would be the second.
        end = { words: both.aborted ? CANCELLED : failed(error), ok: false };
        // Stopped elsewhere: the window says that it did.
        signal.throwIfAborted();
      }
    });
    return end;
  }

  cancel(): void {
    this.running?.abort();
  }

  stopLooking(): void {
    this.looking?.abort();
    this.looking = undefined;
  }
}

function progressOf({ done, total, stage, secondsLeft }: Progress): NonNullable<ImportState["progress"]> {
  return {
    ...{ done, total: total > 0 ? total : null, stage },
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
  };
}

/** The first seconds tell little of the rest. */
const SOON = 2;

/** @param seconds since it began */
function withTimeLeft(now: Progress, seconds: number): Progress {
  const { done, total, secondsLeft } = now;
  if (secondsLeft !== undefined || seconds < SOON || done === 0 || total <= done) return now;
  return { ...now, secondsLeft: (seconds * (total - done)) / done };
}

const CANCELLED = "Cancelled. What was stored stays; going on adds what is missing.";

function failed(error: unknown): string {
  const { message, advice } = troubleOf(error);
  return [message, advice, "What was stored stays."].filter(Boolean).join(" ");
}

function troubleOf(error: unknown): NonNullable<ImportState["trouble"]> {
  if (error instanceof ErrataError) {
    const { message, hint, code } = error;
    return { message, advice: hint ?? "", ...(code !== undefined && { code }) };
  }
  return { message: error instanceof Error ? error.message : String(error), advice: "" };
}
