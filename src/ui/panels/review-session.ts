import type { AttemptDetail, AttemptQuery, Pool } from "../../pool/types.js";
import type { ReviewAction, ReviewItem, ReviewMode, ReviewState } from "../../protocol/review.js";
import type { AnnotationTarget, AnnotationValue, Grade } from "../../protocol/types.js";
import { judged, reviewItem } from "./review-item.js";

export interface SessionNeeds {
  pool(): Promise<Pool>;
  who(): Promise<string>;
  /** Grades a person's correction; absent where nothing may run. */
  readonly grade?: ((text: string, gold: string) => Promise<Grade>) | undefined;
  /** Milliseconds. */
  now(): number;
  changed(state: ReviewState): void;
  /** A person's judgement was stored. */
  judged(): void;
  prefetched(item: ReviewItem): void;
  failed(error: unknown): void;
}

/** What undo takes back: an annotation (its previous value is appended again), or a skip. */
interface Done {
  attemptId: number;
  words: string;
  write?: { target: AnnotationTarget; targetId: number; value: AnnotationValue };
}

/** An item left lying is not an item thought about: longer times do not count towards the pace. */
const LONGEST_SECONDS = 600;

/**
 * One sitting of review: the queue, the item shown, the step cursor, undo across items, pace. It knows nothing of
 * webviews; every action is carried out in the order in which it came, and everything is stored at once.
 */
export class ReviewSession {
  private ids: number[] = [];
  private query: AttemptQuery = {};
  private current: { detail: AttemptDetail; item: ReviewItem } | null = null;
  private readonly ahead = new Map<number, Promise<{ detail: AttemptDetail; item: ReviewItem }>>();
  private readonly grades = new Map<string, Grade>();
  private readonly done: Done[] = [];
  private readonly seconds: number[] = [];
  private shownAt = 0;
  private judgedNow = false;
  private cursor = 1;
  private mode: ReviewMode = "localise";
  private notice: string | null = null;
  private reviewed = 0;
  private queue: Promise<void> = Promise.resolve();
  busy: string | null = null;
  watchable = false;
  readOnly: string | null = null;

  constructor(private readonly needs: SessionNeeds) {}

  get attemptId(): number | null {
    return this.current?.item.attemptId ?? null;
  }

  get problemText(): string | null {
    return this.current?.item.problem.text ?? null;
  }

  state(): ReviewState {
    const id = this.attemptId;
    const index = id === null ? -1 : this.ids.indexOf(id);
    return {
      item: this.current?.item ?? null,
      position: index < 0 ? null : index + 1,
      total: this.ids.length,
      reviewed: this.reviewed,
      order: "as stored",
      scope: scopeWords(this.query),
      pace: median(this.seconds),
      cursor: this.cursor,
      mode: this.mode,
      notice: this.notice,
      canUndo: this.done.length > 0,
      busy: this.busy,
      watchable: this.watchable,
      readOnly: this.readOnly,
    };
  }

  /** Shows `attemptId`, or else the first of the queue that nobody reviewed yet, or else its first. */
  open(query: AttemptQuery, attemptId?: number): Promise<void> {
    return this.enqueue(async () => {
      this.query = query;
      const pool = await this.needs.pool();
      this.ids = await pool.attemptIds(query);
      this.reviewed = (await pool.stats()).reviewed;
      const unseen =
        attemptId === undefined ? (await pool.attemptIds({ ...query, reviewed: false }))[0] : undefined;
      const first = attemptId ?? unseen ?? this.ids[0];
      if (first === undefined) this.current = null;
      else await this.show(first);
    });
  }

  /** Shows one attempt, in the queue or beside it. */
  go(attemptId: number): Promise<void> {
    return this.enqueue(() => this.show(attemptId));
  }

  act(action: ReviewAction): Promise<void> {
    return this.enqueue(() => this.perform(action));
  }

  moveCursor(step: number): Promise<void> {
    return this.enqueue(async () => {
      this.place(step);
    });
  }

  /** Stores a correction or a note; empty text takes the earlier one back. */
  text(field: "correction" | "note", attemptId: number, text: string, goOn: boolean): Promise<void> {
    return this.enqueue(async () => {
      if (this.attemptId !== attemptId) await this.show(attemptId);
      const value = text.trim() === "" ? null : text.trim();
      const before = this.current?.item.mine;
      const was = field === "note" ? (before?.note ?? null) : (before?.correction?.text ?? null);
      if (value !== was) await this.say({ kind: field, value }, field);
      if (goOn) await this.step(1);
    });
  }

