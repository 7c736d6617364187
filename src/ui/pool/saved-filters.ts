import type { AttemptQuery } from "../../pool/types.js";
import { sameFilter } from "./filter-choices.js";

export interface SavedFilter {
  name: string;
  query: AttemptQuery;
}

/** Where they are kept: VS Code's memento of the workspace. */
interface Memento {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

const KEY = "errata.pool.saved";

/** Filters that a person named, in the order of their names. */
export class SavedFilters {
  constructor(private readonly memento: Memento) {}

  get all(): readonly SavedFilter[] {
    return this.memento.get<SavedFilter[]>(KEY) ?? [];
  }

  /** The one that asks for exactly this. */
  of(query: AttemptQuery): SavedFilter | undefined {
    return this.all.find((filter) => sameFilter(filter.query, query));
  }

  /** A name that is taken gets the new filter. */
  async save(name: string, query: AttemptQuery): Promise<void> {
    const others = this.all.filter((filter) => filter.name !== name);
    const sorted = [...others, { name, query }].sort((a, b) => a.name.localeCompare(b.name, "en"));
    await this.memento.update(KEY, sorted);
  }

  async remove(name: string): Promise<void> {
    await this.memento.update(
      KEY,
      this.all.filter((filter) => filter.name !== name),
    );
  }
}

/** Why a name will not do; undefined for one that will. */
export function nameFault(name: string): string | undefined {
  const length = [...name.trim()].length;
  if (length === 0) return "A name, e.g. “Signs, not reviewed”";
  return length > 60 ? "At most 60 characters" : undefined;
}
