import { randomBytes } from "node:crypto";
import type { ExportedAttempt } from "../../pool/export.js";
import { roleOf } from "../../protocol/agreement.js";
import { saidBy } from "../provenance.js";
import type { Document, ExportContext, Made, RowMaker } from "../types.js";
import { rulingOf, type Word, wordsOf } from "../words.js";

/** Beside people's names: what they say together, and our grader. */
const [TOGETHER, GRADER] = ["human", "errata grader"];
const VALUES = { correct: "C", incorrect: "I" } as const;

interface Score {
  value: "C" | "I";
  answer?: string;
  explanation?: string;
  metadata?: Record<string, unknown>;
}

/**
 * Attempts that people graded as an evaluation log of Inspect, whose samples have a score for each annotator: "C" or "I",
 * named after them. `human` is what counts (an adjudicator's word, or what all say), `errata grader` our grader's.
 * https://inspect.aisi.org.uk/eval-logs.html
 */
export function inspectScores({ annotator }: ExportContext): RowMaker {
  const numbering = new Numbering();
  const seen = new Seen();
  return {
    rows(record: ExportedAttempt): Made {
      if (record.bad) return "badProblem";
      const words = wordsOf(record, "verdict", annotator);
      const last = words.at(-1);
      if (!last) return "noVerdict";
      const scores = scoresOf(record, words, annotator);
      if (!scores) return "unscored";
      const { attempt, problem, sampling } = record;
      const { id, epoch } = numbering.place(problem.set, problem.id, attempt.sample + 1);
      const message = {
        role: "assistant",
        content: attempt.text,
        source: "generate",
        model: attempt.modelId,
      };
      const usage = { input_tokens: 0, output_tokens: attempt.tokens, total_tokens: attempt.tokens };
      const about = { level: problem.level, kind: problem.kind, topic: problem.topic };
      const row = {
        ...{ id, epoch, input: problem.problem, target: problem.gold },
        messages: [{ role: "user", content: problem.problem, source: "input" }, message],
        output: {
          model: attempt.modelId,
          choices: [{ message, stop_reason: attempt.finish === "length" ? "max_tokens" : "stop" }],
          completion: attempt.text,
          // Of imported attempts the number is often not known.
          ...(attempt.tokens > 0 && { usage }),
        },
        scores,
        metadata: {
          ...Object.fromEntries(Object.entries(about).filter(([, value]) => value)),
          errata: { attempt: attempt.id, set: problem.set, problem: problem.id, sampling: sampling.key },
        },
      };
      seen.take(record, id, epoch, scores, words);
      return [{ row, provenance: saidBy(record, last) }];
    },
    document: () => seen.document(),
  };
}

/** null: nobody says right or wrong. Two people of one name (a person and an adjudicator) are told apart by their role. */
function scoresOf(
  record: ExportedAttempt,
  words: readonly Word<"verdict">[],
  annotator: string | undefined,
): Record<string, Score> | null {
  const scores = new Map<string, Score>();
  const { attempt, graded } = record;
  const answer = attempt.answer === null ? {} : { answer: attempt.answer };
  for (const word of words) {
    if (word.value !== "correct" && word.value !== "incorrect") continue;
    const { name, role } = roleOf(word.who);
    const own =
      role === "adjudicator"
        ? `${name} (adjudicator)`
        : name === TOGETHER || name === GRADER
          ? `${name} (person)`
          : name;
    const said = <K extends "note" | "firstWrongStep">(kind: K): Word<K> | undefined =>
      wordsOf(record, kind).findLast(({ who }) => who === word.who);
    const [note, wrong] = [said("note"), said("firstWrongStep")];
    scores.set(own, {
      ...{ value: VALUES[word.value], ...answer },
      ...(note && { explanation: note.value }),
      metadata: { by: "person", at: word.at, role, ...(wrong && { first_wrong_step: wrong.value }) },
    });
  }
  if (scores.size === 0) return null;
  const ruling = rulingOf(record, annotator);
  if (ruling !== "conflict" && (ruling.verdict === "correct" || ruling.verdict === "incorrect")) {
    scores.set(TOGETHER, { value: VALUES[ruling.verdict], ...answer, metadata: { by: "person" } });
  }
  if (graded === "correct" || graded === "incorrect") {
    scores.set(GRADER, {
      ...{ value: VALUES[graded], ...answer, explanation: attempt.reason },
      metadata: { by: "machine", at: attempt.createdAt },
    });
  }
  return Object.fromEntries(scores);
}

