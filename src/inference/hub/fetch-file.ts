import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ReadableStream } from "node:stream/web";
import { setTimeout as sleep } from "node:timers/promises";
import { ErrataError } from "../../protocol/types.js";
import { type HubAccess, type HubFile, type Repository, statusError, unreachable } from "./repository.js";

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** Bytes of this file that are there, after each piece. */
  onBytes?: ((done: number) => void) | undefined;
  /** A connection that brings nothing for so long is given up, and the rest asked for anew. ms */
  stallMs?: number | undefined;
  /** Pause before the first repetition; doubled each time. ms */
  pauseMs?: number | undefined;
}

/** Repetitions in a row that bring nothing new before it is given up. */
const TRIES = 5;

/** The content came whole and is not what the hub says it is. */
class WrongContent extends Error {}

/**
 * Downloads one file of a repository to `target`: first into `<target>.<content id>.part`, which an interruption
 * leaves and the next call goes on with; checked by size and by SHA-256 or Git's id; renamed last. A file that changed
 * meanwhile has another id, so its bytes are never glued to these. Rejects with "hub-auth", "hub-not-found",
 * "hub-unreachable", "hub-damaged" or "disk-full".
 */
export async function fetchFile(
  access: HubAccess,
  repository: Repository,
  file: HubFile,
  target: string,
  options: FetchOptions = {},
): Promise<void> {
  const { signal, onBytes = () => {}, pauseMs = 500 } = options;
  const content = file.sha256 ?? file.oid;
  const part = `${target}.${content?.slice(0, 12) ?? "new"}.part`;
  await mkdir(dirname(target), { recursive: true });
  await removeOthers(part, target);
  // Without an id nothing says that what is there belongs to the same file.
  if (content === undefined) await rm(part, { force: true });

  let failures = 0;
  let wrong = 0;
  for (;;) {
    const before = await sizeOf(part);
    try {
      await fetchRest(access, repository, file, part, options);
      await rename(part, target);
      onBytes(file.bytes);
      return;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof ErrataError && error.code !== "hub-unreachable") throw error;
      if (isFull(error)) throw diskFull(target);
      if (error instanceof WrongContent) {
        await rm(part, { force: true });
        if (++wrong > 1) throw damaged(access, repository, file);
        continue;
      }
      const brought = (await sizeOf(part)) > before;
      failures = brought ? 0 : failures + 1;
      if (failures >= TRIES) throw error instanceof ErrataError ? error : unreachable(access, error);
      await sleep(pauseMs * 2 ** failures, undefined, signal ? { signal } : {});
    }
  }
}

/** From where the part ends to the file's end. */
async function fetchRest(
  access: HubAccess,
  { id, commit }: Repository,
  file: HubFile,
  part: string,
  { signal, onBytes = () => {}, stallMs = 60_000 }: FetchOptions,
): Promise<void> {
  let have = await sizeOf(part);
  if (have > file.bytes) {
    await rm(part, { force: true });
    have = 0;
  }
  let hash = await contentHash(file, part, have);
  if (have < file.bytes || file.bytes === 0) {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs);
    try {
      const response = await fetch(
        `${access.url}/${id}/resolve/${commit}/${file.path.split("/").map(encodeURIComponent).join("/")}`,
        {
          headers: {
            // Lengths and offsets are the file's own only where nothing is compressed on the way.
            "accept-encoding": "identity",
            ...(have > 0 ? { range: `bytes=${have}-` } : {}),
            ...(access.token ? { authorization: `Bearer ${access.token}` } : {}),
          },
          signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
        },
      );
      if (response.status === 416) throw new WrongContent();
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        throw statusError(access, response.status === 404 ? `${id}/${file.path}` : id, response.status);
      }
      if (have > 0 && !continues(response, have, file.bytes)) {
        // The whole file was sent, or another one: begin again.
        have = 0;
        hash = await contentHash(file, part, 0);
      }
      // Piece by piece, so that what came before an interruption is on the disk when it is taken up.
      const out = await open(part, have > 0 ? "a" : "w");
      try {
        let done = have;
        for await (const piece of response.body as ReadableStream<Uint8Array>) {
          timer.refresh();
          done += piece.length;
          if (done > file.bytes) throw new WrongContent();
          hash?.update(piece);
          await out.writeFile(piece);
          onBytes(done);
        }
      } finally {
        await out.close();
      }
    } finally {
      clearTimeout(timer);
    }
  }
  const size = await sizeOf(part);
  if (size < file.bytes) throw new Error(`the connection ended after ${size} of ${file.bytes} bytes`);
  if (hash && hash.digest("hex") !== (file.sha256 ?? file.oid)) throw new WrongContent();
}

/** Does this answer begin where the part ends, and is it of a file of this size? */
function continues(response: Response, have: number, bytes: number): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  return (
    response.status === 206 &&
    Number(range?.[1]) === have &&
    (range?.[2] === "*" || Number(range?.[2]) === bytes)
  );
}

/** A hash that has taken in the first `have` bytes of the part. */
async function contentHash(file: HubFile, part: string, have: number): Promise<Hash | undefined> {
  if (file.sha256 === undefined && file.oid === undefined) return undefined;
  const hash = createHash(file.sha256 === undefined ? "sha1" : "sha256");
  if (file.sha256 === undefined) hash.update(`blob ${file.bytes}\0`);
  if (have > 0)
    for await (const chunk of createReadStream(part, { end: have - 1 })) hash.update(chunk as Buffer);
  return hash;
}

/** Parts of an earlier content of the same file are of no use any more. */
async function removeOthers(part: string, target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    const id = name.startsWith(`${basename(target)}.`) ? name.slice(basename(target).length) : "";
    if (/^\.[0-9a-z]{3,12}\.part$/.test(id) && name !== basename(part))
      await rm(join(dirname(target), name), { force: true });
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

const isFull = (error: unknown) => ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");

function diskFull(target: string): ErrataError {
  return new ErrataError(
    `The disk became full while ${basename(target)} was written to ${dirname(target)}`,
    "Free some space and try again: it goes on where it stopped.",
    "disk-full",
  );
}

function damaged(access: HubAccess, { id }: Repository, { path }: HubFile): ErrataError {
  return new ErrataError(
    `${path} of ${id} came twice with a content that is not the one ${access.url} announces`,
    "Something on the way changes files (a proxy, a mirror). Try another network, or download the folder otherwise and add it.",
    "hub-damaged",
  );
}
