import { ErrataError } from "../protocol/types.js";

/** Calls of an engine, one after the other; one that fails does not keep the next from its turn. */
export class CallQueue {
  private last: Promise<unknown> = Promise.resolve();

  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** When every call that was added has ended. */
  async idle(): Promise<void> {
    await this.last;
  }
}

/** What was loaded. Throws "no-model" where nothing is. */
export function mustBeLoaded<T>(loaded: T | undefined): T {
  if (loaded !== undefined) return loaded;
  throw new ErrataError("No model is loaded", "Choose a model first.", "no-model");
}
