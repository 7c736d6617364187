import { constants } from "node:fs";
import { access, mkdir, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ErrataError } from "../protocol/types.js";

/** What a workspace's `.errata` folder keeps out of version control: what is large or belongs to one machine. */
const IGNORED = `# Written by Errata: what is large, or belongs to this machine. Recipes, events and logs of runs stay visible.
pool.sqlite*
backups/
runs/*/checkpoints/
runs/*/model/
runs/*/rollouts/
runs/*/heartbeat.json
models/
`;

/** `f_type` of file systems where locks or shared memory cannot be trusted, so that WAL does not work. statfs(2). */
const NETWORK = new Map<number, string>([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x65735546, "FUSE"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x19830326, "BeeGFS"],
  [0x786f4256, "VirtualBox share"],
]);

export interface Location {
  /** `<workspace>/.errata`. */
  folder: string;
  /** `<workspace>/.errata/pool.sqlite`. */
  file: string;
  exists: boolean;
  writable: boolean;
  /** Name of the network file system it lies on; null for a local one. */
  network: string | null;
}

/** Name of the network file system behind `statfs`'s type, null for a local one. */
export function networkName(type: number | bigint): string | null {
  return NETWORK.get(Number(BigInt.asUintN(32, BigInt(type)))) ?? null;
}

/** Where a workspace's pool lies, and what can be done there. Makes `.errata` where it may. */
export async function locate(workspace: string, mayWrite: boolean): Promise<Location> {
  const folder = join(workspace, ".errata");
  const file = join(folder, "pool.sqlite");
  if (!(await isFolder(workspace))) {
    throw new ErrataError(
      `The workspace ${workspace} is not a folder.`,
      "Name an existing folder; the error pool is made inside it.",
      "no-folder",
    );
  }
  let writable = mayWrite && (await makeFolder(folder));
  const exists = await may(file, constants.R_OK);
  if (exists && writable) writable = await may(file, constants.W_OK);
  return { folder, file, exists, writable, network: exists || writable ? await network(folder) : null };
}

/** Makes `.errata` with its `.gitignore`; false where that is not allowed. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    await writeFile(join(folder, ".gitignore"), IGNORED, { flag: "wx" }).catch(ignoreExisting);
    return true;
  } catch {
    return false;
  }
}

async function network(folder: string): Promise<string | null> {
  if (process.platform !== "linux") return null;
  return networkName((await statfs(folder)).type);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
