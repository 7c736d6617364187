/** Rows read at once; "Load more…" reads as many after the last one. VS Code takes 30 ms longer to draw twice as many. */
export const PAGE = 100;
/** Labels, error types and models that a list to choose from offers at most. */
export const CHOICES = 200;

/** Reads at most `limit` rows after one that was read before, or from the beginning. */
export type Read<T> = (after: T | undefined, limit: number, signal: AbortSignal) => Promise<T[]>;

export interface Listing<T> {
  rows: readonly T[];
  /** There are rows after these. */
  more: boolean;
}

interface List {
  /** Rows to show. */
  wanted: number;
  rows: unknown[];
  ended: boolean;
  reading?: Promise<void>;
}

/**
 * What the tree has read, by parent. A list that was read is not read again until it is stale; "Load more…" reads on
 * from its last row; a stale one is read up to as many rows as were shown, a page at a time.
 */
export class Pages {
  private readonly lists = new Map<string, List>();
  private controller = new AbortController();
  private readings = 0;

  /** Something is being read. */
  get busy(): boolean {
    return this.readings > 0;
  }

  async list<T>(key: string, read: Read<T>): Promise<Listing<T>> {
    const list = this.of(key);
    list.reading ??= this.fill(list, read as Read<unknown>).finally(() => {
      delete list.reading;
    });
    await list.reading;
    return { rows: list.rows.slice(0, list.wanted) as T[], more: !list.ended };
  }

  /** One more page of this list, when it is asked for next. */
  more(key: string): void {
    this.of(key).wanted += PAGE;
  }

  /** The pool changed: every list is read anew when it is asked for next. A reading under way is of the old pool. */
  stale(): void {
    for (const [key, { wanted }] of this.lists) this.lists.set(key, { wanted, rows: [], ended: false });
  }

  /** Another filter or grouping: from the first page. Readings under way reject with the signal's reason. */
  clear(): void {
    this.controller.abort();
    this.controller = new AbortController();
    this.lists.clear();
  }

  private of(key: string): List {
    const known = this.lists.get(key);
    if (known) return known;
    const list: List = { wanted: PAGE, rows: [], ended: false };
    this.lists.set(key, list);
    return list;
  }

  private async fill(list: List, read: Read<unknown>): Promise<void> {
    const { signal } = this.controller;
    this.readings += 1;
    try {
      while (list.rows.length < list.wanted && !list.ended) {
        const limit = Math.min(PAGE, list.wanted - list.rows.length);
        // One more than is shown: it tells whether there is more.
        const got = await read(list.rows.at(-1), limit + 1, signal);
        signal.throwIfAborted();
        list.ended = got.length <= limit;
        list.rows.push(...got.slice(0, limit));
      }
    } finally {
      this.readings -= 1;
    }
  }
}
