import type { AttemptQuery } from "../pool/types.js";
import { count } from "../protocol/figures.js";
import type { ReviewAction, ReviewItem, ReviewMode, ReviewState, SiblingView } from "../protocol/review.js";
import type { Rubric } from "../protocol/rubric.js";
import { type AnnotationValue, ErrataError } from "../protocol/types.js";
import { BLIND_OFF, BLIND_ON, ORDER_WORDS, ORDERS, SAYS, STALE, STRAYED } from "./actions.js";
import { Axes } from "./axes.js";
import { Foresight } from "./foresight.js";
import { firstOf, isAmong } from "./listing.js";
import { type Loaded, Loader } from "./loader.js";
import { Margin } from "./margin.js";
import type { SessionMemory, SessionNeeds, TextField } from "./needs.js";
import { isMeasured, stands } from "./own.js";
import type { Entry } from "./queue.js";
import { refusal } from "./refusals.js";
import type { Repeat } from "./repeats.js";
import { Shelf } from "./shelf.js";
import { Speaker } from "./speaker.js";
import { Tally } from "./tally.js";
import { Turns } from "./turns.js";
import { personWords, scopeWords, undoneWords } from "./words.js";

/**
 * One sitting of review: the item shown, the step cursor, the rating axis, undo across items. It knows nothing of
 * webviews; every action is carried out in the order in which it came, and everything is stored at once.
 */
export class ReviewSession {
  private blind = false;
  mode: ReviewMode = "localise";
  private readonly axes = new Axes();
  private current: Loaded | null = null;
  private cursor = 1;
  private notice: string | null = null;
  /** Whose sitting it is. */
  private who: string | undefined;
  private readonly turns: Turns;
  private readonly tally: Tally;
  private readonly shelf: Shelf;
  private readonly speaker: Speaker;
  private readonly margin: Margin;
  readonly foresight: Foresight;
  private readonly loader: Loader;
  busy: string | null = null;
  watchable = false;
  readOnly: string | null = null;

  constructor(private readonly needs: SessionNeeds) {
    const { pool, who, failed } = needs;
    this.turns = new Turns(failed, () => needs.changed(this.state()));
    this.tally = new Tally(pool);
    this.shelf = new Shelf(
      {
        ...{ pool, who, failed },
        repeats: () => needs.repeats(),
        shown: () => this.current?.entry ?? null,
        listed: () => this.listed(),
        between: (work) => this.turns.take(() => this.renewed(work)),
      },
      needs.seed(),
    );
    this.speaker = new Speaker({
      ...{ pool, who },
      now: () => needs.now(),
      rubric: () => this.axes.rubric,
      setting: () => this.setting,
      stored: (id) => this.stored(id),
    });
    this.margin = new Margin(
      needs,
      () => this.current,
      (id) => void this.turns.take(async () => (id === this.attemptId ? this.reload() : undefined)),
    );
    this.foresight = new Foresight(this.axes, this.shelf, this);
    this.loader = new Loader({
      ...{ pool, who, grades: this.margin.grades, equivalents: this.margin.equivalents },
      rubric: () => this.axes.rubric,
      blind: () => this.blind,
      readAs: ({ attemptId, again }) =>
        again ? { pass: 2, since: this.shelf.queue.repeats.of(attemptId)?.since ?? 0 } : { pass: 1 },
    });
  }

  get attemptId(): number | null {
    return this.current?.entry.attemptId ?? null;
  }

  /** The item that is shown, as the view has it. */
  get item(): ReviewItem | null {
    return this.current?.item ?? null;
  }

  /** The queue is as the pool is, and nothing is being done. */
  get settled(): Promise<void> {
    return this.turns.settled
      .then(() => this.shelf.listed)
      .then(() => this.shelf.renewal.settled)
      .then(() => this.turns.settled);
  }

  private get setting() {
    const { query, order, seed } = this.shelf;
    return { query, order, seed, blind: this.blind };
  }

  get memory(): SessionMemory {
    return {
      ...this.setting,
      attemptId: this.attemptId,
      again: this.current?.entry.again ?? false,
      mode: this.mode,
      axis: this.axes.current,
      cursor: this.cursor,
      repeats: this.shelf.queue.repeats.all,
    };
  }

