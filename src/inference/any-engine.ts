import type { ModelSource } from "../protocol/types.js";
import { mustBeLoaded } from "./calls.js";
import type { Engine, LoadedModel } from "./types.js";

/**
 * One engine for every model: a folder goes to the inference worker, an endpoint to its server. Each is made at its
 * first use, so that whoever samples from a server alone starts no worker.
 */
export class AnyEngine implements Engine {
  private readonly made = new Map<"local" | "remote", Promise<Engine>>();
  /** Chosen at the call and not when it is carried out: both engines do their calls in the order in which they came. */
  private current: Promise<Engine> | undefined;

  constructor(private readonly make: Record<"local" | "remote", () => Engine | Promise<Engine>>) {}

  async load(source: ModelSource): Promise<LoadedModel> {
    const kind = source.endpoint ? "remote" : "local";
    const engine = this.made.get(kind) ?? Promise.resolve(this.make[kind]());
    this.made.set(kind, engine);
    this.current = engine;
    return (await engine).load(source);
  }

  async generate(...args: Parameters<Engine["generate"]>): Promise<void> {
    return (await this.loaded()).generate(...args);
  }

  async preview(...args: Parameters<Engine["preview"]>): ReturnType<Engine["preview"]> {
    return (await this.loaded()).preview(...args);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.made.values()].map(async (engine) => (await engine).dispose()));
  }

  private loaded(): Promise<Engine> {
    return mustBeLoaded(this.current);
  }
}
