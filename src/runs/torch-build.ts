import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { type PythonInfo, TORCH } from "./python.js";

/** Which torch this machine should have, and what it costs. */
export interface TorchBuild {
  /** What to ask pip for, best first; the next one only where the index has no such build. */
  specs: string[];
  /** GiB that the whole environment needs while it is made. */
  room: number;
  /** MB that are fetched for it, about. */
  download: number;
  /** "CPU" or "CUDA". */
  name: string;
}

/** Measured: 366 MB fetched, 1.6 GB on the disk when it is done. */
const CPU = { room: 3, download: 370, name: "CPU" };
/** Estimated: PyTorch's own wheel for Linux brings NVIDIA's libraries as further packages. */
const CUDA = { room: 12, download: 4000, name: "CUDA" };

/**
 * With an NVIDIA driver, or where a person names an index of their own: torch as it comes. Without one: the CPU build
 * where pip's own configuration knows of it (PyTorch names it by the local version "+cpu"), else as it comes, which on
 * Linux is the large one.
 */
export function torchBuild(
  driver: boolean,
  index: string | undefined,
  platform = process.platform,
): TorchBuild {
  if (index !== undefined) return { specs: [TORCH], ...(driver ? CUDA : CPU) };
  if (platform !== "linux") return { specs: [TORCH], ...CPU };
  if (driver) return { specs: [TORCH], ...CUDA };
  return { specs: [`${TORCH}+cpu`, TORCH], ...CPU };
}

/** What the build that comes without being asked for needs on Linux. */
export const LARGE_ROOM = CUDA.room;

/** Has an interpreter torch's build for the CPU alone? */
export const isForCpu = (info: PythonInfo | undefined): boolean =>
  info?.packages.torch?.endsWith("+cpu") ?? false;

/** Is there an NVIDIA driver that answers? */
export async function hasDriver(): Promise<boolean> {
  if (existsSync("/proc/driver/nvidia/version")) return true;
  return new Promise((resolve) => {
    execFile("nvidia-smi", ["-L"], { timeout: 10_000 }, (error, stdout) =>
      resolve(error === null && /GPU \d/.test(stdout)),
    );
  });
}