  /** The pool changed, here or in another window: what is shown is read again. */
  refresh(): Promise<void> {
    return this.enqueue(async () => {
      this.ahead.clear();
      const pool = await this.needs.pool();
      // A queue of unreviewed items must not shrink under the reviewer's hands.
      if (this.query.reviewed === undefined) this.ids = await pool.attemptIds(this.query);
      this.reviewed = (await pool.stats()).reviewed;
      const id = this.attemptId ?? this.ids[0];
      if (id === undefined) return;
      if (this.current === null) await this.show(id);
      else this.current = await this.load(id);
      this.lookAhead();
    });
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    const run = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        this.needs.failed(error);
      }
      this.needs.changed(this.state());
    };
    this.queue = this.queue.then(run);
    return this.queue;
  }

  private async perform(action: ReviewAction): Promise<void> {
    this.notice = null;
    if (action === "undo") return this.undo();
    if (action === "next") return this.step(1);
    if (action === "previous") return this.step(-1);
    if (action === "mode") {
      this.mode = this.mode === "triage" ? "localise" : "triage";
      return;
    }
    if (!this.current) return;
    const mine = this.current.item.mine;
    switch (action) {
      case "skip":
        this.done.push({ attemptId: this.current.item.attemptId, words: "skip" });
        return this.step(1);
      case "stepDown":
        return this.place(this.cursor + 1);
      case "stepUp":
        return this.place(this.cursor - 1);
      case "firstWrong":
        return this.toggle("firstWrongStep", this.cursor, mine.firstWrong, `first wrong step ${this.cursor}`);
      case "noWrongStep":
        return this.toggle("firstWrongStep", 0, mine.firstWrong, "no wrong step");
      case "accept":
      case "reject": {
        const value = action === "accept" ? "accepted" : "rejected";
        await this.toggle("decision", value, mine.decision, value);
        return this.goOnInTriage();
      }
      case "overruleCorrect":
        return this.toggle("verdict", "correct", mine.verdict, "verdict “correct”");
      case "overruleIncorrect":
        return this.toggle("verdict", "incorrect", mine.verdict, "verdict “incorrect”");
      case "overruleUnscored":
        return this.toggle("verdict", "unscored", mine.verdict, "verdict “unscorable”");
      case "flag":
        return this.toggle("flag", true, mine.flag, "flag");
      case "badProblem":
        return this.toggle("badProblem", true, mine.badProblem, "bad problem");
      default:
        if (action.startsWith("rate")) await this.rate(Number(action.slice(4)), mine.rating);
    }
  }

  private async rate(value: number, was: number | undefined): Promise<void> {
    await this.say(
      { kind: "rating", axis: "overall", value: was === value ? null : value },
      `rating ${value}`,
    );
    await this.goOnInTriage();
  }

  /** The same key again takes the judgement back. */
  private toggle<K extends "firstWrongStep" | "decision" | "verdict" | "flag" | "badProblem">(
    kind: K,
    value: Extract<AnnotationValue, { kind: K }>["value"],
    was: unknown,
    words: string,
  ): Promise<void> {
    return this.say({ kind, value: was === value ? null : value } as AnnotationValue, words);
  }

  /** Stores one annotation and remembers what stood before it. */
  private async say(value: AnnotationValue, words: string): Promise<void> {
    if (!this.current) return;
    const { detail } = this.current;
    const who = await this.needs.who();
    const [target, targetId] = targetOf(value, detail);
    const before = detail.annotations.find(
      (a) => a.target === target && a.targetId === targetId && a.who === who && sameSubject(a.value, value),
    );
    const back = before?.value ?? ({ ...value, value: null } as AnnotationValue);
    const pool = await this.needs.pool();
    await pool.annotate(target, targetId, who, value);
    this.needs.judged();
    this.done.push({ attemptId: detail.attempt.id, words, write: { target, targetId, value: back } });
    if (!this.judgedNow) {
      this.judgedNow = true;
      const spent = (this.needs.now() - this.shownAt) / 1000;
      if (spent <= LONGEST_SECONDS) this.seconds.push(spent);
    }
    this.current = await this.load(detail.attempt.id);
  }

  private async undo(): Promise<void> {
    const last = this.done.pop();
    if (!last) {
      this.notice = "Nothing to undo in this sitting.";
      return;
    }
    if (last.write) {
      const pool = await this.needs.pool();
      await pool.annotate(last.write.target, last.write.targetId, await this.needs.who(), last.write.value);
    }
    this.ahead.delete(last.attemptId);
    await this.show(last.attemptId);
    const left = this.done.length === 0 ? "" : ` · ${this.done.length} more to undo`;
    this.notice = `Undone: ${last.words}${left}`;
  }

  private goOnInTriage(): Promise<void> {
    return this.mode === "triage" ? this.step(1) : Promise.resolve();
  }

  private async step(by: 1 | -1): Promise<void> {
    const id = this.attemptId;
    const next = this.ids[id === null ? 0 : this.ids.indexOf(id) + by];
    if (next !== undefined) await this.show(next);
    else this.notice = by > 0 ? "That was the last item." : "This is the first item.";
  }

  private place(step: number): Promise<void> {
    const last = this.current?.item.solution.steps.length ?? 1;
    this.cursor = Math.max(1, Math.min(last, step));
    return Promise.resolve();
  }

  private async show(attemptId: number): Promise<void> {
    this.current = await (this.ahead.get(attemptId) ?? this.load(attemptId));
    this.ahead.delete(attemptId);
    this.notice = null;
    this.cursor = this.current.item.mine.firstWrong || 1;
    this.shownAt = this.needs.now();
    this.judgedNow = false;
    this.lookAhead();
  }

  private async load(attemptId: number): Promise<{ detail: AttemptDetail; item: ReviewItem }> {
    const detail = await (await this.needs.pool()).detail(attemptId);
    const who = await this.needs.who();
    const item = reviewItem(detail, who, (text, gold) => this.grades.get(`${gold}\n${text}`));
    this.gradeCorrection(item);
    return { detail, item };
  }

  /** Holds a person's correction against the gold answer, beside the work: the verdict appears when it is there. */
  private gradeCorrection(item: ReviewItem): void {
    const correction = item.mine.correction;
    if (!correction || correction.verdict !== null || !this.needs.grade) return;
    const key = `${item.problem.gold}\n${correction.text}`;
    this.needs.grade(correction.text, item.problem.gold).then(
      (grade) => {
        this.grades.set(key, grade);
        void this.enqueue(async () => {
          if (this.attemptId === item.attemptId) this.current = await this.load(item.attemptId);
        });
      },
      (error) => this.needs.failed(error),
    );
  }

  /** Reads the neighbours ahead of the key that asks for them. */
  private lookAhead(): void {
    const at = this.ids.indexOf(this.attemptId ?? -1);
    if (at < 0) return;
    const wanted = [this.ids[at + 1], this.ids[at + 2], this.ids[at - 1]].filter((id) => id !== undefined);
    for (const id of this.ahead.keys()) if (!wanted.includes(id)) this.ahead.delete(id);
    for (const id of wanted) {
      if (this.ahead.has(id)) continue;
      const loading = this.load(id);
      this.ahead.set(id, loading);
      loading.then(
        ({ item }) => this.needs.prefetched(item),
        // Said when the item is really asked for.
        () => this.ahead.delete(id),
      );
    }
  }
}

function targetOf(value: AnnotationValue, detail: AttemptDetail): [AnnotationTarget, number] {
  if (value.kind === "badProblem") return ["problem", detail.problem.rowId];
  if (value.kind === "rating" || value.kind === "decision" || value.kind === "correction") {
    const at = judged(detail);
    return [at.target, at.id];
  }
  return ["attempt", detail.attempt.id];
}

function sameSubject(a: AnnotationValue, b: AnnotationValue): boolean {
  return a.kind === b.kind && (a.kind !== "rating" || b.kind !== "rating" || a.axis === b.axis);
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? high)) / 2;
}

function scopeWords(query: AttemptQuery): string {
  const parts: string[] = [];
  if (query.ids) parts.push("selected attempts");
  else if (query.scope === "all") parts.push("all attempts");
  if (query.problemId !== undefined) parts.push("one problem");
  if (query.level !== undefined) parts.push(`level ${query.level}`);
  if (query.kind !== undefined) parts.push(query.kind);
  if (query.errorType !== undefined) parts.push(query.errorType);
  if (query.answer !== undefined) parts.push(`answer ${query.answer}`);
  if (query.reviewed === false) parts.push("unreviewed");
  if (query.text) parts.push(`“${query.text}”`);
  return parts.join(", ");
}
