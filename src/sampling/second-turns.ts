import { distance } from "fastest-levenshtein";
import type { Grader } from "../grading/types.js";
import { type PromptFile, renderPrompt, stripThinking } from "../inference/prompts.js";
import type { Pool, Turn } from "../pool/types.js";
import type { Attempt, ModelEntry, Reflection, Report, SamplingOptions, Verdict } from "../protocol/types.js";
import { neutralText, openingOf, shuffled } from "../reflection/analysis.js";
import type { Throughput, Tools } from "../reflection/generate.js";
import { takeTurns } from "../reflection/turns.js";
import type { Claim } from "../reflection/verification.js";

/** What an evaluation measures beside first attempts, reflections and retries: each where its prompt is given. */
export interface More {
  /** `look_again`: a second attempt after every first one (intrinsic). */
  second?: PromptFile;
  /** `verify`: every first attempt is verified by its own model. */
  verification?: PromptFile;
  /** `neutral`: corrections from a neutral text and from another problem's analysis. Needs `GenerateJob.prefix`. */
  neutral?: PromptFile;
}

/** A first attempt and the second one after a neutral instruction. */
export interface SecondTurn {
  attemptId: number;
  problemId: number;
  first: Verdict;
  second: Verdict;
  /** Another final answer; null where the grader cannot decide whether two answers are equal. */
  changed: boolean | null;
  /** Words inserted, deleted or replaced, over the words of both texts together: 0 the same text. */
  editRatio: number;
}

/** What a model says of its own first attempt. */
export interface VerificationTurn {
  attemptId: number;
  problemId: number;
  truth: Verdict;
  /** Null: unparsable. */
  claim: Claim | null;
}

/** A wrong attempt whose reflection parsed, and corrections that went on from two other texts in its place. */
export interface LiftTurn {
  attemptId: number;
  problemId: number;
  own: Verdict;
  neutral: Verdict;
  /** Null where the analyses cannot be shuffled: nearly all are of one problem. */
  shuffled: Verdict | null;
}

export interface SecondTurns {
  looks?: SecondTurn[];
  verifications?: VerificationTurn[];
  lifts?: LiftTurn[];
}

interface Job {
  pool: Pool;
  model: ModelEntry;
  options: SamplingOptions;
  attempts: readonly Attempt[];
  /** One of each wrong attempt. */
  reflections: readonly Reflection[];
  more: More;
  reflect: PromptFile;
  stage(name: string): string;
}

/** Everything that `more` asks for, with what it cost. */
export async function secondTurns(
  tools: Tools,
  job: Job,
  report: Report,
  signal?: AbortSignal,
): Promise<{ turns: SecondTurns; cost: Throughput[] }> {
  const { second, verification, neutral } = job.more;
  const cost: Throughput[] = [];
  const turns: SecondTurns = {};
  const take = async (kind: "second" | "verification", prompt: PromptFile, name: string) => {
    const { pool, model, options, attempts } = job;
    const ask = (attempt: Attempt, { problem }: { problem: string }) => ({
      messages: renderPrompt(prompt, { problem, solution: stripThinking(attempt.text) || attempt.text }),
    });
    const common = { pool, model, options, attempts, kind, ask };
    const taken = await takeTurns(
      tools,
      { ...common, sources: [prompt.source], stage: job.stage(name) },
      report,
      signal,
    );
    cost.push(taken);
    return taken.turns;
  };
  if (second) {
    const taken = await take("second", second, "second looks");
    turns.looks = await looks(job.attempts, taken, tools.grader);
  }
  if (verification) {
    const taken = await take("verification", verification, "verifications");
    turns.verifications = job.attempts.flatMap(({ id, problemId, verdict }) => {
      const turn = taken.get(id);
      return turn ? [{ attemptId: id, problemId, truth: verdict, claim: turn.answer as Claim | null }] : [];
    });
  }
  if (neutral) {
    const { lifts, cost: more } = await replaceAnalyses(tools, job, neutral, report, signal);
    turns.lifts = lifts;
    cost.push(...more);
  }
  return { turns, cost };
}

/**
 * Corrections of the same wrong attempts, each of whose reflections parsed, from two other texts where the analysis
 * stood: one that says nothing and is as long, and the analysis of another problem (docs/comparing.md: reflection lift, and
 * the alarm on shuffled analyses).
 */
