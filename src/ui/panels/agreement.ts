import { setTimeout as wait } from "node:timers/promises";
import * as vscode from "vscode";
import type { AttemptDetail, Pool } from "../../pool/types.js";
import type {
  AgreementFromView,
  AgreementMemory,
  AgreementReport,
  AgreementState,
  AgreementToView,
  Annotator,
  Disagreement,
  JudgementWord,
} from "../../protocol/agreement.js";
import { ADJUDICATED } from "../../protocol/agreement.js";
import type { Rubric } from "../../protocol/rubric.js";
import type { Annotation } from "../../protocol/types.js";
import { agreement, everybody } from "../../review/agreement.js";
import { disagreements, subjectWords, valueWords } from "../../review/agreement-differences.js";
import { Breath } from "../../review/agreement-figures.js";
import { adjudicatedWord, adjudicationItem } from "../../review/agreement-item.js";
import { allJudgements } from "../../review/agreement-read.js";
import { sortWords } from "../../review/agreement-subjects.js";
import { readRubric } from "../../review/rubric.js";
import { PANELS } from "../names.js";
import type { Services } from "../services.js";
import { isSecond, Page } from "./page.js";

/** Lines of the list shown at first, and more at a time. */
const LINES = 50;
/** The pool is read again no more often than this. */
const REFRESH_MS = 1000;
const NOTHING = { all: "", figures: "" };
const UNTRUSTED = "This workspace is in Restricted Mode: the figures can be read; nothing is settled here.";

