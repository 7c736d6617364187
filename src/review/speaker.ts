import type { AttemptDetail, AttemptQuery, Circumstances, Pool } from "../pool/types.js";
import type { ReviewOrder, ReviewState } from "../protocol/review.js";
import type { Rubric } from "../protocol/rubric.js";
import type { AnnotationTarget, AnnotationValue } from "../protocol/types.js";
import { cutOf } from "./item.js";
import type { Loaded } from "./loader.js";
import { passOf, sameSubject, targetOf, withWord } from "./own.js";
import { Pace } from "./pace.js";
import { type Done, History } from "./undo.js";
import { doneWords } from "./words.js";

/** Under which circumstances a person reads; another sitting begins when they change. */
export interface Setting {
  query: AttemptQuery;
  order: ReviewOrder;
  seed: number;
  blind: boolean;
}

interface Needs {
  pool(): Promise<Pool>;
  who(): Promise<string>;
  now(): number;
  rubric(): Rubric;
  setting(): Setting;
  /** An annotation was stored. */
  stored(id: number): void;
}

export interface Spoken {
  done: Done;
  /** What was read of the attempt, with this word; undefined where the word changes more of it. */
  detail: AttemptDetail | undefined;
}

/** Stores what a person says, at once, with its circumstances; remembers it for undo. */
export class Speaker {
  history = new History();
  pace = new Pace();
  private sitting: { key: string; id: number } | undefined;

  constructor(private readonly needs: Needs) {}

  /** Nothing was said yet: another person begins. */
  begin(): void {
    this.history = new History();
    this.pace = new Pace();
  }

  /** As the view is told. */
  get state(): Pick<ReviewState, "pace" | "canUndo" | "undoes"> {
    const undoes = this.history.last?.words;
    return {
      pace: this.pace.median,
      canUndo: undoes !== undefined,
      ...(undoes === undefined ? {} : { undoes }),
    };
  }

  /** Says this of an item (`shown`: of the one on the screen, so that the time counts). The first time that a step of it is named, its steps are frozen as they are cut today. */
  async say(at: Loaded, value: AnnotationValue, shown: boolean): Promise<Spoken> {
    const { detail, entry } = at;
    const [pool, who] = await Promise.all([this.needs.pool(), this.needs.who()]);
    const [target, targetId] = targetOf(value, at);
    const pass = passOf(value.kind, at.read);
    const words = pass === 2 ? at.own : detail.annotations.filter((a) => a.who === who);
    const before = words.find(
      (a) => a.target === target && a.targetId === targetId && sameSubject(a.value, value),
    );
    const was = before?.value.value ?? null;
    const isBad = value.kind === "badProblem" && value.value === true;
    const left = isBad ? (await pool.attemptIds({ problemId: targetId })).length : 0;
    let { cut } = detail;
    if (value.kind === "firstWrongStep" && value.value !== null && !cut) {
      cut = cutOf(detail.attempt.text);
      await pool.freezeCut(detail.attempt.id, cut);
    }
    const now = this.needs.now();
    const id = await this.annotate(target, targetId, value, {
      pass,
      ...(shown ? { seconds: this.pace.since(now) } : {}),
    });
    if (shown) this.pace.judged(now);
    const back = { ...value, value: was } as AnnotationValue;
    const done: Done = {
      entry,
      words: doneWords(value, was, this.needs.rubric()),
      write: { target, targetId, value: back, pass },
      left,
    };
    this.history.push(done);
    const spreads = pass === 2 || value.kind === "verdict" || value.kind === "badProblem";
    const said = { id, target, targetId, who, at: new Date().toISOString(), value, pass };
    return { done, detail: spreads ? undefined : withWord({ ...detail, cut }, said) };
  }

  /** Says again what stood before. */
  async takeBack({ write }: Done): Promise<void> {
    if (write) await this.annotate(write.target, write.targetId, write.value, { pass: write.pass });
  }

  private async annotate(
    target: AnnotationTarget,
    targetId: number,
    value: AnnotationValue,
    { pass, seconds }: Pick<Circumstances, "pass" | "seconds">,
  ): Promise<number> {
    const [pool, who] = await Promise.all([this.needs.pool(), this.needs.who()]);
    const setting = this.needs.setting();
    const key = JSON.stringify([pool.file, who, setting]);
    if (this.sitting?.key !== key) {
      this.sitting = { key, id: await pool.openSitting({ who, ...setting }) };
    }
    const id = await pool.annotate(target, targetId, who, value, {
      ...(pass === 2 ? { pass } : {}),
      sitting: this.sitting.id,
      ...(seconds === undefined ? {} : { seconds }),
    });
    this.needs.stored(id);
    return id;
  }
}
