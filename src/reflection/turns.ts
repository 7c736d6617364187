import { modelFingerprint } from "../inference/model/fingerprint.js";
import type { LoadedModel } from "../inference/types.js";
import { verdictOf } from "../pool/rows.js";
import type { NewTurn, Pool, StoredProblem, Turn, TurnKind, TurnQuery } from "../pool/types.js";
import { hashOf } from "../pool/writes.js";
import type {
  Attempt,
  ChatMessage,
  Generation,
  Grade,
  ModelEntry,
  Report,
  SamplingOptions,
} from "../protocol/types.js";
import { generateAndStore, generationOf, type Throughput, type Tools } from "./generate.js";
import { parseVerification } from "./verification.js";
import { about } from "./watch.js";

/** What one attempt is followed by. */
export interface Ask {
  messages: ChatMessage[];
  /** Where the answer begins with a text that is given (`GenerateJob.prefix`). */
  prefix?: string;
}

export interface TurnJob {
  pool: Pool;
  model: ModelEntry;
  kind: TurnKind;
  attempts: readonly Attempt[];
  options: SamplingOptions;
  /** What determines the turns beside model and options: the sources of the prompts. */
  sources: readonly string[];
  ask(attempt: Attempt, problem: StoredProblem): Ask;
  stage: string;
}

export interface TurnResult extends Throughput {
  /** By attempt. */
  turns: Map<number, Turn>;
}

/** A turn under way, with what the watchers of the sampling are told of it. */
interface Made extends NewTurn {
  generation: Generation;
  grade: Grade;
}

const NO_ROOM = "The model's context holds no more: it was not asked.";

/**
 * One further turn on each attempt, stored in the pool as it ends; what is stored already under the same model,
 * options and prompts is read. Each attempt has a random stream of its own (its number in its group), so that equal
 * attempts are not asked with equal dice. An attempt that leaves no room for a turn in the model's context (most often
 * one that was cut off there itself) has one that failed: `truncated`, and as a verification unparsable.
 */
export async function takeTurns(
  tools: Tools,
  job: TurnJob,
  report: Report,
  signal?: AbortSignal,
): Promise<TurnResult> {
  const { pool, model, kind, attempts } = job;
  const options = JSON.stringify(job.options, Object.keys(job.options).sort());
  const settings = hashOf([await modelFingerprint(model), options, ...job.sources]);
  const query: TurnQuery = { kind, modelId: model.id, settings };
  const ids = attempts.map(({ id }) => id);
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const rowIds = [...new Set(attempts.map(({ problemId }) => problemId))];
  const problems = new Map((await pool.problems(rowIds)).map((problem) => [problem.rowId, problem]));
  const problemOf = (id: number) => problems.get(byId.get(id)?.problemId ?? -1);
  const made = new Set((await pool.turnsOf(ids, query)).map(({ attemptId }) => attemptId));
  const asked: { attempt: Attempt; ask: Ask }[] = [];
  for (const attempt of attempts) {
    const problem = problems.get(attempt.problemId);
    if (problem && !made.has(attempt.id)) asked.push({ attempt, ask: job.ask(attempt, problem) });
  }
  const { fitting, tooLong } = await sort(tools, model, asked);
  await pool.putTurns(tooLong.map(({ id }) => ({ ...query, ...unasked(id, kind) })));
  const throughput = await generateAndStore<Made>(
    tools,
    {
      ...{ stage: job.stage, model, options: job.options, doneBefore: attempts.length - fitting.length },
      jobs: fitting.map(({ attempt, ask }) => ({
        ...{ key: String(attempt.id), ...ask, samples: [attempt.sample] },
      })),
      subject: (key, sample) => {
        const told = about(problemOf(Number(key)));
        return { what: "reflection", ...told, origin: `${told.origin} · attempt ${key}`, sample, of: 1 };
      },
      grade: async (row) => {
        const attemptId = Number(row.key);
        const generation = generationOf(row);
        const verification = kind === "verification";
        const grade = verification
          ? judge(row.text, byId.get(attemptId))
          : await tools.grader.grade(row.text, problemOf(attemptId)?.gold ?? "");
        return {
          ...{ ...query, attemptId, sample: 0, text: row.text, finish: row.finish },
          tokens: row.tokens ?? row.tokenIds.length,
          verdict: verification ? null : verdictOf(row.finish, row.text, grade),
          ...{ answer: grade.answer, reason: grade.reason, generation, grade },
        };
      },
      store: (rows) => pool.putTurns(rows),
    },
    report,
    signal,
  );
  const turns = new Map((await pool.turnsOf(ids, query)).map((turn) => [turn.attemptId, turn]));
  return { ...throughput, turns };
}

/** A verification is right when it says of the attempt what the grader does; a truncated attempt is a wrong one. */
function judge(text: string, attempt: Attempt | undefined): Grade {
  const claim = parseVerification(text);
  const known = claim !== null && attempt !== undefined && attempt.verdict !== "unscored";
  const agrees = (claim === "right") === (attempt?.verdict === "correct");
  return {
    verdict: known ? (agrees ? "correct" : "incorrect") : "unscored",
    ...{ answer: claim, span: null },
    reason: claim === null ? "It ends without a verdict." : `It says ${claim}.`,
  };
}

function unasked(attemptId: number, kind: TurnKind): Omit<NewTurn, keyof TurnQuery> {
  const verdict = kind === "verification" ? null : "truncated";
  return {
    attemptId,
    sample: 0,
    text: "",
    verdict,
    answer: null,
    reason: NO_ROOM,
    finish: "length",
    tokens: 0,
  };
}

/** Bytes that a chat template may add to the messages, with room to spare. */
const AROUND = 256;

/**
 * Which of them leave room for an answer. A token is a byte or more, so that only what has more bytes than the context
 * has tokens is tokenized; of a server's context nothing is known.
 */
async function sort<A extends { attempt: Attempt; ask: Ask }>(
  { engine }: Tools,
  model: ModelEntry,
  asked: A[],
): Promise<{ fitting: A[]; tooLong: Attempt[] }> {
  if (asked.length === 0) return { fitting: [], tooLong: [] };
  const { contextLength }: LoadedModel = await engine.load(model);
  const fitting: A[] = [];
  const tooLong: Attempt[] = [];
  for (const one of asked) {
    const { messages, prefix = "" } = one.ask;
    const bytes = Buffer.byteLength(messages.map(({ content }) => content).join("") + prefix);
    const long = model.endpoint === undefined && bytes + AROUND > contextLength;
    // The beginning stands where the answer will; for its length it may as well stand in the message before.
    const whole = messages.map((m, i) =>
      i === messages.length - 1 ? { ...m, content: m.content + prefix } : m,
    );
    if (long && (await engine.preview(whole)).tokens.length >= contextLength) tooLong.push(one.attempt);
    else fitting.push(one);
  }
  return { fitting, tooLong };
}
