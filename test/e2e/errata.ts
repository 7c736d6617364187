import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** Our own command line on a workspace, to its end. Throws what it said when it failed. */
export function errata(workspace: string, ...words: string[]): void {
  const root = process.cwd();
  mkdirSync(join(workspace, ".errata"), { recursive: true });
  const args = [join(root, "dist/cli.js"), ...words, "--workspace", workspace];
  const { status, stderr } = spawnSync(join(root, "node_modules/.bin/node"), args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`errata ${words.join(" ")}: ${stderr}`);
}
