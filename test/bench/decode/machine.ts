import { cpus, totalmem } from "node:os";
import type { Machine } from "./results.js";

/** What the figures were measured on. No name of the machine: the page is public. */
export function machine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${process.arch}`,
    versions: { node: process.version },
  };
}
