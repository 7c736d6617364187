import { hostOf, originOf } from "../../inference/remote/endpoint.js";
import { Fault, Http, readText } from "../../inference/remote/http.js";
import { ErrataError } from "../../protocol/types.js";
import type { JobStatus } from "./cluster-file.js";

/** Train V2, whose workers ray_driver.py counts on, is Ray's own since 2.51; tested with 2.60.0. */
const OLDEST = [2, 51] as const;
/** The answer of a dashboard that has nothing to compute. */
const PATIENCE_MS = 60_000;
/** Files are sent through the head node's memory: a large package takes a while until the answer. */
const UPLOAD_MS = 600_000;

export interface Job {
  status: JobStatus;
  /** Ray's own words, and the last lines of the driver's log when it failed. */
  message: string | null;
  driver_node_id: string | null;
}

export interface Submission {
  submission_id: string;
  entrypoint: string;
  runtime_env: Record<string, unknown>;
  metadata: Record<string, string>;
}

/** Resources of a whole cluster, by Ray's names: CPU, GPU. */
export type Resources = Readonly<Record<string, number>>;

/**
 * Ray's REST APIs behind the dashboard's one address: Jobs (submit, status, stop), packages (the working directory)
 * and the State API's log files, through which results come back.
 */
export class RayApi {
  private readonly http = new Http();
  readonly base: string;

  constructor(
    address: string,
    private readonly token: string | undefined,
    private readonly signal?: AbortSignal,
  ) {
    this.base = clusterAddress(address);
  }