  state(): ReviewState {
    return {
      item: this.item,
      foreseen: this.current ? this.foresight.all(this.current) : {},
      ...this.shelf.state,
      ...this.tally.state,
      blind: this.blind,
      ...this.axes.state,
      scope: scopeWords(this.shelf.query, this.axes.rubric),
      ...this.speaker.state,
      cursor: this.cursor,
      mode: this.mode,
      notice: this.notice,
      busy: this.busy,
      watchable: this.watchable,
      readOnly: this.readOnly,
    };
  }

  /** Shows `attemptId`, or else the first of the queue that nobody reviewed yet, or else its first. */
  open(query: AttemptQuery, attemptId?: number): Promise<void> {
    return this.begin(query, attemptId === undefined ? undefined : { attemptId, again: false }, []);
  }

  /** Goes on where a sitting stopped. */
  resume(memory: Partial<SessionMemory>): Promise<void> {
    const { attemptId, again = false } = memory;
    const entry = typeof attemptId === "number" ? { attemptId, again } : undefined;
    this.shelf.order = ORDERS.find((order) => order === memory.order) ?? "stored";
    this.shelf.seed = memory.seed ?? this.shelf.seed;
    this.blind = memory.blind ?? false;
    this.mode = memory.mode ?? this.mode;
    return this.begin(memory.query ?? {}, entry, memory.repeats ?? [], () => {
      if (!entry || this.attemptId !== entry.attemptId) return;
      this.place(memory.cursor ?? this.cursor);
      this.axes.choose(memory.axis ?? "");
    });
  }

  /** Another queue: what is shown stays where it belongs to it, else the reader begins anew. */
  requeue(query: AttemptQuery): Promise<void> {
    return this.turns.take(async () => {
      const { current, shelf } = this;
      const stays = current && (await isAmong(await this.needs.pool(), query, current.entry.attemptId));
      shelf.query = query;
      if (stays) await shelf.relist(true);
      else await this.start(undefined, []);
    });
  }

  /** Shows one attempt, in the queue or beside it. */
  go(attemptId: number): Promise<void> {
    return this.turns.take(async () => {
      if (this.attemptId !== attemptId) await this.show({ attemptId, again: false });
    });
  }

  act(action: ReviewAction): Promise<void> {
    return this.key(() => this.perform(action));
  }

  /** The same value again takes the rating back. */
  rate(axis: string, value: number): Promise<void> {
    return this.key(() => this.rateAxis(axis, value));
  }

  /** Names the kind of error; the same again takes it back. */
  errorType(id: string): Promise<void> {
    return this.key(async () => {
      const known = this.axes.rubric.errorTypes.some((type) => type.id === id);
      if (known) await this.toggle({ kind: "errorType", value: id });
    });
  }

  /** Puts a label on the attempt, or takes it off. */
  label(id: string): Promise<void> {
    return this.key(async () => {
      const known = this.axes.rubric.labels.some((label) => label.id === id);
      if (known) await this.toggle({ kind: "label", axis: id, value: true });
    });
  }

  moveCursor(step: number): Promise<void> {
    return this.key(async () => this.place(step));
  }

  /** Stores a correction or a note, of what is shown or of another attempt; empty text takes the earlier one back. */
  text(field: TextField, attemptId: number, text: string, goOn: boolean, stored?: () => void): Promise<void> {
    return this.key(async () => {
      const shown = this.attemptId === attemptId ? this.current : null;
      const at = shown ?? (await this.loader.load({ attemptId, again: false }));
      const value = text.trim() === "" ? null : text.trim();
      const was = (field === "note" ? at.item.mine.note : at.item.mine.correction?.text) ?? null;
      if (value !== was) await this.say(at, { kind: field, value });
      stored?.();
      if (shown) await this.after(goOn);
    });
  }

  /** What stands beside the item that is shown; undefined where it may not be seen, or is of another problem. */
  async sibling(of: number, attemptId: number): Promise<SiblingView | undefined> {
    const { current } = this;
    return current?.entry.attemptId === of ? this.loader.sibling(current, attemptId) : undefined;
  }

  /** A correction is being written: `graded` tells what the grader says of it, once it has not changed for a moment. */
  draft(attemptId: number, text: string): void {
    this.margin.draft(attemptId, text);
  }

  setRubric(rubric: Rubric): Promise<void> {
    return this.turns.take(async () => {
      if (JSON.stringify(rubric) === JSON.stringify(this.axes.rubric)) return;
      this.axes.rubric = rubric;
      this.loader.forget();
      await this.reload();
    });
  }

  /** The view was made again: what it was told beside the state is told once more. */
  shownAgain(): void {
    if (this.current) this.margin.beside(this.current);
  }

