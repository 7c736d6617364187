import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ExportJob, exportPool } from "../../src/exchange/export.js";
import type { ExportResult } from "../../src/exchange/types.js";
import { MIGRATIONS } from "../../src/pool/schema.js";
import { Connection } from "../../src/pool/sqlite.js";
import type { Pool } from "../../src/pool/types.js";
import { cutSteps, stepsHash } from "../../src/protocol/steps.js";
import type { AnnotationValue } from "../../src/protocol/types.js";
import { spec, workspace } from "./pool.fixture.js";

/** Pseudo-random numbers of a seed (mulberry32), for pools that can be made again. */
export function randomOf(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    int: (below: number): number => Math.floor(next() * below),
    pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T,
  };
}

const TEXTS = [
  "So $x=3$.\nThus \\boxed{3}",
  "1+1=3\n\n$$\n a \n b $$\nend",
  "</script><img src=x onerror=alert(1)>",
  "\u202eevil\u0007 \u001b[31m",
  "a\u0000b",
  "Ωμέγα 漢字 😀",
  '"quoted", back\\slash',
  "",
];

/** A pool of everything that a pool can hold, different for each seed. */
export async function randomPool(pool: Pool, seed: number): Promise<void> {
  const random = randomOf(seed);
  const samplings: number[] = [];
  const attempts: { id: number; rowId: number }[] = [];
  for (const [s, purpose] of (["sample", "sample", "evaluation", "retry"] as const).entries()) {
    const rowIds = await pool.putProblems(
      random.pick(["set", "../../etc", "other"]),
      Array.from({ length: 3 }, (_, i) => ({
        ...{
          id: `p${i}`,
          problem: `${random.pick(TEXTS)} problem ${i}`,
          gold: random.pick(["1", "\\frac12"]),
        },
        ...(random.int(2) ? { level: String(random.int(5)) } : {}),
        ...(random.int(2) ? { kind: "k" } : {}),
        ...(random.int(2) ? { topic: "t" } : {}),
      })),
    );
    const opened = await pool.openSampling(
      { ...spec(purpose, 5, s), prompt: random.pick(["{{ problem }}", "Solve {{ problem }}"]) },
      rowIds,
    );
    samplings.push(opened.samplingId);
    for (const { groupId, problem, missing } of opened.groups) {
      const ids = await pool.putAttempts(
        missing.map((sample) => {
          const text = random.pick(TEXTS);
          const logprobs = Array.from({ length: 3 }, () => -random.next() * 10);
          return {
            ...{ groupId, sample },
            generation: {
              ...{ text, finish: random.pick(["stop", "length"] as const), tokenIds: [1, 70_000, sample] },
              logprobs: [...logprobs, -0, Number.NEGATIVE_INFINITY],
            },
            grade: {
              verdict: random.pick(["correct", "incorrect", "incorrect", "unscored"] as const),
              ...{ answer: random.pick(["3", null]), span: random.pick([[0, 1] as [number, number], null]) },
              reason: "compared",
            },
          };
        }),
      );
      attempts.push(...ids.map((id) => ({ id, rowId: problem.rowId })));
    }
  }
  await pool.setErrorTypes(
    attempts
      .filter(() => random.int(3) === 0)
      .map(({ id }) => ({ attemptId: id, errorType: "sign", source: random.pick(["generator", "machine"]) })),
  );
  const reflections: number[] = [];
  for (const { id } of attempts.filter(() => random.int(2) === 0)) {
    const text = random.pick(TEXTS);
    const made = await pool.putReflections([
      {
        ...{ attemptId: id, modelId: random.pick(["base", "other"]), settings: "h", sample: 0 },
        generation: { text, tokenIds: [1, 2], logprobs: [-0.1, -1e-7], finish: "stop" },
        ...{ analysis: "a", correctedSolution: random.pick(TEXTS), parsed: random.int(2) === 0 },
        grade: { verdict: "correct", answer: "3", span: null, reason: "" },
      },
    ]);
    reflections.push(...made);
  }
  await pool.putTurns(
    attempts
      .filter(() => random.int(4) === 0)
      .map(({ id }) => ({
        ...{ attemptId: id, kind: "second" as const, modelId: "base", settings: "h", sample: 0 },
        ...{ text: random.pick(TEXTS), verdict: random.pick(["correct", null] as const), answer: null },
        ...{ reason: "", finish: "stop" as const, tokens: 4 },
      })),
  );
  for (const { id } of attempts.filter(() => random.int(4) === 0)) {
    const text = (await pool.detail(id)).attempt.text;
    const spans = cutSteps(text).map((step): [number, number] => [step.start, step.start + step.text.length]);
    await pool.freezeCut(id, { hash: stepsHash(text), spans });
  }
  const sitting = await pool.openSitting({
    ...{ who: "ann", order: "random" as const, seed: seed * 7, query: { text: "x" }, blind: true },
  });
  for (let n = 0; n < 80; n++) {
    const who = random.pick(["ann", "bo", "machine:judge", "adjudicated:cy"]);
    const circumstances = random.int(3) === 0 ? { sitting, seconds: random.next() * 60 } : {};
    const pass = random.int(8) === 0 ? { pass: 2 as const } : {};
    const roll = random.int(10);
    if (roll === 0) {
      const value = random.pick([true, null]);
      const { rowId } = random.pick(attempts);
      await pool.annotate(
        "problem",
        rowId,
        who,
        { kind: "badProblem", value },
        { ...circumstances, ...pass },
      );
    } else if (roll < 4 && reflections.length > 0) {
      const said = randomWord(random, ["rating", "decision", "correction"]);
      await pool.annotate("reflection", random.pick(reflections), who, said, { ...circumstances, ...pass });
    } else {
      const said = randomWord(random);
      await pool.annotate("attempt", random.pick(attempts).id, who, said, { ...circumstances, ...pass });
    }
  }
  await adjudicate(pool);
  await pool.applyFilter(
    random.pick([
      { kind: "all" },
      { kind: "mixed" },
      { kind: "variance", min: 0.3 },
      { kind: "band", low: 0, high: 0.9 },
    ]),
  );
}

