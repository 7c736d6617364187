import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PortMessageReader, PortMessageWriter } from "vscode-jsonrpc/node";
import { Coalescer, Rpc } from "../../src/protocol/rpc.js";
import { ErrataError } from "../../src/protocol/types.js";

describe("the RPC helper", () => {
  let near: Rpc;
  let far: Rpc;
  let channel: MessageChannel;
  const ends = (ours: string, theirs: string, maxInFlight?: number) => {
    channel = new MessageChannel();
    const make = (port: MessageChannel["port1"], version: string) =>
      new Rpc(new PortMessageReader(port), new PortMessageWriter(port), {
        version,
        ...(maxInFlight && { maxInFlight }),
      });
    near = make(channel.port1, ours);
    far = make(channel.port2, theirs);
    near.listen();
  };
  beforeEach(() => ends("test/1", "test/1", 3));
  afterEach(() => {
    near.end(new Error("over"));
    far.end(new Error("over"));
    channel.port1.close();
  });

  test("answers, and undefined crosses", async () => {
    far.handle("double", (n: number) => 2 * n);
    far.handle("nothing", () => undefined);
    far.listen();
    expect(await near.request("double", 21)).toBe(42);
    expect(await near.request("nothing", {})).toBeNull();
  });

  test("errors keep their class, hint and code", async () => {
    far.handle("mine", () => {
      throw new ErrataError("no such set", "Import it.", "no-set");
    });
    far.handle("plain", () => Promise.reject(new RangeError("too far")));
    far.listen();
    const mine = await near.request("mine", 0).catch((e: unknown) => e);
    expect(mine).toBeInstanceOf(ErrataError);
    expect(mine).toMatchObject({ message: "no such set", hint: "Import it.", code: "no-set" });
    expect(await near.request("plain", 0).catch((e: unknown) => e)).toMatchObject({
      name: "RangeError",
      message: "too far",
    });
  });

  test("another version is refused before any request is served", async () => {
    ends("test/1", "test/2");
    let served = false;
    far.handle("x", () => {
      served = true;
    });
    far.listen();
    await expect(near.request("x", 0)).rejects.toMatchObject({ code: "version-mismatch" });
    expect(served).toBe(false);
  });

  test("abort reaches the other end and rejects here with its reason", async () => {
    const stopped = new Promise<string>((resolve) => {
      far.handle(
        "wait",
        (_: number, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              resolve("stopped");
              reject(new Error("whatever"));
            });
          }),
      );
    });
    far.listen();
    const controller = new AbortController();
    const work = near.request("wait", 0, controller.signal);
    setTimeout(() => controller.abort(new Error("by hand")), 20);
    await expect(work).rejects.toThrow("by hand");
    expect(await stopped).toBe("stopped");
  });

  test("requests under way are bounded, and all are served", async () => {
    let under = 0;
    let most = 0;
    far.handle("slow", async (n: number) => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, 5));
      under--;
      return n;
    });
    far.listen();
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => near.request<number>("slow", n)));
    expect(all).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(most).toBe(3);
  });

  test("everybody who waits is told when the connection ends, also the queued", async () => {
    far.handle("never", () => new Promise(() => undefined));
    far.listen();
    const waiting = Array.from({ length: 6 }, () => near.request("never", 0).catch((e: Error) => e.message));
    setTimeout(() => near.end(new Error("the other end died")), 20);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["the other end died"]));
  });
});

test("coalescing passes the first on at once, the rest together, and loses nothing", async () => {
  const batches: number[][] = [];
  const coalescer = new Coalescer<number>((items) => batches.push(items), 30);
  for (let n = 0; n < 10; n++) coalescer.add(n);
  expect(batches).toEqual([[0]]);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(batches).toEqual([[0], [1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  coalescer.add(10);
  coalescer.add(11);
  coalescer.flush();
  coalescer.flush();
  expect(batches.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});
