import type { AttemptDetail, AttemptDispute, Pool } from "../pool/types.js";
import type { ReviewItem, SiblingView } from "../protocol/review.js";
import type { Rubric } from "../protocol/rubric.js";
import type { Annotation } from "../protocol/types.js";
import type { Equivalents } from "./equivalent.js";
import type { Grades } from "./grades.js";
import { groupOf } from "./group.js";
import { isCutStale, reviewItem, siblingView } from "./item.js";
import { ownWords, type Pass } from "./own.js";
import type { Entry } from "./queue.js";

/** An attempt as it is shown, and what it was made of. */
export interface Loaded {
  entry: Entry;
  read: Pass;
  detail: AttemptDetail;
  between: AttemptDispute;
  item: ReviewItem;
  /** What this person said of it in this pass. */
  own: readonly Annotation[];
  /** Its steps were numbered on another text. */
  stale: boolean;
}

interface Needs {
  pool(): Promise<Pool>;
  who(): Promise<string>;
  rubric(): Rubric;
  blind(): boolean;
  readAs(entry: Entry): Pass;
  grades: Grades;
  equivalents: Equivalents;
}

const keyOf = ({ attemptId, again }: Entry): number => (again ? -attemptId : attemptId);

/** Makes items of attempts, the neighbours of what is shown before they are asked for. */
export class Loader {
  private readonly ready = new Map<number, Promise<Loaded>>();

  constructor(private readonly needs: Needs) {}

  async load(entry: Entry): Promise<Loaded> {
    const pool = await this.needs.pool();
    const [detail, between] = await Promise.all([
      pool.detail(entry.attemptId),
      pool.disputeOf(entry.attemptId),
    ]);
    return this.make(entry, detail, between);
  }

  /** The item of what was read before. */
  async make(entry: Entry, detail: AttemptDetail, between: AttemptDispute): Promise<Loaded> {
    const { needs } = this;
    const [pool, who] = await Promise.all([needs.pool(), needs.who()]);
    const blind = needs.blind();
    const read = needs.readAs(entry);
    const { words, judged } = await ownWords(pool, detail, who, read, blind);
    const standsFor = needs.equivalents.of(detail);
    const item = reviewItem(detail, {
      who,
      rubric: needs.rubric(),
      gradeOf: (text, gold) => needs.grades.get(text, gold),
      standsFor,
      between,
      card: await groupOf(detail, between, standsFor),
      read,
      own: words,
      hidden: blind && !judged,
    });
    return { entry, read, detail, between, item, own: words, stale: isCutStale(detail) };
  }

  /** What stands beside an item; undefined where it may not be seen, or is of another problem. */
  async sibling({ item, detail }: Loaded, attemptId: number): Promise<SiblingView | undefined> {
    if (item.hidden) return undefined;
    const other = await (await this.needs.pool()).detail(attemptId);
    return other.problem.rowId === detail.problem.rowId ? siblingView(other) : undefined;
  }

  /** What was read ahead, once; else read now. */
  take(entry: Entry): Promise<Loaded> {
    const ready = this.ready.get(keyOf(entry));
    this.ready.delete(keyOf(entry));
    return ready ?? this.load(entry);
  }

  /** Reads these ahead, and forgets the others. */
  ahead(entries: readonly Entry[], loaded: (item: ReviewItem) => void): void {
    const wanted = new Set(entries.map(keyOf));
    for (const key of this.ready.keys()) if (!wanted.has(key)) this.ready.delete(key);
    for (const entry of entries) {
      const key = keyOf(entry);
      if (this.ready.has(key)) continue;
      const loading = this.load(entry);
      this.ready.set(key, loading);
      loading.then(
        ({ item }) => {
          if (this.ready.get(key) === loading) loaded(item);
        },
        // Said when the item is really asked for.
        () => {
          if (this.ready.get(key) === loading) this.ready.delete(key);
        },
      );
    }
  }

  /** What was read ahead no longer holds: of one attempt, or of all. */
  forget(attemptId?: number): void {
    if (attemptId === undefined) this.ready.clear();
    else for (const key of [attemptId, -attemptId]) this.ready.delete(key);
  }
}
