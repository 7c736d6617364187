import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { installationFolder } from "../../src/protocol/paths.js";

export interface Source {
  /** Relative to the repository, with slashes. */
  file: string;
  text: string;
  /** Files of ours that it imports (types included), relative to the repository, without their ending. */
  imports: string[];
  /** Packages that it imports or requires. */
  packages: string[];
}

/** Every TypeScript source below the given folders (or the given files). */
export function sources(...places: string[]): Source[] {
  return places.flatMap((place) =>
    /\.ts$/.test(place)
      ? [read(place)]
      : readdirSync(join(installationFolder(), place), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".ts") && !name.includes("generated"))
          .map((name) => read(posix.join(place, name.replaceAll("\\", "/")))),
  );
}

function read(file: string): Source {
  const text = readFileSync(join(installationFolder(), file), "utf8");
  const named = [
    ...text.matchAll(/^(?:import|export)\b[^"';]*?\bfrom\s+"([^"]+)"/gm),
    ...text.matchAll(/^import\s+"([^"]+)"/gm),
    ...text.matchAll(/\b(?:import|require)\(\s*"([^"]+)"\s*\)/g),
  ].map(([, name]) => name ?? "");
  const local = named.filter((name) => name.startsWith("."));
  return {
    file,
    text,
    imports: local.map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, "")),
    packages: named.filter((name) => !name.startsWith(".")),
  };
}