  /** Ray's version there. Refuses what is no Ray, or one that is too old. */
  async version(): Promise<string> {
    const said = (await this.get("/api/version")) as { ray_version?: unknown } | null;
    const version = said?.ray_version;
    if (typeof version !== "string") throw notRay(this.base, "the answer names no version of Ray");
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
      throw new ErrataError(
        `The cluster at ${hostOf(this.base)} has Ray ${version}; runs need ${OLDEST.join(".")} or newer.`,
        "Update Ray on the cluster. This machine needs none.",
        "cluster-version",
      );
    }
    return version;
  }

  /** What all nodes have together, busy or not. */
  async resources(): Promise<Resources> {
    const answer = (await this.get("/api/v0/nodes?detail=1&limit=10000")) as {
      data?: { result?: { result?: { state?: string; resources_total?: Resources }[] } };
    } | null;
    const total: Record<string, number> = {};
    for (const node of answer?.data?.result?.result ?? []) {
      if (node.state !== "ALIVE") continue;
      for (const name of ["CPU", "GPU"])
        total[name] = (total[name] ?? 0) + (node.resources_total?.[name] ?? 0);
    }
    return total;
  }

  async hasPackage(name: string): Promise<boolean> {
    try {
      await this.text(`/api/packages/gcs/${name}`);
      return true;
    } catch (error) {
      if (error instanceof Fault && error.more.status === 404) return false;
      throw this.explain(error);
    }
  }

  async upload(name: string, file: { path: string; size: number }): Promise<void> {
    try {
      const url = `${this.base}/api/packages/gcs/${name}`;
      await readText(await this.http.send({ ...this.ask(url), file, idleMs: UPLOAD_MS }));
    } catch (error) {
      throw this.explain(error);
    }
  }

  async submit(submission: Submission): Promise<void> {
    try {
      await this.http.json({ ...this.ask(`${this.base}/api/jobs/`), body: submission });
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Undefined when the cluster knows no such job: it has been started anew, or the job was deleted. */
  async job(id: string): Promise<Job | undefined> {
    try {
      return (await this.http.json(this.ask(`${this.base}/api/jobs/${id}`))) as Job;
    } catch (error) {
      if (error instanceof Fault && error.more.status === 404) return undefined;
      throw this.explain(error);
    }
  }

  async stop(id: string): Promise<void> {
    try {
      await this.http.json({ ...this.ask(`${this.base}/api/jobs/${id}/stop`), body: {} });
    } catch (error) {
      if (error instanceof Fault && error.more.status === 404) return;
      throw this.explain(error);
    }
  }

  /** Names below the log folder of a node that a glob matches. */
  async logs(node: string, glob: string): Promise<string[]> {
    const query = new URLSearchParams({ node_id: node, glob });
    const answer = (await this.get(`/api/v0/logs?${query}`)) as {
      data?: { result?: Record<string, string[]> };
    } | null;
    return Object.values(answer?.data?.result ?? {}).flat();
  }

  /** A file below the log folder of a node, whole. */
  async logFile(node: string, filename: string): Promise<Buffer> {
    const query = new URLSearchParams({ node_id: node, filename, lines: "-1", timeout: "600" });
    try {
      const answer = await this.http.send(this.ask(`${this.base}/api/v0/logs/file?${query}`));
      const parts: Buffer[] = [];
      for await (const part of answer.body) parts.push(part);
      return Buffer.concat(parts);
    } catch (error) {
      throw this.explain(error);
    }
  }

  close(): void {
    this.http.close();
  }

  private ask(url: string) {
    return { url, key: this.token, signal: this.signal, idleMs: PATIENCE_MS };
  }

  private async text(path: string): Promise<string> {
    return readText(await this.http.send(this.ask(this.base + path)), { key: this.token });
  }

  private async get(path: string): Promise<unknown> {
    try {
      return JSON.parse(await this.text(path));
    } catch (error) {
      throw error instanceof SyntaxError ? notRay(this.base, "the answer is no JSON") : this.explain(error);
    }
  }

  /** What a person reads. */
  private explain(error: unknown): unknown {
    if (!(error instanceof Fault)) return error;
    const { status } = error.more;
    const number = status ? ` (HTTP ${status})` : "";
    switch (error.kind) {
      case "key":
        return new ErrataError(
          `The Ray cluster at ${hostOf(this.base)} refuses the ${this.token ? "token" : "request: it wants a token"}${number}: ${error.message}.`,
          "Set its token: the command Errata: Set Cluster Token…, or ERRATA_RAY_TOKEN on the command line.",
          "cluster-token",
        );
      case "connection":
      case "idle":
        return new ErrataError(
          `No Ray cluster answers at ${this.base}: ${error.message}.`,
          "The address is the dashboard's: port 8265 of the head node, unless it was given another. From outside, a tunnel leads there: ssh -L 8265:127.0.0.1:8265 HEAD.",
          "cluster",
        );
      default:
        if (status === 404) return notRay(this.base, "it does not know Ray's Jobs API");
        return new ErrataError(
          `The Ray cluster at ${hostOf(this.base)} did not do what it was asked${number}: ${lastLine(error.message)}`,
          "The dashboard's log on the head node says more.",
          "cluster",
        );
    }
  }
}

/** The dashboard's address as a person meant it. Throws "bad-cluster". */
export function clusterAddress(text: string): string {
  const hint = "Give the address of the dashboard: http://127.0.0.1:8265.";
  if (/^ray:/i.test(text)) {
    throw new ErrataError(
      `${text} is the address of the Ray client, not of its Jobs API.`,
      hint,
      "bad-cluster",
    );
  }
  let url: URL | undefined;
  try {
    url = new URL(/^[\w.-]+:\d+\/?$/.test(text.trim()) ? `http://${text.trim()}` : text.trim());
  } catch {
    // Told below.
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ErrataError(`"${text}" is no http or https address.`, hint, "bad-cluster");
  }
  if (url.username || url.password) {
    throw new ErrataError(
      "The cluster's address has a name or password in it, which would be stored in the recipe.",
      "Tokens go into the editor's secret storage: Errata: Set Cluster Token….",
      "bad-cluster",
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export const clusterOrigin = (address: string): string => originOf(clusterAddress(address));

function notRay(base: string, why: string): ErrataError {
  return new ErrataError(
    `${base} is no dashboard of Ray: ${why}.`,
    "The address is the dashboard's: port 8265 of the head node, unless it was given another.",
    "cluster",
  );
}

/** Ray answers with whole tracebacks; what went wrong stands last. */
const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
