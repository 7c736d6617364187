import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";

/** An extension that stands beside ours in a benchmark's window, as a VSIX in `folder`; `name` is its built file's. */
export async function vsixOf(name: string, folder: string, manifest: object = {}): Promise<string> {
  const file = join(folder, `.${name}`, `${name}.vsix`);
  mkdirSync(join(folder, `.${name}`));
  const zip = new ZipFile();
  const whole = {
    ...{ name, publisher: "errata-bench", version: "1.0.0", engines: { vscode: "^1.100.0" } },
    ...{ main: `./${name}.cjs`, activationEvents: ["onStartupFinished"], extensionKind: ["workspace"] },
    ...manifest,
  };
  zip.addBuffer(Buffer.from(JSON.stringify(whole)), "extension/package.json");
  zip.addFile(`dist/bench/${name}.cjs`, `extension/${name}.cjs`);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
  return file;
}
