import type { Page } from "playwright-core";
import type { RegradeState } from "../../src/protocol/regrade.js";
import type { RolloutsView } from "../../src/protocol/run-panel.js";
import { AGREEMENT_STATES, adjudicationItem } from "./agreement.fixture.js";
import { attempts, compared, looks } from "./compare.fixture.js";
import { IMPORT_STATES } from "./import.fixture.js";
import { item as mask, outline } from "./preview.fixture.js";
import { item, solution, state } from "./review.fixture.js";
import { snapshot } from "./run.fixture.js";
import { card, change, disputed, regrade, regradeState } from "./verdicts.fixture.js";
import { hand } from "./webview.fixture.js";

/** Something that a page can be made to show: what the host says, when it is there, and what a person does then. */
export interface PanelState {
  panel: "review" | "compare" | "preview" | "run" | "agreement" | "regrade" | "import";
  name: string;
  messages: readonly unknown[];
  ready: string;
  then?: (page: Page) => Promise<void>;
}

/** Stands for any text from outside: a model's, a data set's, a person's. */
const TEXT = "§";

/** `value` with every text from outside replaced. */
function holding<T>(value: T, text: string): T {
  if (typeof value === "string") return value.replaceAll(TEXT, text) as T;
  if (Array.isArray(value)) return value.map((one) => holding(one, text)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, holding(one, text)])) as T;
}

