import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Where this installation lies: the folder that holds `dist`, `prompts`, `demo`, `schemas` and `trainer`, be it a
 * checkout, an installed extension or, in unit tests, the sources. Found from this file, never from the working
 * directory, which belongs to the user.
 */
export function installationFolder(): string {
  // Bundled, __dirname is `dist`; under vitest, which runs the sources, it is `src/protocol`.
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const up = dirname(folder);
    if (up === folder) throw new Error(`No package.json above ${__dirname}: the installation is incomplete`);
    folder = up;
  }
  return folder;
}

/** A file that the build wrote, e.g. `inference-worker.js`. */
export function distFile(name: string): string {
  return join(installationFolder(), "dist", name);
}

/** A file that ships beside the build, e.g. `demo/model`. */
export function assetFile(relative: string): string {
  return join(installationFolder(), relative);
}