  /**
   * The pool changed, here or in another window, or another person annotates now: what others added is read; what was
   * said here is known already.
   */
  refresh(): Promise<void> {
    return this.turns.take(async () => {
      await this.greet();
      if (!(await this.tally.isNews())) return;
      this.shelf.queue.repeats.mark = this.tally.newest;
      this.loader.forget();
      await this.reload();
      await this.tally.count();
      this.shelf.renewal.ask();
    });
  }

  private key(work: () => Promise<void>): Promise<void> {
    this.shelf.renewal.key();
    return this.turns.take(async () => {
      this.notice = null;
      await this.greet();
      await work();
    });
  }

  /** Another person's sitting begins where they are: nothing that the one before said, or could undo, is theirs. */
  private async greet(): Promise<void> {
    const who = await this.needs.who();
    if (this.who === undefined || who === this.who) return;
    this.speaker.begin();
    const { attemptId, cursor } = this;
    const entry = attemptId === null ? undefined : { attemptId, again: false };
    await this.start(entry, [], () => this.place(cursor));
    this.notice = personWords(who);
  }

  private begin(
    query: AttemptQuery,
    entry: Entry | undefined,
    repeats: readonly Repeat[],
    shown?: () => void,
  ): Promise<void> {
    const begun = this.turns.take(async () => {
      this.shelf.query = query;
      await this.start(entry, repeats, shown);
    });
    return begun.then(() => this.shelf.listed);
  }

  private async start(
    entry: Entry | undefined,
    repeats: readonly Repeat[],
    shown?: () => void,
  ): Promise<void> {
    const [pool, who] = await Promise.all([this.needs.pool(), this.needs.who()]);
    this.loader.forget();
    await this.tally.isNews();
    this.shelf.begin(repeats, this.tally.newest);
    if (!entry || !(await this.showIfThere(entry))) {
      const attemptId = await firstOf(pool, this.shelf);
      if (attemptId === undefined) this.current = null;
      else await this.show({ attemptId, again: false });
    }
    shown?.();
    this.who = who;
    await Promise.all([this.shelf.relist(false), this.tally.count()]);
  }

  /** False where the pool is another one than that which was left. */
  private async showIfThere(entry: Entry): Promise<boolean> {
    try {
      await this.show(entry);
      return true;
    } catch (error) {
      if (!(error instanceof ErrataError && error.code === "not-found")) throw error;
      this.needs.failed(error);
      return false;
    }
  }

  private listed(): void {
    this.lookAhead();
    this.needs.changed(this.state());
  }

  /** The queue grew, or lost what is still to come. */
  private async renewed(change: () => void): Promise<void> {
    change();
    const first = this.current ? undefined : this.shelf.queue.peek(1);
    if (first) await this.show(first);
    else this.lookAhead();
  }

  private stored(id: number): void {
    this.needs.judged();
    this.tally.stored(id);
    this.shelf.queue.repeats.mark = this.tally.newest;
  }

  private async perform(action: ReviewAction): Promise<void> {
    if (action === "undo") return this.undo();
    if (action === "next") return this.step(1);
    if (action === "previous") return this.step(-1);
    if (action === "mode") {
      this.mode = this.mode === "triage" ? "localise" : "triage";
      return;
    }
    if (action === "order") return this.reorder();
    if (action === "blind") return this.toggleBlind();
    if (action === "axisBefore") return this.axes.move(-1);
    if (action === "axisAfter") return this.axes.move(1);
    if (!this.current) return;
    const said = SAYS[action];
    if (said) return this.toggle(said);
    if (action === "stepDown") return this.place(this.cursor + 1);
    if (action === "stepUp") return this.place(this.cursor - 1);
    if (action === "firstWrong") return this.toggle({ kind: "firstWrongStep", value: this.cursor });
    if (action === "skip") {
      this.speaker.history.push({ entry: this.current.entry, words: "skip" });
      return this.step(1);
    }
    if (action.startsWith("rate")) await this.rateAxis(this.axes.current, Number(action.slice(4)));
  }

  private async reorder(): Promise<void> {
    const { shelf } = this;
    shelf.turn(() => this.needs.seed());
    await shelf.relist(true);
    this.notice = ORDER_WORDS[shelf.order];
  }

  private async toggleBlind(): Promise<void> {
    this.blind = !this.blind;
    this.loader.forget();
    await this.reload();
    this.notice = this.blind ? BLIND_ON : BLIND_OFF;
  }

