import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assetFile } from "../../src/protocol/paths.js";

export interface RealServer {
  /** Up to and with `/v1`. */
  url: string;
  /** What the server calls the embedded model. */
  model: string;
  stop(): Promise<void>;
}

/** Starts take long where torch is not in the disk's cache. */
const PATIENCE_MS = 120_000;

/**
 * `transformers serve` on the embedded model's trainable folder, as users start it, on one core and without a network.
 * On a copy: the server samples only where generation_config.json says so, and it strips a Qwen2's end token only when
 * it is Qwen's own, or named in the tokenizer's response template.
 */
export async function transformersServe(): Promise<RealServer> {
  const program = assetFile(".venv/bin/transformers");
  if (!existsSync(program)) throw new Error("No .venv: run npm run setup -- --python");
  const home = mkdtempSync(join(tmpdir(), "errata-serve-"));
  const model = join(home, "demo-base");
  cpSync(assetFile("demo/model/hf"), model, { recursive: true });
  mkdirSync(join(home, "hub"));
  change(join(model, "generation_config.json"), { do_sample: true });
  const content = { close_pattern: "<eos>", content: "text" };
  change(join(model, "tokenizer_config.json"), {
    response_template: { defaults: { role: "assistant" }, start_anchor: "<a>", fields: { content } },
  });
  const port = await freePort();
  const args = ["serve", model, "--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1"];
  const child = spawn(program, [...args, "--port", String(port)], {
    env: { ...process.env, OMP_NUM_THREADS: "1", HF_HUB_OFFLINE: "1", HF_HUB_CACHE: join(home, "hub") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
  const stop = async () => {
    await ended(child);
    rmSync(home, { recursive: true, force: true });
  };
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`transformers serve did not start:\n${said}`);
    }
    await sleep(200);
  }
  return { url: `http://127.0.0.1:${port}/v1`, model, stop };
}

function change(file: string, more: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...more }));
}

async function answers(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  return answer?.ok ?? false;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await end;
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
