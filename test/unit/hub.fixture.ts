import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, posix } from "node:path";

/** Files of one stand-in repository, by path. Those of `large` names are served as the hub serves large files. */
export type Content = Record<string, Buffer>;

interface Request {
  path: string;
  range: string | undefined;
  authorization: string | undefined;
  host: "hub" | "storage";
}

/**
 * A stand-in for the hub on two local ports, as the hub has two hosts: the listing and small files on one, large files
 * after a redirect on the other. Real HTTP, with Range, ETag, paging and the hub's own error codes.
 */
export class StandInHub {
  readonly requests: Request[] = [];
  /** Id → commit → content. `main` is the last commit. */
  private readonly repositories = new Map<string, Map<string, Content>>();
  /** What the next answers with a large file's bytes do. */
  readonly faults = {
    /** The connection is cut after so many bytes of each answer. */
    cutAfter: undefined as number | undefined,
    /** How many answers are cut; then it works. */
    cuts: 0,
    ignoreRange: false,
    /** Other bytes than announced. */
    corrupt: 0,
    /** Bytes a second at most. */
    pace: undefined as number | undefined,
    /** Answers of this status come instead of the next `refusals` ones. */
    status: 503,
    refusals: 0,
  };
  /** Repositories that need this token. */
  readonly gated = new Map<string, string>();

  private constructor(
    private readonly hub: Server,
    private readonly storage: Server,
  ) {}

  static async start(): Promise<StandInHub> {
    const hub = createServer((request, response) => standIn.answer(request, response));
    const storage = createServer((request, response) => standIn.blob(request, response));
    for (const server of [hub, storage])
      await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const standIn = new StandInHub(hub, storage);
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  /** A new commit of a repository. Returns its id. */
  put(id: string, content: Content): string {
    const commits = this.repositories.get(id) ?? new Map<string, Content>();
    const digest = createHash("sha1").update(`${id} ${commits.size}`);
    for (const [path, bytes] of Object.entries(content)) digest.update(path).update(bytes);
    const commit = digest.digest("hex");
    commits.delete(commit);
    commits.set(commit, content);
    this.repositories.set(id, commits);
    return commit;
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    this.note(request, url.pathname, "hub");
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(url.pathname);
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const id = api?.[1] ?? file?.[1] ?? "";
    const commits = this.repositories.get(id);
    if (!commits) return void refuse(response, 401, "RepoNotFound", "Invalid username or password.");
    const revision = decodeURIComponent(api?.[3] ?? file?.[2] ?? "");
    const commit = revision === "main" ? [...commits.keys()].at(-1) : revision;
    const content = commits.get(commit ?? "");
    if (!commit || !content)
      return void refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    const secret = this.gated.get(id);
    if (file && secret !== undefined && request.headers.authorization !== `Bearer ${secret}`) {
      const status = request.headers.authorization ? 403 : 401;
      return void refuse(response, status, "GatedRepo", `Access to model ${id} is restricted.`);
    }
    if (api?.[2] === "revision") return void json(response, { _id: "1", id, sha: commit, private: false });
    if (api) return void this.tree(response, url, content);
    const path = decodeURIComponent(file?.[3] ?? "");
    const bytes = content[path];
    if (!bytes) return void refuse(response, 404, "EntryNotFound", "Entry not found");
    if (isLarge(path)) {
      const location = `http://127.0.0.1:${(this.storage.address() as AddressInfo).port}/${id}/${commit}/${path}`;
      response.writeHead(302, { location, "x-linked-etag": `"${sha256(bytes)}"`, "x-repo-commit": commit });
      response.end();
    } else send(request, response, bytes, `"${oid(bytes)}"`);
  }

  /** Two entries a page, so that paging is really used. */
  private tree(response: ServerResponse, url: URL, content: Content): void {
    const folders = new Set(
      Object.keys(content)
        .map((path) => posix.dirname(path))
        .filter((folder) => folder !== "."),
    );
    const all = [
      ...[...folders].map((path) => ({ type: "directory", path, size: 0, oid: "0" })),
      ...Object.entries(content).map(([path, bytes]) => ({
        type: "file",
        path,
        size: bytes.length,
        oid: oid(bytes),
        ...(isLarge(path) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {}),
      })),
    ];
    const from = Number(url.searchParams.get("cursor") ?? 0);
    url.searchParams.set("cursor", String(from + 2));
    if (from + 2 < all.length) response.setHeader("link", `<${url.href}>; rel="next"`);
    json(response, all.slice(from, from + 2));
  }

  private blob(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url ?? "/", this.url).pathname);
    this.note(request, path, "storage");
    const [, owner, name, commit, ...rest] = path.split("/");
    const bytes = this.repositories.get(`${owner}/${name}`)?.get(commit ?? "")?.[rest.join("/")];
    if (!bytes) return void refuse(response, 404, "EntryNotFound", "Entry not found");
    const { faults } = this;
    if (faults.refusals > 0) {
      faults.refusals--;
      return void refuse(response, faults.status, "Later", "not now");
    }
    if (faults.ignoreRange) request.headers.range = undefined;
    let sent = bytes;
    if (faults.corrupt > 0) {
      faults.corrupt--;
      sent = Buffer.from(bytes);
      sent[0] = ((sent[0] ?? 0) + 1) % 256;
    }
    const cut = faults.cuts > 0 ? faults.cutAfter : undefined;
    if (cut !== undefined) faults.cuts--;
    send(request, response, sent, `"${sha256(bytes)}"`, cut, faults.pace);
  }

  private note(request: IncomingMessage, path: string, host: Request["host"]): void {
    const { range, authorization } = request.headers;
    this.requests.push({ path, range, authorization, host });
  }
}

/** The files of a folder as a repository's content, below `under`. */
export function folderContent(folder: string, under = ""): Content {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "errata.json")
      .map(({ name }) => [posix.join(under, name), readFileSync(join(folder, name))]),
  );
}

const isLarge = (path: string) => /\.(?:onnx|onnx_data|data|safetensors)$/.test(path);
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const oid = (bytes: Buffer) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, error: string): void {
  response.writeHead(status, { "content-type": "application/json", "x-error-code": code });
  response.end(JSON.stringify({ error }));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  etag: string,
  cut?: number,
  pace?: number,
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (request.headers.range && from >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` });
    response.end();
    return;
  }
  const body = bytes.subarray(from);
  const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(request.headers.range ? 206 : 200, {
    etag,
    "content-length": body.length,
    "accept-ranges": "bytes",
    ...(request.headers.range ? range : {}),
  });
  const end = cut === undefined ? body.length : Math.min(cut, body.length);
  const piece = pace === undefined ? body.length : Math.max(1, Math.round(pace / 20));
  const next = (at: number): void => {
    if (at >= end) {
      if (cut === undefined) response.end();
      // What was sent gets there first: a reader that is told at once throws away what it has not yet looked at.
      else setTimeout(() => response.destroy(), 100);
      return;
    }
    response.write(body.subarray(at, Math.min(end, at + piece)), () =>
      setTimeout(next, pace ? 50 : 0, at + piece),
    );
  };
  next(0);
}