  /** In triage `overall` and the last axis go on to the next item, the others to the next axis. */
  private async rateAxis(axis: string, value: number): Promise<void> {
    const { axes, current } = this;
    if (!current || !axes.has(axis) || ![1, 2, 3, 4, 5].includes(value)) return;
    axes.choose(axis);
    const before = current.item.mine.ratings[axis];
    await this.toggle({ kind: "rating", axis, value });
    if (this.mode === "triage" && !axes.goesOn(axis) && before !== value) axes.move(1);
  }

  /** Says it, or takes it back where it stands. In triage a judgement goes on to the next item. */
  private async toggle(value: AnnotationValue): Promise<void> {
    const { current } = this;
    if (!current) return;
    const refused = this.foresight.strayed(value) ? STRAYED : refusal(current, value);
    if (refused !== undefined) {
      this.notice = refused;
      return;
    }
    const again = stands(current, value);
    await this.say(current, again ? ({ ...value, value: null } as AnnotationValue) : value);
    await this.after(this.foresight.goesOn(value) && !again);
  }

  /** Goes on after a judgement, or shows it. */
  private async after(goOn: boolean): Promise<void> {
    if (goOn) await this.step(1);
    else this.look();
  }

  /** Stores it, and keeps the figures without counting where one need not. */
  private async say(at: Loaded, value: AnnotationValue): Promise<void> {
    const { pass } = at.read;
    const { done, detail } = await this.speaker.say(at, value, this.current === at);
    this.loader.forget(detail ? at.entry.attemptId : undefined);
    if (this.current === at) {
      this.current = detail
        ? await this.loader.make(at.entry, detail, at.between)
        : await this.loader.load(at.entry);
    }
    if (pass === 1 && isMeasured(value) && value.value !== null)
      this.shelf.queue.repeats.said(at.entry.attemptId);
    await this.tally.said(at, value);
    if (value.kind !== "badProblem") return;
    const pool = await this.needs.pool();
    const gone = { scope: "all", problemId: at.detail.problem.rowId } as const;
    this.shelf.leave(value.value ? new Set(await pool.attemptIds(gone)) : undefined);
    if (!value.value) return;
    this.notice = `Bad problem or wrong gold answer: ${count(done.left ?? 0, "attempt")} left the pool and every figure.`;
  }

  private async undo(): Promise<void> {
    const { history } = this.speaker;
    const { last } = history;
    if (!last) {
      this.notice = "Nothing to undo in this sitting.";
      return;
    }
    // What could not be stored stays to be undone.
    await this.speaker.takeBack(last);
    history.pop();
    if (last.write) {
      if (last.write.value.kind === "badProblem") this.shelf.leave(undefined);
      await this.tally.count();
    }
    if (last.removed) this.shelf.queue.restore(last.removed);
    this.loader.forget();
    await this.show(last.entry);
    this.notice = undoneWords(last.words, last.left ?? 0, history.length);
  }

  private async step(by: 1 | -1): Promise<void> {
    const marked = this.speaker.history.lastOf("badProblem");
    const step = await this.shelf.step(by);
    if (step) {
      if (marked && step.removed) marked.removed = step.removed;
      return this.show(step.next);
    }
    this.notice = by > 0 ? "That was the last item." : "This is the first item.";
  }

  private place(step: number): void {
    const last = this.item?.solution.steps.length ?? 1;
    this.cursor = Math.max(1, Math.min(last, step));
  }

  private async show(entry: Entry): Promise<void> {
    const { queue } = this.shelf;
    this.current = await this.loader.take(entry);
    this.foresight.arrived(entry.attemptId);
    queue.place(entry);
    queue.repeats.saw(entry.attemptId);
    this.notice = this.current.stale ? STALE : null;
    this.place(this.current.item.mine.firstWrong || 1);
    this.axes.first();
    this.speaker.pace.shown(this.needs.now());
    this.look();
  }

  /** Makes what is shown again, after something was said of it. */
  private async reload(): Promise<void> {
    if (!this.current) return;
    this.current = await this.loader.load(this.current.entry);
    this.look();
  }

  /** What is shown was made anew. */
  private look(): void {
    this.lookAhead();
    if (this.current) this.margin.beside(this.current);
  }

  /** Reads the neighbours ahead of the key that asks for them. */
  private lookAhead(): void {
    this.loader.ahead(this.shelf.neighbours(), (item) => {
      this.needs.prefetched(item);
      this.margin.ahead(item);
    });
  }
}
