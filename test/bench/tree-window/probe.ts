import { createServer } from "node:http";
import { Stopwatch } from "../tree/stopwatch.js";

/**
 * An extension beside Errata in the same extension host: it feels how long the thread that they share is held up. Each
 * request to its port is answered with the longest times since the last one, in milliseconds.
 */
export function activate(): void {
  const watch = new Stopwatch();
  createServer((_, response) => response.end(JSON.stringify(watch.lap()))).listen(
    Number(process.env.ERRATA_PROBE_PORT),
    "127.0.0.1",
  );
}