const VALUES: Record<string, readonly AnnotationValue[]> = {
  rating: [1, 3, 5, null].map((value) => ({
    kind: "rating",
    axis: value === 3 ? "valid" : "overall",
    value,
  })),
  decision: (["accepted", "rejected", null] as const).map((value) => ({ kind: "decision", value })),
  correction: ["mended \ud800 half", "x", null].map((value) => ({ kind: "correction", value })),
  note: ["a note\nof two lines", null].map((value) => ({ kind: "note", value })),
  firstWrongStep: [0, 1, 2, null].map((value) => ({ kind: "firstWrongStep", value })),
  verdict: (["correct", "incorrect", "unscored", null] as const).map((value) => ({ kind: "verdict", value })),
  flag: [true, null].map((value) => ({ kind: "flag", value })),
  errorType: ["sign", "__proto__", null].map((value) => ({ kind: "errorType", value })),
  label: ([true, null] as const).map((value) => ({ kind: "label", axis: "odd", value })),
};

function randomWord(random: ReturnType<typeof randomOf>, kinds = Object.keys(VALUES)): AnnotationValue {
  return random.pick(VALUES[random.pick(kinds)] ?? []);
}

/** One adjudicated word decided between the two before it. */
async function adjudicate(pool: Pool): Promise<void> {
  await pool.transaction(async (db) => {
    const [word, ...others] = await db.all(
      "SELECT id FROM annotations ORDER BY (who LIKE 'adjudicated:%') DESC, id LIMIT 3",
    );
    for (const other of others) {
      await db.run("INSERT INTO adjudications VALUES (?, ?)", Number(word?.id), Number(other.id));
    }
  });
}

/** Exports into a folder of its own and reads what was written. */
export async function exported(
  pool: Pool,
  format: ExportJob["format"],
  more: Partial<ExportJob> = {},
): Promise<{ result: ExportResult; text: string; rows: Record<string, unknown>[] }> {
  const file = more.file ?? join(workspace(), `out.${format}`);
  const result = await exportPool(pool, { format, file, ...more });
  const text = format === "parquet" ? "" : readFileSync(file, "utf8");
  const rows =
    format === "parquet"
      ? []
      : format === "label-studio"
        ? JSON.parse(text)
        : format === "inspect-scores"
          ? JSON.parse(text).samples
          : text.trim() === ""
            ? []
            : text
                .trimEnd()
                .split("\n")
                .map((line) => JSON.parse(line));
  return { result, text, rows };
}

/**
 * Everything that a pool's tables hold, row numbers replaced by what they stand for and rows sorted: two pools are the
 * same when this is. Tables of a later schema are in it, too.
 */
export async function contents(file: string): Promise<Record<string, string[]>> {
  const db = await Connection.open(file, "read");
  try {
    const tables = await db.all(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
    );
    const name = new Map<string, string>();
    const key = (table: string, id: unknown): unknown =>
      id === null ? null : (name.get(`${table}:${id}`) ?? `${table}:?`);
    const learn = async (table: string, of: (row: Record<string, unknown>) => unknown): Promise<void> => {
      for (const row of await db.all(`SELECT * FROM ${table}`))
        name.set(`${table}:${row.id}`, JSON.stringify(of(row)));
    };
    await learn("problems", (r) => [r.set_name, r.external_id]);
    await learn("samplings", (r) => r.key_hash);
    await learn("sittings", (r) => [r.who, r.began_at, r.seed]);
    await learn("groups", (r) => [key("samplings", r.sampling_id), key("problems", r.problem_id)]);
    await learn("attempts", (r) => [key("groups", r.group_id), r.sample]);
    await learn("reflections", (r) => [key("attempts", r.attempt_id), r.model_id, r.settings, r.sample]);
    const target = (r: Record<string, unknown>): unknown => key(`${r.target}s`, r.target_id);
    await learn("annotations", (r) => [target(r), r.who, r.at, r.kind, r.axis, r.value, r.pass]);
    if (tables.some((table) => table.name === "facets")) {
      await learn("facets", ({ id: _, ...rest }) => rest);
    }
    const refs: Record<string, string> = {
      ...{ problem_id: "problems", sampling_id: "samplings", group_id: "groups", attempt_id: "attempts" },
      ...{ reflection_id: "reflections", annotation_id: "annotations", word_id: "annotations" },
      ...{ sitting_id: "sittings", facet_id: "facets" },
    };
    const out: Record<string, string[]> = { version: [String(MIGRATIONS.length)] };
    for (const { name: table } of tables) {
      const rows = await db.all(`SELECT * FROM ${table}`);
      out[String(table)] = rows
        .map((row) => {
          const { id: _, target_id, ...rest } = row;
          const named = Object.entries(rest).map(([column, value]) => {
            const of = refs[column];
            if (of) return [column, key(of, value)];
            return [column, Buffer.isBuffer(value) ? value.toString("hex") : value];
          });
          if (target_id !== undefined) named.push(["target_id", target(row)]);
          return JSON.stringify(named);
        })
        .sort();
    }
    return out;
  } finally {
    await db.close();
  }
}
