import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Launch } from "../../src/runs/run-folder.js";
import { readStatus } from "../../src/runs/status.js";
import { type Cluster, readCluster, writeCluster } from "../../src/runs/targets/cluster-file.js";
import { KnownClusters } from "../../src/runs/targets/consent.js";
import { RayTarget } from "../../src/runs/targets/ray.js";
import { clusterAddress, RayApi } from "../../src/runs/targets/ray-api.js";
import { follow } from "../../src/runs/targets/ray-follow.js";
import { packRun } from "../../src/runs/targets/ray-package.js";
import { applyPart } from "../../src/runs/targets/ray-parts.js";

/** A machine may be busy. */
const SOON = { timeout: 30_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "errata-cluster-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FROM = { "events.jsonl": 0, "log.txt": 0 };
const record = (fields: object, data = "") =>
  Buffer.concat([
    Buffer.from(`${JSON.stringify({ ...fields, ...(data && { size: Buffer.byteLength(data) }) })}\n`),
    Buffer.from(data),
  ]);
const bytes = (file: string, at: number, data: string) => record({ op: "bytes", file, at }, data);
const text = (name: string) => readFileSync(join(folder, name), "utf8");

describe("a part from a cluster", () => {
  it("puts bytes in their places; twice is the same as once", async () => {
    writeFileSync(join(folder, "events.jsonl"), "before\n");
    const from = { "events.jsonl": 7, "log.txt": 0 };
    const part = Buffer.concat([bytes("events.jsonl", 0, "é\n"), bytes("log.txt", 0, "said\n")]);
    for (let twice = 0; twice < 2; twice++) await applyPart(folder, part, from);
    await applyPart(folder, bytes("events.jsonl", 3, "next\n"), from);
    expect(text("events.jsonl")).toBe("before\né\nnext\n");
    expect(text("log.txt")).toBe("said\n");
    await applyPart(folder, bytes("rollouts/step-3.jsonl", 0, "a long one"), from);
    await applyPart(folder, bytes("rollouts/step-3.jsonl", 0, "short"), from);
    expect(text("rollouts/step-3.jsonl")).toBe("short");
  });

  it("lets folders appear whole, and keeps the two newest checkpoints", async () => {
    for (const step of [2, 4, 6]) {
      const name = `checkpoints/checkpoint-${step}`;
      await applyPart(folder, bytes(`${name}/a/weights`, 0, "01"), FROM);
      await applyPart(folder, bytes(`${name}/a/weights`, 2, "23"), FROM);
      expect(existsSync(join(folder, name))).toBe(false);
      await applyPart(folder, record({ op: "done", folder: name }), FROM);
      expect(text(`${name}/a/weights`)).toBe("0123");
    }
    expect(existsSync(join(folder, "checkpoints/checkpoint-2"))).toBe(false);
    const news = await applyPart(
      folder,
      Buffer.concat([record({ op: "note", text: "waits" }), record({ op: "end" })]),
      FROM,
    );
    expect(news).toEqual({ note: "waits", ended: true });
  });

  it.each([
    "../../.bashrc",
    "recipe.json",
    "process.json",
    "model/../../x",
    "model/.hidden",
    "/etc/passwd",
    "rollouts/step-1.jsonl/x",
    "checkpoints/other/x",
    "model\\..\\x",
  ])("is refused with the file %s", async (file) => {
    await expect(applyPart(folder, bytes(file, 0, "x"), FROM)).rejects.toMatchObject({ code: "bad-part" });
  });

  it.each([
    [bytes("log.txt", 0, "cut off").subarray(0, 50)],
    [Buffer.from("no json\n")],
    [record({ op: "done", folder: ".." })],
    [record({ op: "run", command: "x" })],
    [record({ op: "bytes", file: "log.txt", at: -1 }, "x")],
  ])("is refused when it is damaged (%#)", async (part) => {
    await expect(applyPart(folder, part, FROM)).rejects.toMatchObject({ code: "bad-part" });
  });
});

/** A dashboard that says what the test wants it to. */
class Dashboard {
  job: object | undefined = { status: "RUNNING", message: "", driver_node_id: "n" };
  readonly parts: Buffer[] = [];
  readonly asked: string[] = [];
  readonly submitted: string[] = [];
  /** What becomes of the answer to a submission: it comes, is lost, or nothing more is heard after it was lost. */
  answers: "come" | "lost" | "none" = "come";
  private server: Server | undefined;
  private port = 0;

  async open(): Promise<string> {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      this.asked.push(url.pathname);
      if (request.method === "POST") {
        request.on("data", (data) => this.submitted.push(String(data)));
        request.on("end", () => {
          if (this.answers === "come" || url.pathname !== "/api/jobs/") response.end("{}");
          else if (this.answers === "none") void this.close();
          else request.socket.destroy();
        });
      } else if (url.pathname === "/api/version") {
        response.end('{"ray_version": "2.60.0"}');
      } else if (url.pathname.startsWith("/api/packages/")) {
        response.end();
      } else if (url.pathname.startsWith("/api/jobs/")) {
        response.statusCode = this.job ? 200 : 404;
        response.end(JSON.stringify(this.job ?? {}));
      } else if (url.pathname === "/api/v0/logs") {
        const home = url.searchParams.get("glob")?.replace("*.part", "") ?? "";
        const names = this.parts.map(
          (_, i) => `errata/j/${Math.floor(i / 100)}/${String(i).padStart(8, "0")}.part`,
        );
        const result = { internal: names.filter((name) => name.startsWith(home)) };
        response.end(JSON.stringify({ data: { result } }));
      } else {
        const number = Number(/(\d{8})\.part/.exec(url.searchParams.get("filename") ?? "")?.[1]);
        response.end(this.parts[number]);
      }
    });
    await new Promise<void>((done) => this.server?.listen(this.port, "127.0.0.1", done));
    this.port = (this.server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }
}