/**
 * Inspect knows a sample by id and epoch. An imported one keeps both, so that the scores can be put beside its own log;
 * where another set has the same id, or another sampling the same number, the next free one is taken.
 */
class Numbering {
  private readonly sets = new Map<string, string>();
  private readonly epochs = new Map<string, Set<number>>();

  place(set: string, problem: string, wanted: number): { id: string; epoch: number } {
    const owner = this.sets.get(problem) ?? set;
    this.sets.set(problem, owner);
    const id = owner === set ? problem : `${set}/${problem}`;
    const used = this.epochs.get(id) ?? new Set();
    this.epochs.set(id, used);
    let epoch = wanted;
    if (used.has(epoch)) {
      epoch = 1;
      while (used.has(epoch)) epoch++;
    }
    used.add(epoch);
    return { id, epoch };
  }
}

/** What the head of the log says of its samples. */
class Seen {
  private readonly models = new Set<string>();
  private readonly sets = new Set<string>();
  private readonly ids = new Set<string>();
  private readonly tallies = new Map<string, { right: number; scored: number }>();
  private epochs = 1;
  private samples = 0;
  private first = "";
  private last = "";

  take(
    { attempt, problem }: ExportedAttempt,
    id: string,
    epoch: number,
    scores: Record<string, Score>,
    words: readonly { at: string }[],
  ): void {
    this.models.add(attempt.modelId);
    this.sets.add(problem.set);
    this.ids.add(id);
    this.samples++;
    this.epochs = Math.max(this.epochs, epoch);
    for (const { at } of words) {
      if (this.first === "" || at < this.first) this.first = at;
      if (at > this.last) this.last = at;
    }
    for (const [name, { value }] of Object.entries(scores)) {
      const tally = this.tallies.get(name) ?? { right: 0, scored: 0 };
      this.tallies.set(name, { right: tally.right + (value === "C" ? 1 : 0), scored: tally.scored + 1 });
    }
  }

  /** Inspect reads a log's head up to its samples: they come last. */
  document(): Document {
    const now = new Date().toISOString();
    const task = this.sets.size === 1 ? [...this.sets].join() : "errata";
    const names = [...this.tallies.keys()].sort();
    const head = {
      version: 2,
      status: "success",
      eval: {
        ...{ eval_id: idOf(), run_id: idOf(), task_id: idOf(), created: now, task, task_version: 0 },
        dataset: { name: task, samples: this.ids.size, shuffled: false },
        // One name is asked for; each sample names its own model.
        model: [...this.models].sort().join(", ").slice(0, 200) || "none/none",
        config: { epochs: this.epochs },
        packages: {},
        metadata: { by: "errata export inspect-scores" },
        scorers: names.map((name) => ({ name, metrics: [{ name: "accuracy" }] })),
      },
      plan: { name: "plan", steps: [], config: {} },
      results: {
        ...{ total_samples: this.samples, completed_samples: this.samples },
        scores: names.map((name) => {
          const { right, scored } = this.tallies.get(name) ?? { right: 0, scored: 1 };
          const accuracy = { name: "accuracy", value: right / scored };
          return {
            ...{ name, scorer: name, scored_samples: scored, unscored_samples: this.samples - scored },
            metrics: { accuracy },
          };
        }),
      },
      stats: { started_at: this.first || now, completed_at: this.last || now, model_usage: {} },
    };
    return { head, rows: "samples" };
  }
}

const idOf = (): string => randomBytes(12).toString("hex");