/** Every state of every panel, its outside texts being `text`. */
export function panelStates(
  text = "Solve $2(x+3)=10$, step by step.\n$2x+3=10$\n$x=\\frac{7}{2}$",
): PanelState[] {
  const reflection = {
    id: 7,
    modelId: TEXT,
    text: TEXT,
    parsed: true,
    analysis: TEXT,
    corrected: solution(text),
    verdict: "correct" as const,
    reason: TEXT,
    count: 3,
    fixed: 1,
  };
  const said = {
    ratings: { overall: 4 },
    labels: [],
    note: TEXT,
    decision: "rejected" as const,
    firstWrong: 1,
  };
  const correction = { ...solution(text), verdict: "correct" as const, reason: TEXT, about: TEXT };
  const full = item({
    problem: { set: TEXT, id: TEXT, text: TEXT, gold: TEXT, level: TEXT, kind: TEXT },
    modelId: "other",
    solution: { ...solution(text), answer: TEXT },
    reason: TEXT,
    errorType: TEXT,
    reflection,
    siblings: [
      { answer: TEXT, verdict: "incorrect", attemptIds: [1, 2] },
      { answer: "1", verdict: "correct", attemptIds: [3] },
    ],
    others: [{ who: TEXT, at: "2026-01-01T00:00:00.000Z", machine: false, words: TEXT }],
    overrules: [{ who: TEXT, at: "2026-01-01T00:00:00.000Z", verdict: "correct" }],
    mine: { ...said, correction: { ...solution(text), verdict: "correct", reason: TEXT } },
  });
  const review = (name: string, shown: object, then?: PanelState["then"]): PanelState => ({
    panel: "review",
    name,
    messages: [{ type: "state", state: shown }],
    ready: "errata-review main",
    ...(then ? { then } : {}),
  });
  const press =
    (...keys: string[]): PanelState["then"] =>
    async (page) => {
      await page.locator("main").focus();
      for (const key of keys) await page.keyboard.press(key);
    };
  const act =
    (action: string): PanelState["then"] =>
    (page) =>
      hand(page, { type: "act", action });
  const hidden = item({
    ...{ hidden: true, verdict: null, reason: null, group: null, siblings: [] },
    reflection: { ...reflection, verdict: null, reason: null, fixed: null },
    problem: { ...full.problem, gold: null },
  });
  const rollouts: RolloutsView = {
    ...{ step: 60, following: true, first: 1, last: 60, previous: 59, next: null },
    ...{ shown: 2, matching: 2, total: 3, counts: { incorrect: 1, unscored: 1, correct: 1 } },
    rows: [
      {
        ...{
          problem_id: TEXT,
          problem: TEXT,
          gold: TEXT,
          stage: "correction",
          wrong: TEXT,
          completion: TEXT,
        },
        ...{ analysis: TEXT, answer: TEXT, verdict: "incorrect", reward: 0, advantage: -1 },
        ...{ tokens: 9, learning_tokens: 3, learning_analysis: 3, times: 1 },
      },
      {
        ...{
          problem_id: TEXT,
          problem: TEXT,
          gold: TEXT,
          stage: "correction",
          wrong: TEXT,
          completion: TEXT,
        },
        ...{ analysis: TEXT, answer: TEXT, verdict: "unscored", reward: null, advantage: 0 },
        ...{ tokens: 9, learning_tokens: 0, learning_analysis: 0, times: 1 },
      },
    ],
  };
  const [snap] = [snapshot(60, ["a"])];
  const run = (name: string, messages: unknown[], ready: string): PanelState => ({
    panel: "run",
    name,
    messages,
    ready,
  });
  const named =
    snap.type === "snapshot"
      ? {
          ...snap,
          head: { ...snap.head, name: TEXT, model: TEXT, message: TEXT, device: TEXT },
          alarms: [{ step: 24, kind: "zero-variance", message: TEXT }],
          others: snap.others.map((other) => ({ ...other, name: TEXT })),
        }
      : snap;
  const early =
    named.type === "snapshot"
      ? { ...named, head: { ...named.head, status: "stopped" as const, step: 0, checkpoint: null } }
      : named;
  const measured = compared([{ looks: looks("incorrect") }, { looks: looks("correct") }]);
  const problem = (one: (typeof measured.fixed)[number]) => ({
    ...one,
    ...{ problem: TEXT, gold: TEXT, level: TEXT, kind: TEXT },
  });
  const comparison = {
    ...measured,
    ...{ modelA: TEXT, modelB: TEXT, problems: TEXT },
    fixed: measured.fixed.map(problem),
    regressed: measured.regressed.map(problem),
  };
  const both = (["incorrect", "correct"] as const).map((verdict, side) =>
    attempts(1, [verdict, "incorrect"], 1000 * side).map((one) => ({
      ...one,
      reason: TEXT,
      solution: { ...solution(text), answer: TEXT },
    })),
  );
  const tab = (name: string) => async (page: Page) => {
    await page.getByRole("tab", { name }).click();
  };
  const compare = (name: string, then?: PanelState["then"]): PanelState => ({
    panel: "compare",
    name,
    messages: [{ type: "comparison", comparison, leftOut: 3 }],
    ready: "[role=tab]",
    ...(then ? { then } : {}),
  });
  const agreement = (name: string, shown: unknown, then?: PanelState["then"]): PanelState => ({
    panel: "agreement",
    name,
    messages: [{ type: "state", state: shown }],
    ready: "errata-agreement main",
    ...(then ? { then } : {}),
  });
  const masked = {
    ...mask(7),
    problem: TEXT,
    parts: mask(7).parts.map((part) => ({
      ...part,
      tokens: part.tokens.map((token, i) => (i === 2 ? { ...token, text: TEXT } : token)),
    })),
  };
  const named_outline = { ...outline, name: TEXT, file: `/w/${TEXT}`, model: TEXT, warnings: [TEXT] };
  const fit = { prompt: 72, completion: 110, context: 256, turns: 1 };
  const preview = (name: string, more: unknown[], ready: string): PanelState => ({
    panel: "preview",
    name,
    messages: [{ type: "outline", outline: named_outline }, ...more],
    ready,
  });
  const quarrel = disputed(text, {
    dispute: { kind: "disagree", words: TEXT },
    reason: TEXT,
    answerHow: TEXT,
    opinions: disputed(text).opinions.map((one) => ({
      ...one,
      ...{ grader: TEXT, version: TEXT, answer: TEXT, reason: TEXT },
    })),
  });
  const group = card({
    gold: TEXT,
    clusters: card().clusters.map((one) => ({ ...one, answer: TEXT })),
    majority: { answer: TEXT, verdict: "incorrect", share: 0.625 },
  });
  const again = (name: string, shown: RegradeState, then?: PanelState["then"]): PanelState => ({
    panel: "regrade",
    name,
    messages: [{ type: "state", state: shown }],
    ready: "errata-regrade main",
    ...(then ? { then } : {}),
  });
  const redone = regradeState({
    regrade: regrade({ settings: TEXT, scope: TEXT }),
    history: regradeState().history.map((one) => ({ ...one, who: TEXT, settings: TEXT, scope: TEXT })),
    notice: TEXT,
  });
  const states: PanelState[] = [
    review("an item", state(full)),
    review("triage", state(full, { mode: "triage" })),
    review(
      "no reflection",
      state(item({ ...full, reflection: null, refuses: { accept: TEXT, reject: TEXT } })),
    ),
    review(
      "said of an earlier reflection",
      state(item({ ...full, mine: { ...full.mine, correction, earlier: ["rated Overall 4", TEXT] } })),
    ),
    review(
      "reflection without sections",
      state(item({ ...full, reflection: { ...reflection, parsed: false } })),
    ),
    review("hidden", state(hidden, { blind: true })),
    review("raw", state(full), act("raw")),
    review("siblings", state(full), act("siblings")),
    review("editing", state(full), press("e")),
    review("a note", state(full), press("n")),
    review("a note that could not be stored", state(full), async (page) => {
      await press("n")?.(page);
      await page.keyboard.type("!");
      await page.keyboard.press("Control+Enter");
      const message = { type: "stored", field: "note", attemptId: full.attemptId, text: "!", ok: false };
      await hand(page, message);
      await page.locator(".note-field [role=alert]").waitFor();
    }),
    review(
      "a note, read-only",
      state(full, { readOnly: "This workspace is in Restricted Mode." }),
      press("n"),
    ),
    review("why a key did nothing", state(hidden, { blind: true }), act("siblings")),
    review("error types", state(full), act("errorType")),
    review("labels", state(full), act("label")),
    review("keys", state(full), act("help")),
    review("nothing to review", { ...state(full), item: null, position: null, total: 0 }),
    review("hints", state(full, { cursor: 1 }), async (page) => {
      const hints = [
        { step: 1, start: 0, end: text.length, verdict: "false", says: text },
        ...solution(text).steps.map((step) => ({
          ...{ step: step.n, start: step.start + 1, end: step.start + step.text.length - 1 },
          ...{ verdict: "false", says: text },
        })),
      ];
      await hand(page, { type: "hints", attemptId: 1, hints });
      // Attached, not visible: a hostile text may be a character without width.
      await page.waitForSelector(".hint-false", { state: "attached" });
    }),
    review("find", state(full), async (page) => {
      await hand(page, { type: "act", action: "find" });
      await page.locator(".find input").fill("x");
    }),
    review(
      "a long solution",
      state(item({ ...full, solution: solution(`${text}\n`.repeat(30)) }), { cursor: 60 }),
    ),
    review("a dispute", state(quarrel)),
    review("a dispute, raw", state(quarrel), act("raw")),
    review("no dispute", { ...state(full), item: null, position: null, total: 0, disputes: true }),
    review("a group", state(item({ ...full, card: group })), act("siblings")),
    review(
      "no majority",
      state(item({ ...full, card: { ...group, bad: true, majority: null } })),
      act("siblings"),
    ),
    review("read-only", state(full, { readOnly: "This workspace is in Restricted Mode.", notice: TEXT })),
    run("curves", [named, { type: "rollouts", rollouts }, { type: "log", text: TEXT }], ".u-over"),
    run("stopped before step 1", [early], ".chip"),
    run("unreadable", [named, { type: "unreadable", message: TEXT }], "errata-run"),
    compare("regressed"),
    compare("first attempts", tab("First attempts")),
    compare("reflection", tab("Reflection")),
    compare("second look", tab("Second look")),
    compare("verification", tab("Verification")),
    {
      ...compare("side by side", async (page) => {
        await page.getByRole("tab", { name: "Fixed" }).click();
        await page.locator("tr.open").first().click();
        const pair = { problemRowId: 1, a: both[0], b: both[1] };
        await hand(page, {
          type: "attempts",
          attempts: holding(pair, text),
        });
        await page.waitForSelector(".side .steps");
      }),
    },
    preview("outline", [], "errata-preview header"),
    preview("masks", [{ type: "masks", masks: { fit, items: [masked] }, source: "run" }], ".token"),
    preview(
      "trouble",
      [{ type: "trouble", trouble: { message: TEXT, hint: TEXT, mends: [] }, source: "run" }],
      "errata-preview header",
    ),
    again("preview", redone, async (page) => {
      const rows = [1, 2, 3].map((id) =>
        change(id, {
          problem: text,
          gold: text,
          fromAnswer: text,
          toAnswer: null,
          fromReason: text,
          toReason: text,
        }),
      );
      const kind = { from: "incorrect", to: "correct" };
      const message = { type: "rows", regradeId: redone.regrade?.id, kind, after: 0, rows };
      await hand(page, message);
      await page.waitForSelector(".entry");
    }),
    again("applied", { ...redone, regrade: regrade({ id: 2, state: "applied" }) }),
    again("nothing yet", { ...redone, regrade: null, history: [] }),
    again("read-only", { ...redone, readOnly: "This workspace is in Restricted Mode." }),
    ...AGREEMENT_STATES.map(({ name, state: shown }) => agreement(name, shown)),
    agreement("side by side", AGREEMENT_STATES[0]?.state, async (page) => {
      await page.locator(".entry").first().click();
      const item = adjudicationItem(Number(await page.evaluate(opened)), text);
      await hand(page, { type: "item", item });
      await page.waitForSelector(".adjudication");
    }),
    ...IMPORT_STATES.map(
      ({ name, state: shown }): PanelState => ({
        ...{ panel: "import", name, ready: "errata-import main" },
        messages: [{ type: "state", state: shown }],
      }),
    ),
  ];
  return states.map((one) => ({ ...one, messages: holding(one.messages, text) }));
}

/** The attempt that the Agreement page asked for last. */
const opened = "sent.findLast((m) => m.type === 'open').attemptId";

/** Brings an open page into a state. */
export async function enter(page: Page, { messages, ready, then }: PanelState): Promise<void> {
  for (const message of messages) await hand(page, message);
  await page.waitForSelector(ready);
  await then?.(page);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
