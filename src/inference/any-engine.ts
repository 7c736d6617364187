import type { ModelSource } from "../protocol/types.js";
import { ErrataError } from "../protocol/types.js";
import type { Engine, LoadedModel } from "./types.js";

/**
 * One engine for every model: a folder goes to the inference worker, an endpoint to its server. Each is made at its
 * first use, so that whoever samples from a server alone starts no worker.
 */
export class AnyEngine implements Engine {
  private readonly made = new Map<"local" | "remote", Engine>();
  /** Chosen at the call and not when it is carried out: both engines do their calls in the order in which they came. */
  private current: Engine | undefined;

  constructor(private readonly make: { local(): Engine; remote(): Engine }) {}

  load(source: ModelSource): Promise<LoadedModel> {
    const kind = source.endpoint ? "remote" : "local";
    const engine = this.made.get(kind) ?? this.make[kind]();
    this.made.set(kind, engine);
    this.current = engine;
    return engine.load(source);
  }

  async generate(...args: Parameters<Engine["generate"]>): Promise<void> {
    return this.loaded().generate(...args);
  }

  async preview(...args: Parameters<Engine["preview"]>): ReturnType<Engine["preview"]> {
    return this.loaded().preview(...args);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.made.values()].map((engine) => engine.dispose()));
  }

  private loaded(): Engine {
    if (this.current) return this.current;
    throw new ErrataError("No model is loaded", "Choose a model first.", "no-model");
  }
}
