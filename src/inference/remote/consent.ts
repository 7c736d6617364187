import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type Endpoint, ErrataError } from "../../protocol/types.js";
import { hostOf, originOf } from "./endpoint.js";

/**
 * Servers to which this person has agreed to send prompts, by origin. Kept in the person's own folder and never in the
 * workspace: a cloned one names servers of somebody else's choice in its models.json.
 */
export class KnownServers {
  constructor(private readonly file = join(homedir(), ".errata", "endpoints.json")) {}

  async has(url: string): Promise<boolean> {
    return (await this.read()).includes(originOf(url));
  }

  async add(url: string): Promise<void> {
    const origins = await this.read();
    if (origins.includes(originOf(url))) return;
    await mkdir(dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${randomUUID()}.tmp`;
    await writeFile(temporary, `${JSON.stringify({ origins: [...origins, originOf(url)] }, null, 2)}\n`);
    await rename(temporary, this.file);
  }

  /** A file that is missing or damaged knows nobody: each server is asked about again. */
  private async read(): Promise<string[]> {
    try {
      const { origins } = JSON.parse(await readFile(this.file, "utf8")) as { origins: unknown };
      return Array.isArray(origins) ? origins.filter((each) => typeof each === "string") : [];
    } catch {
      return [];
    }
  }
}

/** What a person should know before the first prompt goes there. */
export function consentText({ url, model }: Endpoint): string {
  return `Problems, solutions and prompts are sent to ${originOf(url)}, for the model ${model}, as plain text that whoever runs that server can read.`;
}

export function notAllowed({ url, model }: Endpoint): ErrataError {
  return new ErrataError(
    `Nothing was sent to ${hostOf(url)}: this workspace's models.json names it, and you have not agreed to use it.`,
    `If you know that server, add it yourself: \`errata models add ${url} --model ${model}\`, or Errata: Add Model… in the editor.`,
    "endpoint-consent",
  );
}
