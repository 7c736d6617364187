import { ErrataError } from "../protocol/types.js";

/** Of one attempt: the person's correction, the model's, and the solution that failed. Only the first can be written. */
export type CorrectionKind = "correction" | "model" | "failed";
export interface CorrectionPlace {
  kind: CorrectionKind;
  attemptId: number;
}

/** Markdown: its grammar colours `$…$`, long lines wrap, and nothing tries to compile it when it is saved. */
const PATH = /^\/(correction|model|failed)-([1-9]\d{0,14})\.md$/;

export const pathOf = ({ kind, attemptId }: CorrectionPlace): string => `/${kind}-${attemptId}.md`;

export function placeOf(path: string): CorrectionPlace | undefined {
  const [, kind, id] = PATH.exec(path) ?? [];
  return kind === undefined ? undefined : { kind: kind as CorrectionKind, attemptId: Number(id) };
}

/** What the pool has on one attempt. Times are in milliseconds since 1970. */
export interface StoredCorrection {
  /** This person's own, as stored; null where there is none. */
  own: string | null;
  /** When it was said or taken back; null: never. */
  ownAt: number | null;
  /** The newest reflection's; null where there is none. */
  model: string | null;
  failed: string;
  attemptAt: number;
}

export interface CorrectionStore {
  /** Nothing may be stored (Restricted Mode). */
  readonly readOnly: boolean;
  /** Undefined where the pool has no such attempt. Rejects with an ErrataError that says why. */
  read(attemptId: number): Promise<StoredCorrection | undefined>;
  /** null takes the earlier one back. */
  write(attemptId: number, text: string | null): Promise<void>;
}

interface Known {
  stored: string | null;
  model: string | null;
  readOnly: boolean;
  /** What the document holds: the stored text with the white space around it that a person left there. */
  text: string;
}

/** Corrections as files: what an editor reads and writes is the annotation in the pool, and nothing else. */
export class CorrectionFiles {
  /** Of corrections that were read since they were opened. */
  private readonly known = new Map<number, Known>();

  constructor(private readonly store: CorrectionStore) {}

  /** `mtime` in milliseconds since 1970: when the correction was last said, in this window or another. */
  async stat(path: string): Promise<{ size: number; mtime: number; readOnly: boolean }> {
    const { text, mtime, readOnly } = await this.look(path);
    return { size: new TextEncoder().encode(text).length, mtime, readOnly };
  }

  async read(path: string): Promise<Uint8Array> {
    return new TextEncoder().encode((await this.look(path)).text);
  }

  /** Stores the correction; a text of white space alone takes it back. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const { kind, attemptId } = named(path);
    if (kind !== "correction") {
      throw new ErrataError(
        kind === "model" ? "The model's own correction is kept." : "The solution is kept as it was sampled.",
        "Write into your correction, beside it.",
        "read-only",
      );
    }
    if (this.store.readOnly) {
      throw new ErrataError(
        "This workspace is in Restricted Mode, where no correction is stored.",
        "Trust it if you know who made its files; what you typed stays in the editor until then.",
        "untrusted",
      );
    }
    const text = new TextDecoder().decode(bytes);
    const value = text.replace(/\r\n?/g, "\n").trim() || null;
    const before = await this.stored(attemptId);
    if (value !== before.own) await this.store.write(attemptId, value);
    this.known.set(attemptId, { stored: value, model: before.model, readOnly: false, text });
  }

  /** Forgets what the document of a correction held: it was closed. */
  closed(attemptId: number): void {
    this.known.delete(attemptId);
  }

  /** Paths of open corrections that say something else now than what was read here, or may be written now. */
  async changed(): Promise<string[]> {
    const paths: string[] = [];
    for (const [attemptId, known] of [...this.known]) {
      const stored = await this.store.read(attemptId).catch(() => undefined);
      const same =
        stored && stored.own === known.stored && (stored.own !== null || stored.model === known.model);
      if (!same || known.readOnly !== this.store.readOnly)
        paths.push(pathOf({ kind: "correction", attemptId }));
    }
    return paths;
  }

  private async look(path: string): Promise<{ text: string; mtime: number; readOnly: boolean }> {
    const { kind, attemptId } = named(path);
    const stored = await this.stored(attemptId);
    const fixed = { mtime: stored.attemptAt, readOnly: true };
    if (kind === "failed") return { text: stored.failed, ...fixed };
    if (kind === "model") return { text: stored.model ?? "", ...fixed };
    const { readOnly } = this.store;
    const before = this.known.get(attemptId);
    const same = before?.stored === stored.own && (stored.own !== null || before.model === stored.model);
    const text = same ? before.text : (stored.own ?? stored.model ?? "");
    this.known.set(attemptId, { stored: stored.own, model: stored.model, readOnly, text });
    return { text, mtime: stored.ownAt ?? stored.attemptAt, readOnly };
  }

  private async stored(attemptId: number): Promise<StoredCorrection> {
    const stored = await this.store.read(attemptId);
    if (stored) return stored;
    throw new ErrataError(
      `The error pool of this folder has no attempt ${attemptId}.`,
      "Close this editor, and open the correction from the Review panel (Shift+E).",
      "no-attempt",
    );
  }
}

function named(path: string): CorrectionPlace {
  const place = placeOf(path);
  if (place) return place;
  throw new ErrataError(
    `${path} is no correction.`,
    "Open one from the Review panel (Shift+E).",
    "no-attempt",
  );
}
