import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";

/** A real Ray of its own on loopback, with 2 CPUs that only its scheduler believes in. */
export interface LocalRay {
  address: string;
  token: string;
  /** Where its parts of runs lie. */
  outbox: string;
  stop(): Promise<void>;
}

const bin = resolve(".venv/bin");

export async function startRay(cpus = 2): Promise<LocalRay> {
  // Ray's sockets lie below it, whose paths have 107 bytes at most.
  const home = mkdtempSync(join(tmpdir(), "er-"));
  const [gcs, dashboard, agent, agentGrpc, client, metrics, runtimeEnv] = await freePorts(7);
  const token = `test-${Math.random().toString(36).slice(2)}-0123456789abcdef`;
  const child = spawn(
    join(bin, "ray"),
    [
      ...["start", "--head", "--block", `--num-cpus=${cpus}`, `--port=${gcs}`, `--temp-dir=${home}`],
      ...["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", `--dashboard-port=${dashboard}`],
      ...[`--dashboard-agent-listen-port=${agent}`, `--dashboard-agent-grpc-port=${agentGrpc}`],
      ...[`--ray-client-server-port=${client}`, `--metrics-export-port=${metrics}`],
      ...[`--runtime-env-agent-port=${runtimeEnv}`, "--min-worker-port=0", "--max-worker-port=0"],
      ...["--disable-usage-stats", "--object-store-memory=100000000"],
    ],
    {
      detached: true,
      stdio: "ignore",
      env: {
        ...process.env,
        PATH: `${bin}${delimiter}${process.env.PATH}`,
        RAY_AUTH_MODE: "token",
        RAY_AUTH_TOKEN: token,
        OMP_NUM_THREADS: "1",
      },
    },
  );
  const address = `http://127.0.0.1:${dashboard}`;
  const stop = async () => {
    await end(child);
    rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  };
  try {
    await ready(address, token, child);
    return { address, token, outbox: join(home, "session_latest", "logs", "errata"), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The dashboard answers before the head node's agent takes jobs. */
async function ready(address: string, token: string, child: ChildProcess): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`ray start ended with ${child.exitCode}`);
    const answer = await fetch(`${address}/api/v0/nodes?detail=1`, { headers }).catch(() => undefined);
    if (answer?.ok && (await answer.text()).includes('"ALIVE"')) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error("the local Ray does not answer");
}

/** `--block` ends what it started when it is told to; what is left of its group is killed. */
async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done(0)));
  child.kill("SIGTERM");
  await Promise.race([gone, new Promise((done) => setTimeout(done, 3000))]);
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing is left.
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((done) => {
          const server = createServer().listen(0, "127.0.0.1", () => done(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
