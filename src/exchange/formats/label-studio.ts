import type { ExportedAnnotation, ExportedAttempt } from "../../pool/export.js";
import { MACHINE, roleOf } from "../../protocol/agreement.js";
import type { AnnotationKind } from "../../protocol/types.js";
import { stepsOf } from "../steps.js";
import type { ExportContext, Made, RowMaker } from "../types.js";
import { type Word, wordsOf } from "../words.js";
import { controlOf, labelConfig, plain, type Seen } from "./label-studio-config.js";

interface Result {
  id: string;
  from_name: string;
  to_name: "solution";
  type: "choices" | "number" | "rating" | "textarea";
  value: Record<string, unknown>;
}

const KINDS = [
  ...["firstWrongStep", "verdict", "errorType", "label", "decision", "rating", "correction", "note", "flag"],
  "badProblem",
] as AnnotationKind[];

/**
 * Label Studio tasks: `data`, a machine's words as `predictions`, each person's as one of the `annotations`, and a
 * labelling configuration beside them. https://labelstud.io/guide/task_format
 *
 * `completed_by` must be the e-mail address of a member of the project, or the import is refused: it is given where the
 * annotator's name is an address. The name itself is in the control `said_by`.
 */
export function labelStudio({ annotator }: ExportContext): RowMaker {
  const seen: Seen = { axes: new Set(), errorTypes: new Set(), labels: new Set() };
  return {
    rows(record: ExportedAttempt): Made {
      const { attempt, problem, sampling } = record;
      const [newest] = record.reflections;
      const words = KINDS.flatMap((kind): Word<AnnotationKind>[] => wordsOf(record, kind, annotator));
      const people = [...new Set(words.map(({ who }) => who))].sort();
      const row = {
        data: {
          ...{ attempt: attempt.id, problem_set: problem.set, problem_id: problem.id },
          ...{ problem: problem.problem, gold: problem.gold, solution: attempt.text, steps: stepsOf(record) },
          ...{ answer: attempt.answer, verdict: attempt.verdict, reason: attempt.reason },
          ...{ reflection: newest?.text ?? "", correction: newest?.correctedSolution ?? "" },
          errata: {
            ...{ attempt: attempt.id, model: attempt.modelId, sampling: sampling.key, at: attempt.createdAt },
            said: words.map(({ who, at, kind, axis }) => ({ who, at, kind, axis, role: roleOf(who).role })),
          },
        },
        predictions: predictions(record, seen),
        annotations: people.map((who) => annotation(record, words, who, seen)),
      };
      // What belongs to whom stands within the task.
      const provenance = {
        ...{ attempt: attempt.id, who: "grader", at: attempt.createdAt, kind: "machine" as const },
        ...{ model: attempt.modelId, sampling: sampling.key, reflection: null },
      };
      return [{ row: cleaned(row), provenance }];
    },
    beside: () => ({ suffix: ".config.xml", text: labelConfig(seen) }),
  };
}

/** The same in tasks and configuration, so that a choice is one of its control's. */
function cleaned<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === "string" ? plain(part) : part,
  );
}

function annotation(
  record: ExportedAttempt,
  words: readonly Word<AnnotationKind>[],
  who: string,
  seen: Seen,
): object {
  const own = words.filter((word) => word.who === who);
  const first = own.map(({ at }) => at).sort()[0] ?? record.attempt.createdAt;
  const seconds = own.flatMap((word) => (word.seconds === null ? [] : [word.seconds]));
  const prefix = `${record.attempt.id}-${who}`;
  return {
    ...(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(who) ? { completed_by: { email: who } } : {}),
    ...(seconds.length > 0 ? { lead_time: Math.max(...seconds) } : {}),
    created_at: first,
    was_cancelled: false,
    ground_truth: roleOf(who).role === "adjudicator",
    result: [...results(own, prefix, seen), item(prefix, "said_by", "textarea", { text: [who] })],
  };
}

/** The grader's verdict, a generator's or machine's error type, and what machines annotated. */
function predictions(record: ExportedAttempt, seen: Seen): object[] {
  const { attempt, graded, annotations } = record;
  const id = String(attempt.id);
  const made: object[] = [
    { model_version: "grader", result: [item(`${id}-grader`, "verdict", "choices", { choices: [graded] })] },
  ];
  if (attempt.errorType !== null && attempt.errorTypeSource !== "person") {
    seen.errorTypes.add(attempt.errorType);
    made.push({
      model_version: attempt.errorTypeSource ?? "machine",
      result: [item(`${id}-generator`, "error_type", "choices", { choices: [attempt.errorType] })],
    });
  }
  const machines = annotations.filter(({ who, pass }) => pass === 1 && roleOf(who).role === "machine");
  for (const who of [...new Set(machines.map((word) => word.who))].sort()) {
    const said = { ...record, annotations: machines.filter((word) => word.who === who).map(asPerson) };
    const words = KINDS.flatMap((kind): Word<AnnotationKind>[] => wordsOf(said, kind));
    if (words.length > 0) {
      const model_version = who.slice(MACHINE.length);
      made.push({ model_version, result: results(words, `${id}-${who}`, seen) });
    }
  }
  return made;
}

/** The same rules find what stands of a machine's words. */
const asPerson = (word: ExportedAnnotation): ExportedAnnotation => ({ ...word, who: roleOf(word.who).name });

function item(prefix: string, control: string, type: Result["type"], value: Record<string, unknown>): Result {
  return { id: `${prefix}-${control}`, from_name: control, to_name: "solution", type, value };
}

function results(words: readonly Word<AnnotationKind>[], prefix: string, seen: Seen): Result[] {
  const made: Result[] = [];
  const flags: string[] = [];
  const labels: string[] = [];
  for (const { kind, value, axis } of words) {
    if (kind === "rating") {
      seen.axes.add(axis);
      made.push(item(prefix, controlOf(axis), "rating", { rating: value }));
    } else if (kind === "firstWrongStep")
      made.push(item(prefix, "first_wrong_step", "number", { number: value }));
    else if (kind === "verdict" || kind === "decision")
      made.push(item(prefix, kind, "choices", { choices: [value] }));
    else if (kind === "errorType") {
      seen.errorTypes.add(String(value));
      made.push(item(prefix, "error_type", "choices", { choices: [value] }));
    } else if (kind === "correction" || kind === "note")
      made.push(item(prefix, kind, "textarea", { text: [value] }));
    else if (kind === "label") {
      seen.labels.add(axis);
      labels.push(axis);
    } else if (value === true) flags.push(kind === "flag" ? "flagged" : "bad problem");
  }
  if (labels.length > 0) made.push(item(prefix, "labels", "choices", { choices: labels }));
  if (flags.length > 0) made.push(item(prefix, "flags", "choices", { choices: flags }));
  // Of several reflections the newest word on a control stands: it holds one value.
  return [...new Map(made.map((one) => [one.from_name, one])).values()];
}
