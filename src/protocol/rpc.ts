import type { ChildProcess } from "node:child_process";
import {
  type CancellationToken,
  CancellationTokenSource,
  createMessageConnection,
  ErrorCodes,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
  ResponseError,
} from "vscode-jsonrpc/node";
import { ErrataError } from "./types.js";

/** What crosses beside an error's message. */
interface WireError {
  name: string;
  hint?: string;
  code?: string;
}
const HELLO = "$/hello";

export interface RpcOptions {
  /** Both ends name the protocol they speak, e.g. "inference/1"; a different one ends the connection. */
  version: string;
  /** Requests under way at once from this end; further ones wait their turn. Default 16. */
  maxInFlight?: number;
}

/**
 * JSON-RPC between two of our processes: version handshake, cancellation by AbortSignal, errors that arrive as the
 * class they were thrown as (ErrataError with hint and code), and a bound on requests under way.
 */
export class Rpc {
  private readonly connection: MessageConnection;
  private readonly waiting: (() => void)[] = [];
  private readonly pending = new Set<(error: Error) => void>();
  private inFlight = 0;
  private ended: Error | undefined;
  private greeting: Promise<void> | undefined;

  constructor(
    reader: MessageReader,
    writer: MessageWriter,
    private readonly options: RpcOptions,
  ) {
    this.connection = createMessageConnection(reader, writer);
    this.connection.onError(([error]) => this.end(error));
    this.connection.onClose(() => this.end(new Error("The connection was closed")));
    this.handle(HELLO, (theirs: string) => this.check(theirs));
  }

  /** Starts reading; register every handler before it. */
  listen(): void {
    this.connection.listen();
  }

  /** Rejects ("version-mismatch") when the other end speaks another version. Done once, before the first request. */
  hello(): Promise<void> {
    this.greeting ??= this.send<string>(HELLO, this.options.version).then((theirs) => {
      this.check(theirs);
    });
    return this.greeting;
  }

  /** The handler's signal aborts when the caller's does; what it throws then is of no interest to anybody. */
  handle<P, R>(method: string, handler: (params: P, signal: AbortSignal) => Promise<R> | R): void {
    this.connection.onRequest<unknown, WireError>(method, async (params: P, token: CancellationToken) => {
      const controller = new AbortController();
      const subscription = token.onCancellationRequested(() => controller.abort());
      try {
        // `undefined` is no JSON: null stands for "nothing to say".
        return (await handler(params, controller.signal)) ?? null;
      } catch (error) {
        throw toWire(error);
      } finally {
        subscription.dispose();
      }
    });
  }

  /** Rejects with the signal's reason on abort, at once; the other end is told to stop. */
  async request<R>(method: string, params: unknown, signal?: AbortSignal): Promise<R> {
    await this.hello();
    signal?.throwIfAborted();
    const bound = this.options.maxInFlight ?? 16;
    while (this.inFlight >= bound) await new Promise<void>((go) => this.waiting.push(go));
    this.inFlight++;
    const source = new CancellationTokenSource();
    const abort = () => source.cancel();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      signal?.throwIfAborted();
      return await this.send<R>(method, params, source);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      source.dispose();
      this.inFlight--;
      this.waiting.shift()?.();
    }
  }

  notify(method: string, params: unknown): void {
    if (this.ended) return;
    // A message that cannot be sent any more is not an error of its own: `end` tells everybody who waits.
    this.connection.sendNotification(method, params).catch(() => undefined);
  }

  on<P>(method: string, listener: (params: P) => void): void {
    this.connection.onNotification(method, listener);
  }

  /** Everybody who waits for an answer gets this error; nothing is sent or read any more. */
  end(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    for (const reject of this.pending) reject(error);
    this.pending.clear();
    this.connection.dispose();
  }

  private async send<R>(method: string, params: unknown, source?: CancellationTokenSource): Promise<R> {
    if (this.ended) throw this.ended;
    return new Promise<R>((resolve, reject) => {
      this.pending.add(reject);
      const answer = source
        ? this.connection.sendRequest<R>(method, params, source.token)
        : this.connection.sendRequest<R>(method, params);
      answer
        .then(resolve, (error: unknown) => reject(fromWire(error)))
        .finally(() => this.pending.delete(reject));
    });
  }

  private check(theirs: string): string {
    const ours = this.options.version;
    if (theirs !== ours)
      throw new ErrataError(
        `Two versions of Errata are talking to each other: ${ours} here, ${theirs} there`,
        "Reload the window; if it happens again, install the extension anew.",
        "version-mismatch",
      );
    return ours;
  }
}

/** The two ends of Node's own channel between a process and a child that was started with "ipc". */
export function rpcOverIpc(peer: NodeJS.Process | ChildProcess, options: RpcOptions): Rpc {
  return new Rpc(new IPCMessageReader(peer), new IPCMessageWriter(peer), options);
}

function toWire(error: unknown): ResponseError<WireError> {
  if (error instanceof ResponseError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const data: WireError = { name };
  if (error instanceof ErrataError) {
    if (error.hint !== undefined) data.hint = error.hint;
    if (error.code !== undefined) data.code = error.code;
  }
  return new ResponseError(ErrorCodes.InternalError, message, data);
}

function fromWire(error: unknown): Error {
  if (!(error instanceof ResponseError)) return error instanceof Error ? error : new Error(String(error));
  const data = error.data as WireError | undefined;
  if (data?.name === "ErrataError") return new ErrataError(error.message, data.hint, data.code);
  const plain = new Error(error.message);
  if (data) plain.name = data.name;
  return plain;
}

/**
 * Collects what happens often and passes it on at most every `interval` ms: the first at once, the rest together.
 * `flush()` passes on what is left, now.
 */
export class Coalescer<T> {
  private items: T[] = [];
  private timer: NodeJS.Timeout | undefined;
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly deliver: (items: T[]) => void,
    private readonly interval = 100,
  ) {}

  add(item: T): void {
    this.items.push(item);
    if (this.timer) return;
    const wait = this.last + this.interval - performance.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.items.length === 0) return;
    const items = this.items;
    this.items = [];
    this.last = performance.now();
    this.deliver(items);
  }
}