describe("a job that is followed", () => {
  let dashboard: Dashboard;
  let address: string;
  let controller: AbortController;
  beforeEach(async () => {
    dashboard = new Dashboard();
    address = await dashboard.open();
    controller = new AbortController();
    const cluster: Cluster = {
      ...{ address, job: "j", ray: "2.60.0", workers: 2, node: null, next: 0, from: FROM },
      ...{
        status: "SUBMITTING",
        note: null,
        trouble: null,
        home: null,
        drained: false,
        over: false,
        message: null,
      },
    };
    writeFileSync(join(folder, "recipe.json"), "{}");
    await writeCluster(folder, cluster);
  });
  afterEach(async () => {
    controller.abort();
    await dashboard.close();
  });
  const begin = () => follow(folder, async () => new RayApi(address, undefined), controller.signal);
  const events = () => (existsSync(join(folder, "events.jsonl")) ? text("events.jsonl") : "");
  const status = async () => {
    const lines = events().trim().split("\n").filter(Boolean);
    return readStatus(
      "r",
      folder,
      lines.map((line) => JSON.parse(line)),
    );
  };

  it("brings more than a hundred parts, through a connection that is lost, to its end", async () => {
    let at = 0;
    const say = (line: string) => {
      dashboard.parts.push(bytes("events.jsonl", at, line));
      at += line.length;
    };
    for (let i = 0; i < 230; i++)
      say(`{"type":"alarm","time":${i + 1},"step":${i},"kind":"k","message":""}\n`);
    dashboard.parts.push(record({ op: "note", text: "waiting for 2 workers" }));
    const ended = begin();
    await expect.poll(async () => (await status()).phase, SOON).toBe("waiting for 2 workers");
    expect(events().split("\n")).toHaveLength(231);
    await dashboard.close();
    await expect.poll(async () => (await status()).phase, SOON).toContain("no contact");
    expect((await status()).status).toBe("starting");
    await dashboard.open();
    say('{"type": "end","time":999,"reason":"finished"}\n');
    dashboard.parts.push(
      record({ op: "home", folder: "/tmp/ray/session/logs/errata/j" }),
      record({ op: "end" }),
    );
    await ended;
    expect(JSON.parse(dashboard.submitted.join(""))).toMatchObject({
      submission_id: "j-sweep",
      entrypoint: "rm -rf /tmp/ray/session/logs/errata/j",
    });
    expect((await status()).status).toBe("finished");
    expect(events().split("\n")).toHaveLength(232);
    expect(existsSync(join(folder, "follower.lock"))).toBe(false);
  });

  it("is followed once, and goes on at the next part", async () => {
    dashboard.parts.push(bytes("log.txt", 0, "one\n"));
    const first = begin();
    await expect.poll(async () => (await readCluster(folder))?.next, SOON).toBe(1);
    await begin();
    controller.abort();
    await first;
    controller = new AbortController();
    dashboard.parts.push(bytes("log.txt", 4, "two\n"));
    const before = dashboard.asked.filter((path) => path.startsWith("/api/v0/logs/file")).length;
    void begin();
    await expect.poll(async () => (await readCluster(folder))?.next, SOON).toBe(2);
    expect(dashboard.asked.filter((path) => path.startsWith("/api/v0/logs/file"))).toHaveLength(before + 1);
    expect(text("log.txt")).toBe("one\ntwo\n");
  });

  it.each([
    [undefined, "died", "does not know the job any more"],
    [{ status: "FAILED", message: "Traceback\nModuleNotFoundError: x" }, "died", "ModuleNotFoundError: x"],
    [{ status: "STOPPED", message: "stopped" }, "stopped", ""],
  ])("that is %j is %s", async (job, became, message) => {
    dashboard.job = job;
    await begin();
    const info = await status();
    expect(info.status).toBe(became);
    expect(info.message ?? "").toContain(message);
  });

  it.each(["/home/someone", "/tmp/x;reboot/errata/j", "/tmp/other/errata/jj"])(
    "clears nothing away but its own outbox, not %s",
    async (home) => {
      const end = '{"type":"end","time":1,"reason":"finished"}\n';
      dashboard.parts.push(
        Buffer.concat([
          record({ op: "home", folder: home }),
          bytes("events.jsonl", 0, end),
          record({ op: "end" }),
        ]),
      );
      await begin();
      expect((await status()).status).toBe("finished");
      expect(dashboard.submitted).toEqual([]);
    },
  );

  it("on a cluster that is gone can be given up by a second Stop", async () => {
    await dashboard.close();
    const place = { kind: "ray" as const, address, workers: 2, cpus_per_worker: 1, gpus_per_worker: 0 };
    const target = new RayTarget(place, {
      ...{ token: async () => undefined, allow: async () => {}, known: async () => true },
    });
    await expect(target.stop(folder)).rejects.toMatchObject({
      hint: expect.stringContaining("Stop once more"),
    });
    expect((await status()).status).toBe("stopping");
    await target.stop(folder);
    expect(await status()).toMatchObject({ status: "died", message: expect.stringContaining("given up") });
  });

  it("that the cluster does not know yet, while it is being sent, is waited for", async () => {
    dashboard.job = undefined;
    await writeCluster(folder, { ...((await readCluster(folder)) as Cluster), asked: Date.now() });
    const ended = begin();
    await expect.poll(() => dashboard.asked.length, SOON).toBeGreaterThan(1);
    expect((await readCluster(folder))?.over).toBe(false);
    dashboard.job = { status: "STOPPED", message: "stopped" };
    await ended;
    expect((await status()).status).toBe("stopped");
  });

  describe("and whose submission was not answered", () => {
    const send = async (answers: "lost" | "none") => {
      dashboard.answers = answers;
      await rm(join(folder, "cluster.json"));
      const given = { run: "r", trainable: "/m", resume_from: null };
      writeFileSync(join(folder, "launch.json"), JSON.stringify(given));
      const place = { kind: "ray" as const, address, workers: 2, cpus_per_worker: 1, gpus_per_worker: 0 };
      const target = new RayTarget(
        { ...place, weights: "/m" },
        { token: async () => undefined, allow: async () => {}, known: async () => true },
      );
      await target.start(folder, false, () => {});
      return target;
    };

    it("goes on when the cluster has it", async () => {
      await send("lost");
      const { submission_id } = JSON.parse(dashboard.submitted.join(""));
      expect(await readCluster(folder)).toMatchObject({ job: submission_id, over: false, trouble: null });
    });

    it("was not started when the cluster does not know it", async () => {
      dashboard.job = undefined;
      await expect(send("lost")).rejects.toMatchObject({ code: "cluster" });
      expect(existsSync(join(folder, "cluster.json"))).toBe(false);
    });

    it("is kept, and can be stopped later, when nobody answers any more", async () => {
      const target = await send("none");
      const { submission_id } = JSON.parse(dashboard.submitted.join(""));
      expect(await status()).toMatchObject({
        status: "starting",
        phase: expect.stringContaining(`the job ${submission_id}, which may be running there`),
      });
      await dashboard.open();
      await target.stop(folder);
      expect(dashboard.asked).toContain(`/api/jobs/${submission_id}/stop`);
      expect((await status()).status).toBe("stopping");
    });
  });

  it("whose parts cannot be used is given up", async () => {
    dashboard.parts.push(bytes("../x", 0, "x"));
    await begin();
    expect((await status()).message).toContain("no part of a run");
  });
});