async function replaceAnalyses(
  tools: Tools,
  job: Job,
  neutral: PromptFile,
  report: Report,
  signal?: AbortSignal,
): Promise<{ lifts: LiftTurn[]; cost: Throughput[] }> {
  const byId = new Map(job.attempts.map((attempt) => [attempt.id, attempt]));
  const items = job.reflections.flatMap((reflection) => {
    const attempt = byId.get(reflection.attemptId);
    const opening = openingOf(reflection.text);
    return attempt && opening
      ? [{ attempt, problemId: attempt.problemId, opening, own: reflection.verdict }]
      : [];
  });
  const byAttempt = new Map(items.map((item) => [item.attempt.id, item]));
  const donors = shuffled(items);
  const sentence = renderPrompt(neutral, {})[0]?.content ?? "";
  const take = (kind: "neutral" | "shuffled", name: string) =>
    takeTurns(
      tools,
      {
        ...{ pool: job.pool, model: job.model, options: job.options, kind },
        attempts: items.map(({ attempt }) => attempt),
        sources: [job.reflect.source, kind === "neutral" ? sentence : ""],
        ask: (attempt, { problem }) => {
          const item = byAttempt.get(attempt.id);
          const donor = item && donors?.get(item);
          const { before = "", analysis = "", after = "" } = item?.opening ?? {};
          const text =
            kind === "neutral" ? neutralText(sentence, analysis.length) : (donor?.opening.analysis ?? "");
          const solution = stripThinking(attempt.text) || attempt.text;
          return {
            messages: renderPrompt(job.reflect, { problem, solution }),
            prefix: `${before}${text}${after}`,
          };
        },
        stage: job.stage(name),
      },
      report,
      signal,
    );
  const without = await take("neutral", "a neutral text for the analysis");
  const other = donors && (await take("shuffled", "analyses shuffled"));
  const lifts = items.flatMap(({ attempt, own }) => {
    const [plain, strange] = [without.turns.get(attempt.id), other?.turns.get(attempt.id)];
    if (!plain?.verdict) return [];
    const { id, problemId } = attempt;
    return [{ attemptId: id, problemId, own, neutral: plain.verdict, shuffled: strange?.verdict ?? null }];
  });
  return { lifts, cost: other ? [without, other] : [without] };
}

async function looks(
  attempts: readonly Attempt[],
  turns: ReadonlyMap<number, Turn>,
  grader: Grader,
): Promise<SecondTurn[]> {
  const out: SecondTurn[] = [];
  for (const attempt of attempts) {
    const turn = turns.get(attempt.id);
    if (!turn?.verdict) continue;
    out.push({
      ...{ attemptId: attempt.id, problemId: attempt.problemId },
      ...{ first: attempt.verdict, second: turn.verdict },
      changed: await changedAnswer(attempt, turn, grader),
      editRatio: editRatio(attempt.text, turn.text),
    });
    // Long texts take milliseconds each: whoever else works in this process gets its turn.
    if (out.length % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return out;
}

/** Equality is the grader's, so that `1/2` after `\frac{1}{2}` is no change. No answer twice is none either. */
async function changedAnswer(
  first: Pick<Attempt, "answer" | "verdict">,
  second: Pick<Turn, "answer" | "verdict">,
  grader: Grader,
): Promise<boolean | null> {
  if (first.answer === second.answer) return false;
  if (first.answer === null || second.answer === null) return true;
  const right = [first.verdict, second.verdict].filter((verdict) => verdict === "correct").length;
  if (right === 2) return false;
  if (right === 1) return true;
  const { equal } = await grader.equal(first.answer, second.answer);
  return equal === null ? null : !equal;
}

/**
 * SCoRe's edit-distance ratio: Levenshtein distance over the length of both texts together, in words (numbers, words
 * and single signs). 0 for the same text; two texts of one length that share nothing have 0.5, 1 is one empty text.
 */
export function editRatio(a: string, b: string): number {
  const seen = new Map<string, string>();
  // The library compares code units: each word becomes one.
  const units = (text: string): string =>
    (text.match(/[\p{L}\p{M}]+|\p{N}+|\S/gu) ?? [])
      .map((word) => {
        const known = seen.get(word) ?? String.fromCharCode(seen.size % 0x10000);
        seen.set(word, known);
        return known;
      })
      .join("");
  const [from, to] = [units(a), units(b)];
  return from.length + to.length === 0 ? 0 : distance(from, to) / (from.length + to.length);
}
