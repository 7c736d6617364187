import type { Pool } from "../../src/pool/types.js";
import type { ReviewAction, ReviewItem, ReviewState, StepHint } from "../../src/protocol/review.js";
import type { Grade } from "../../src/protocol/types.js";
import type { SessionMemory, SessionNeeds } from "../../src/review/needs.js";
import { ReviewSession } from "../../src/review/session.js";
import { fill, open, workspace } from "./pool.fixture.js";

export interface Sitting {
  session: ReviewSession;
  pool: Pool;
  /** Attempts of the pool, in queue order. */
  ids: number[];
  prefetched: ReviewItem[];
  hinted: { attemptId: number; hints: StepHint[] }[];
  graded: { attemptId: number; text: string; grade: Grade }[];
  /** Every state that was told. */
  states: ReviewState[];
  clock: { now: number };
  problems: unknown[];
  notes: unknown[];
  state(): ReviewState;
  item(): ReviewItem;
  press(...actions: ReviewAction[]): Promise<void>;
}

export interface Begin {
  /** One problem a string, one attempt a letter (pool.fixture.ts). */
  groups?: string[];
  /** Every attempt of the pool is reflected on. */
  reflect?: boolean;
  who?: string;
  /** Of the same pool, in another window or for another person. */
  pool?: Pool;
  memory?: Partial<SessionMemory>;
  needs?: Partial<SessionNeeds>;
}

export const TWO = ["CCCIIIII", "CCCCIIII", "CCCCCCCC"];

/** A reader at a real pool: two problems at the edge of what the model can do, unless other groups are named. */
export async function sitting(begin: Begin = {}): Promise<Sitting> {
  const pool = begin.pool ?? (await made(begin.groups ?? TWO, begin.reflect ?? true));
  const told = {
    prefetched: [] as ReviewItem[],
    hinted: [] as Sitting["hinted"],
    graded: [] as Sitting["graded"],
    states: [] as ReviewState[],
    problems: [] as unknown[],
    notes: [] as unknown[],
  };
  const clock = { now: 0 };
  const session = new ReviewSession({
    pool: async () => pool,
    who: async () => begin.who ?? "ada",
    grade: async (text): Promise<Grade> => ({
      verdict: text.includes("{1}") ? "correct" : "incorrect",
      answer: "1",
      span: null,
      reason: "compared",
    }),
    repeats: () => 0,
    seed: () => 7,
    now: () => clock.now,
    // As it reaches the view: a copy, cut off from what becomes of it.
    changed: (state) => told.states.push(structuredClone(state)),
    judged: () => {},
    prefetched: (item) => told.prefetched.push(structuredClone(item)),
    hinted: (attemptId, hints) => told.hinted.push({ attemptId, hints }),
    graded: (attemptId, text, grade) => told.graded.push({ attemptId, text, grade }),
    failed: (error) => told.problems.push(error),
    noted: (error) => told.notes.push(error),
    ...begin.needs,
  });
  if (begin.memory) await session.resume(begin.memory);
  else await session.open({});
  return {
    ...told,
    session,
    pool,
    ids: await pool.attemptIds({}),
    clock,
    state: () => session.state(),
    item: () => {
      if (!session.item) throw new Error("nothing is shown");
      return session.item;
    },
    press: async (...actions) => {
      for (const action of actions) await session.act(action);
    },
  };
}

async function made(groups: string[], reflect: boolean): Promise<Pool> {
  const pool = await open(workspace());
  await fill(pool, groups);
  await pool.applyFilter({ kind: "mixed" });
  if (reflect) await reflectOn(pool, await pool.attemptIds({}));
  return pool;
}

export async function reflectOn(pool: Pool, attemptIds: number[], settings = ""): Promise<number[]> {
  return pool.putReflections(
    attemptIds.map((attemptId) => ({
      attemptId,
      modelId: "base",
      settings,
      sample: 0,
      generation: { text: "…", tokenIds: [1], logprobs: [-1], finish: "stop" as const },
      analysis: "Line 1 is wrong.",
      correctedSolution: "$x=1$\n\\boxed{1}",
      parsed: true,
      grade: { verdict: "correct" as const, answer: "1", span: [14, 15] as [number, number], reason: "" },
    })),
  );
}

/** Everything that was ever said in this pool, as its table has it. */
export function said(pool: Pool): Promise<Record<string, unknown>[]> {
  return pool.transaction((db) => db.all("SELECT * FROM annotations ORDER BY id"));
}

/** Until something has become so; fails with what was waited for after some seconds. */
export async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await is()); tries++) {
    if (tries > 500) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