/** The one Agreement panel of the window. */
export class AgreementPanel implements vscode.Disposable {
  private page: Page<AgreementToView, AgreementFromView> | undefined;
  private people: Annotator[] = [];
  private chosen: { a: string; b: string } | null = null;
  private rubric: Rubric | null = null;
  private report: AgreementReport | null = null;
  /** What the report was made from: as long as nobody says anything new, it stands. */
  private madeFrom = NOTHING;
  private found: Disagreement[] = [];
  private texts = new Map<number, string>();
  private shown = LINES;
  private stale = false;
  private working: Promise<void> | undefined;
  private stop = new AbortController();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly services: Services,
    private readonly review: (attemptIds: number[]) => void,
  ) {
    this.subscriptions = [
      services.onDidChangePool(() => this.refresh()),
      vscode.window.registerWebviewPanelSerializer(PANELS.agreement, {
        deserializeWebviewPanel: async (panel, memory: AgreementMemory | undefined) => {
          if (isSecond(this.page, panel)) return;
          if (memory) this.chosen = { a: memory.a, b: memory.b };
          this.adopt(panel);
        },
      }),
    ];
  }

  show(): void {
    if (this.page) this.page.panel.reveal();
    else
      this.adopt(vscode.window.createWebviewPanel(PANELS.agreement, "Agreement", vscode.ViewColumn.Active));
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.page = new Page(panel, this.services.context.extensionUri, "agreement", "agreement", (message) => {
      this.receive(message).catch((error: unknown) => this.services.fail(error));
    });
    panel.onDidDispose(() => {
      this.page = undefined;
      this.stop.abort();
      this.madeFrom = NOTHING;
    });
  }

  private async receive(message: AgreementFromView): Promise<void> {
    switch (message.type) {
      case "ready":
        if (this.report) await this.draw();
        return this.refresh();
      case "choose":
        this.chosen = { a: message.a, b: message.b };
        this.shown = LINES;
        this.report = null;
        this.found = [];
        this.madeFrom = NOTHING;
        this.stop.abort();
        return this.refresh();
      case "more":
        this.shown += LINES;
        return this.draw();
      case "open":
        return this.open(message.attemptId);
      case "take":
        return this.settle(message.attemptId, message.key, message);
      case "reopen":
        return this.settle(message.attemptId, message.key, { from: null, value: null });
      case "review":
        return this.review([message.attemptId, ...this.ids().filter((id) => id !== message.attemptId)]);
      case "merge":
        return vscode.commands.executeCommand("errata.mergePool");
      case "setName":
        return vscode.commands.executeCommand("workbench.action.openSettings", "errata.annotator");
    }
  }

  private ids(): number[] {
    return this.found.slice(0, this.shown).map(({ attemptId }) => attemptId);
  }

  /** One reading at a time; while it runs, changes are noted and read after it. */
  private refresh(): void {
    this.stale = true;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  private async work(): Promise<void> {
    while (this.stale && this.page?.panel.visible) {
      this.stale = false;
      this.stop = new AbortController();
      const { signal } = this.stop;
      try {
        await this.load(signal);
      } catch (error) {
        if (!signal.aborted) this.services.fail(error);
      }
      // Another choice does not wait.
      await wait(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async load(signal: AbortSignal): Promise<void> {
    const pool = await this.services.poolIfAny();
    if (!pool) return this.draw();
    this.people = await pool.people();
    this.rubric = await readRubric(this.services.workspace);
    this.chosen = this.choice();
    const { a, b } = this.chosen ?? { a: "", b: "" };
    if (!this.chosen) return this.draw();
    const kind = b === "" ? "all" : a === b ? "self" : "pair";
    const said = this.people.filter(({ role }) => role !== "machine");
    const persons = said.filter(({ role, who }) => role === "person" || who === a || who === b);
    const from = { all: JSON.stringify([said, a, b]), figures: JSON.stringify([persons, a, b, this.rubric]) };
    if (from.all === this.madeFrom.all && from.figures === this.madeFrom.figures) return this.draw();
    const same = this.report !== null && from.figures === this.madeFrom.figures;
    if (!same) await this.draw(true);
    const words = await allJudgements(pool, signal);
    const people = kind === "all" ? everybody(this.people) : [a, b];
    const breath = new Breath(signal);
    // What an adjudicator says moves no figure: only the list is made again.
    const { report, subjects } = same
      ? { report: this.report, subjects: await sortWords(words, people, kind === "self", breath) }
      : await agreement(words, { people, kind, rubric: this.rubric, signal });
    const found = kind === "all" ? [] : await disagreements(subjects, breath);
    signal.throwIfAborted();
    this.report = report;
    this.found = found;
    this.madeFrom = from;
    await this.draw();
  }

  /** What was chosen, as far as it is still there; else the two who said most, or one who was asked twice. */
  private choice(): { a: string; b: string } | null {
    const there = (who: string): boolean =>
      this.people.some((one) => one.who === who && one.role !== "machine");
    const { chosen } = this;
    if (chosen && there(chosen.a) && (chosen.b === "" || there(chosen.b))) return chosen;
    const [first, second] = this.people.filter(({ role }) => role === "person");
    if (first && second) return { a: first.who, b: second.who };
    return first && first.repeats > 0 ? { a: first.who, b: first.who } : null;
  }

  private async draw(busy = false): Promise<void> {
    if (!this.page) return;
    const pool = await this.services.poolIfAny();
    const some = this.found.slice(0, this.shown);
    const unknown = some
      .filter(({ problemId }) => !this.texts.has(problemId))
      .map(({ problemId }) => problemId);
    if (pool && unknown.length > 0) {
      for (const { rowId, problem } of await pool.problems([...new Set(unknown)])) {
        this.texts.set(rowId, problem.slice(0, 400));
      }
    }
    const names = this.people.map(({ who, name, role }) => [
      who,
      role === "person" ? name : `${name}, ${role}`,
    ]);
    const state: AgreementState = {
      people: this.people,
      chosen: this.chosen,
      names: Object.fromEntries(names),
      report: this.chosen ? this.report : null,
      lines: some.map((one) => ({
        attemptId: one.attemptId,
        problem: this.texts.get(one.problemId) ?? "",
        words: one.differences.map(({ kind, axis, a, b }) => this.differs(kind, axis, a, b)),
        settled: one.differences.every(({ settled }) => settled !== null),
      })),
      total: this.found.length,
      open: this.found.filter((one) => one.differences.some(({ settled }) => settled === null)).length,
      busy,
      leftOut: pool ? await pool.badProblems() : 0,
      me: await this.services.who(),
      readOnly: this.services.trusted && !pool?.readOnly ? null : UNTRUSTED,
    };
    this.page?.post({ type: "state", state });
  }

  private differs(kind: string, axis: string, a: JudgementWord["value"] | null, b: typeof a): string {
    if (!this.rubric) return "";
    const words = (value: typeof a): string => (this.rubric ? valueWords(kind, value, this.rubric) : "");
    return `${subjectWords(kind, axis, this.rubric)}: ${words(a)} ↔ ${words(b)}`;
  }

  private async open(attemptId: number): Promise<void> {
    const { chosen, rubric } = this;
    if (!chosen || !rubric) return;
    const pool = await this.services.pool();
    const detail = await pool.detail(attemptId);
    const item = adjudicationItem(detail, await historyOf(pool, detail), chosen, rubric);
    this.page?.post({ type: "item", item });
  }

  /** Says, as an adjudicator, what holds; the view is shown it at once, the list when the pool was read again. */
  private async settle(
    attemptId: number,
    key: string,
    said: { from: "a" | "b" | null; value: string | null },
  ): Promise<void> {
    if (!this.chosen) return;
    const pool = await this.services.pool();
    const word = adjudicatedWord(await historyOf(pool, await pool.detail(attemptId)), this.chosen, key, said);
    const { target, targetId, value, of } = word;
    const me = await this.services.who();
    await pool.adjudicate(me, { target, targetId, value }, of);
    for (const one of this.found.find((line) => line.attemptId === attemptId)?.differences ?? []) {
      const same = one.target === target && one.targetId === targetId && one.kind === value.kind;
      if (same && one.axis === ("axis" in value ? value.axis : "")) {
        one.settled = value.value === null ? null : `${ADJUDICATED}${me}`;
      }
    }
    await this.open(attemptId);
    await this.draw();
  }

  dispose(): void {
    this.stop.abort();
    for (const subscription of this.subscriptions) subscription.dispose();
    this.page?.dispose();
  }
}

/** All that was said of an attempt and of its reflections. */
async function historyOf(pool: Pool, { attempt, reflections }: AttemptDetail): Promise<Annotation[]> {
  const lists = await Promise.all([
    pool.annotations("attempt", attempt.id),
    ...reflections.map(({ id }) => pool.annotations("reflection", id)),
  ]);
  return lists.flat();
}
