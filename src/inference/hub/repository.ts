import { ErrataError } from "../../protocol/types.js";

/** A hub and how to speak to it. */
export interface HubAccess {
  /** Without a slash at the end. */
  url: string;
  /** "hf_…"; sent to the hub alone, never to where it redirects. */
  token?: string;
}

/** One file of a repository. */
export interface HubFile {
  /** Relative to the repository, with slashes. */
  path: string;
  bytes: number;
  /** Of its content, where it is stored as a large file. */
  sha256?: string;
  /** Git's object id: SHA-1 of "blob <bytes>\0" and the content; of a large file that of its pointer. */
  oid?: string;
}

export interface Repository {
  /** "owner/name" */
  id: string;
  /** What was asked for: a branch, a tag or a commit. */
  revision: string;
  /** The commit that it was: every file is fetched from this one, whatever the branch does meanwhile. */
  commit: string;
  files: HubFile[];
}

/** The listing of a repository is small: an answer that takes longer will not come. ms */
const LISTING_MS = 30_000;

/** Hub and token as Hugging Face's own libraries find them: `HF_ENDPOINT`, `HF_TOKEN`. */
export function hubAccess(env: NodeJS.ProcessEnv = process.env, token?: string): HubAccess {
  const url = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  const known = token || env.HF_TOKEN;
  if (known && !known.startsWith("hf_"))
    throw new ErrataError(
      'The Hugging Face token is not one: it does not begin with "hf_"',
      "Copy it from the site's settings, Access Tokens, into HF_TOKEN, or give it when you are asked.",
      "hub-auth",
    );
  return known ? { url, token: known } : { url };
}

/** "owner/name" of an id or of a page's address, with its revision; undefined for anything else. */
export function parseRepository(
  text: string,
  hub = "https://huggingface.co",
): { id: string; revision?: string } | undefined {
  const trimmed = text.trim();
  const page = [hub, "https://huggingface.co", "https://hf.co"].find((url) => trimmed.startsWith(`${url}/`));
  const path = page ? trimmed.slice(page.length + 1).replace(/[?#].*$/, "") : trimmed.replace(/^hf:/, "");
  const found = /^([\w.-]+\/[\w.-]+)(?:\/(?:tree|blob|resolve)\/([^/]+).*)?\/?$/.exec(path);
  if (!found?.[1] || found[1].split("/").some((part) => /^\.+$/.test(part))) return undefined;
  if (!page && found[2] !== undefined) return undefined;
  return found[2] === undefined ? { id: found[1] } : { id: found[1], revision: decodeURIComponent(found[2]) };
}

/**
 * Every file of a repository at a revision, with sizes. Rejects with "hub-auth" (private, gated or misspelt),
 * "hub-not-found", "hub-unreachable".
 */
export async function readRepository(
  access: HubAccess,
  id: string,
  revision = "main",
  signal?: AbortSignal,
): Promise<Repository> {
  const limited: typeof fetch = (input, init) =>
    fetch(input, {
      ...init,
      signal: AbortSignal.any([AbortSignal.timeout(LISTING_MS), ...(signal ? [signal] : [])]),
    });
  const common = {
    hubUrl: access.url,
    fetch: limited,
    ...(access.token ? { accessToken: access.token } : {}),
  };
  // Not with the editor's activation: few windows ask the hub.
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  try {
    const { sha } = await modelInfo({ ...common, name: id, revision, additionalFields: ["sha"] });
    const files: HubFile[] = [];
    for await (const entry of listFiles({ ...common, repo: id, revision: sha, recursive: true })) {
      if (entry.type !== "file") continue;
      files.push({
        path: entry.path,
        bytes: entry.lfs?.size ?? entry.size,
        ...(entry.lfs ? { sha256: entry.lfs.oid } : entry.oid ? { oid: entry.oid } : {}),
      });
    }
    return { id, revision, commit: sha, files };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw hubError(access, id, error);
  }
}

function hubError(access: HubAccess, id: string, error: unknown): unknown {
  if (error instanceof ErrataError) return error;
  // HubApiError of @huggingface/hub.
  if (error instanceof Error && "statusCode" in error && typeof error.statusCode === "number")
    return statusError(access, id, error.statusCode, error.message);
  return unreachable(access, error);
}

/** What an HTTP status of the hub means. `said` is the server's own message. */
export function statusError(access: HubAccess, what: string, status: number, said = ""): ErrataError {
  const page = `${access.url}/${what}`;
  if (status === 401 || status === 403) {
    return new ErrataError(
      access.token
        ? `${what} is not open to this token (${status})`
        : `${what} is private or gated, or there is no such model (${status})`,
      `Where it is gated, accept its terms on ${page}, then give a token that may read it (the site's settings, Access Tokens).`,
      "hub-auth",
    );
  }
  if (status === 404)
    return new ErrataError(
      /revision|invalid rev/i.test(said)
        ? `${what} has no such revision`
        : `There is no model ${what} at ${access.url}`,
      "Check its spelling: OWNER/NAME, as in its page's address.",
      "hub-not-found",
    );
  return new ErrataError(
    status === 429 ? `${access.url} asks for a pause (429)` : `${access.url} answered ${status} for ${what}`,
    "Try again in a few minutes; what was downloaded is kept.",
    "hub-unreachable",
  );
}

export function unreachable({ url }: HubAccess, error: unknown): ErrataError {
  const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } };
  const why =
    name === "TimeoutError" ? "no answer in time" : (cause?.code ?? cause?.message ?? message ?? "no answer");
  return new ErrataError(
    `${url} cannot be reached: ${why}`,
    "Check the network and a proxy; HF_ENDPOINT names another server of the same kind. What was downloaded is kept.",
    "hub-unreachable",
  );
}
