import type { KeptFile } from "./kept-file.js";

/** Name ("edit 12": field and attempt) and text. */
type Text = [string, string];

/** What was written in the Review page and not saved. It outlives the page, which a hidden tab or a closing window ends. */
export class UnsavedTexts {
  private texts: Promise<Map<string, string>> | undefined;

  constructor(private readonly file: Pick<KeptFile<Text[]>, "read" | "write">) {}

  /** null: it was saved, or given up. Resolves once it is in the file. */
  async put(name: string, text: string | null): Promise<void> {
    const texts = await this.read();
    // The newest stands last.
    texts.delete(name);
    if (text !== null) texts.set(name, text);
    await this.file.write([...texts]);
  }

  /** It is stored, unless more was written since; a page that is gone by now does not say so. */
  async stored(name: string, text: string): Promise<void> {
    if ((await this.read()).get(name) === text) await this.put(name, null);
  }

  async all(): Promise<Text[]> {
    return [...(await this.read())];
  }

  private read(): Promise<Map<string, string>> {
    this.texts ??= this.file.read().then((kept) => new Map(Array.isArray(kept) ? kept.filter(isText) : []));
    return this.texts;
  }
}

const isText = (kept: unknown): kept is Text =>
  Array.isArray(kept) && kept.length === 2 && kept.every((part) => typeof part === "string");
