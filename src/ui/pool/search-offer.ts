import type { Pool } from "../../pool/types.js";
import type { Services } from "../services.js";
import { number } from "../words.js";
import type { PoolTree } from "./tree.js";

/** So many attempts are read through in a blink. */
const SMALL = 20_000;
const DISMISSED = "errata.pool.noIndex";

/** The hint in the filter box that the pool could be indexed, until a person takes it or waves it off. */
export class SearchOffer {
  constructor(
    private readonly services: Services,
    private readonly tree: PoolTree,
  ) {}

  /** What to say; undefined where an index would not help, or must not be made. */
  async words(pool: Pool): Promise<string | undefined> {
    const { trusted, context } = this.services;
    if (!trusted || pool.readOnly || context.workspaceState.get(DISMISSED)) return undefined;
    const [{ state }, { attempts }] = await Promise.all([pool.searchState(), pool.stats()]);
    if (state !== "none" || (attempts <= SMALL && !this.tree.slowSearch)) return undefined;
    return `every search for text now reads ${number(attempts)} attempts`;
  }

  async dismiss(): Promise<void> {
    await this.services.context.workspaceState.update(DISMISSED, true);
  }
}