describe("what travels", () => {
  const launch = (trainable: string): Launch => ({
    ...{ run: "r", uuid: "u", model: "m", trainable, grader: [], threads: 0, schema: "", prompts: null },
    resume_from: 4,
  });

  it("is the trainer, the run's inputs, the weights and the last checkpoint; the same again has the same name", async () => {
    const hf = join(folder, "hf");
    mkdirSync(hf);
    writeFileSync(join(hf, "config.json"), "{}");
    for (const name of ["recipe.json", "launch.json", "problems.jsonl", "pool.jsonl", "log.txt"])
      writeFileSync(join(folder, name), "x");
    for (const step of [2, 4]) {
      mkdirSync(join(folder, "checkpoints", `checkpoint-${step}`), { recursive: true });
      writeFileSync(join(folder, "checkpoints", `checkpoint-${step}`, "weights"), "x");
    }
    const packed = await packRun(folder, launch(hf), { resume: true, weights: true });
    const again = await packRun(folder, launch(hf), { resume: true, weights: true });
    const without = await packRun(folder, launch(hf), { resume: false, weights: false });
    expect(again.name).toBe(packed.name);
    expect(packed.name).toMatch(/^_ray_pkg_[0-9a-f]{32}\.zip$/);
    const names = readFileSync(packed.path, "latin1");
    for (const name of [
      "errata_trainer/ray_driver.py",
      "run/recipe.json",
      "weights/config.json",
      "requirements.txt",
    ])
      expect(names).toContain(name);
    expect(names).toContain("run/checkpoints/checkpoint-4/weights");
    expect(names).not.toContain("checkpoint-2");
    expect(names).not.toContain("run/log.txt");
    expect(readFileSync(without.path, "latin1")).not.toMatch(/weights\/config|checkpoint-4/);
    await Promise.all([packed, again, without].map((each) => each.remove()));
    expect(existsSync(packed.path)).toBe(false);
  });
});

describe("a cluster's address", () => {
  it.each([
    ["http://127.0.0.1:8265/", "http://127.0.0.1:8265"],
    ["head:8265", "http://head:8265"],
    ["https://ray.example/cluster/a/", "https://ray.example/cluster/a"],
  ])("%s is %s", (typed, meant) => expect(clusterAddress(typed)).toBe(meant));

  it.each(["ray://head:10001", "head", "http://me:secret@head:8265", "ftp://head"])(
    "%s is refused",
    (typed) => {
      expect(() => clusterAddress(typed)).toThrow(expect.objectContaining({ code: "bad-cluster" }));
    },
  );

  it("is agreed to once for all its paths, and kept out of the workspace", async () => {
    const known = new KnownClusters(join(folder, "home", "clusters.json"));
    expect(await known.has("http://head:8265")).toBe(false);
    await known.add("head:8265");
    expect(await known.has("http://head:8265/x")).toBe(true);
    expect(await known.has("http://other:8265")).toBe(false);
  });
});
