/** What is being written crosses to the host no more often than this. Milliseconds. */
const SEND_MS = 200;

export type DraftField = "edit" | "note";

const nameOf = (field: DraftField, attemptId: number): string => `${field} ${attemptId}`;

/**
 * Texts that were left unsaved, by field and attempt. The host keeps them: it gives them back to a page that is made
 * anew, in this window or the next.
 */
export class Drafts {
  private readonly texts = new Map<string, string>();
  private readonly unsent = new Set<string>();
  private sending: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (name: string, text: string | null) => void) {}

  get(field: DraftField, attemptId: number): string | undefined {
    return this.texts.get(nameOf(field, attemptId));
  }

  /** A text that says what is stored is no draft. */
  put(field: DraftField, attemptId: number, text: string, stored: string): void {
    this.set(nameOf(field, attemptId), text === stored ? undefined : text);
  }

  delete(field: DraftField, attemptId: number): void {
    this.set(nameOf(field, attemptId), undefined);
  }

  /** What the host kept. What was written here meanwhile is newer. */
  take(kept: readonly (readonly [string, string])[]): void {
    for (const [name, text] of kept) {
      if (!this.texts.has(name) && !this.unsent.has(name)) this.texts.set(name, text);
    }
  }

  /** To the host, now: the page may be gone in a moment. */
  flush(): void {
    clearTimeout(this.sending);
    this.sending = undefined;
    const names = [...this.unsent];
    this.unsent.clear();
    for (const name of names) this.send(name, this.texts.get(name) ?? null);
  }

  private set(name: string, text: string | undefined): void {
    if (this.texts.get(name) === text) return;
    if (text === undefined) this.texts.delete(name);
    else this.texts.set(name, text);
    this.unsent.add(name);
    this.sending ??= setTimeout(() => this.flush(), SEND_MS);
  }
}
