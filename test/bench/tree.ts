import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool } from "../../src/pool/pool.js";
import { Connection } from "../../src/pool/sqlite.js";
import type { AttemptQuery, Pool, PoolGrouping } from "../../src/pool/types.js";
import { fillPool, GROUP, RARE } from "./tree/fill.js";
import { Stopwatch } from "./tree/stopwatch.js";

/** A page of the tree, and one more that tells whether there are others. */
const PAGE = { limit: 201 };

const LIMIT_MS = 100;
const BLOCKED_MS = 50;

const GROUPINGS = [
  ...(["problem", "level", "kind", "answer", "errorType", "label", "decision", "rating"] as const),
  ...(["firstWrong", "model"] as const),
] satisfies PoolGrouping[];

/** A common and a rare value of everything that is indexed, and attempts without any. */
const FILTERS: Record<string, AttemptQuery> = {
  ...{ verdict: { verdicts: ["incorrect"] }, "verdict, rare": { verdicts: ["unscored"] } },
  ...{ reviewed: { reviewed: true }, unreviewed: { reviewed: false } },
  ...{ level: { level: "1" }, "level, the last": { level: "5" }, "level, rare": { level: RARE.level } },
  ...{ kind: { kind: "kind 1" }, "kind, rare": { kind: RARE.kind } },
  ...{ answer: { answer: "3" }, "answer, rare": { answer: RARE.answer }, "answer, none": { answer: "" } },
  ...{
    error: { errorType: "error 1" },
    "error, rare": { errorType: RARE.errorType },
    "error, none": { errorType: "" },
  },
  ...{
    decision: { decision: "rejected" },
    "decision, rare": { decision: "accepted" },
    "decision, none": { decision: "" },
  },
  ...{ rating: { rating: "1" }, "rating, rare": { rating: "5" }, "rating, none": { rating: "" } },
  ...{ step: { firstWrong: "2" }, "step, rare": { firstWrong: "9" }, "step, none": { firstWrong: "" } },
  ...{ label: { label: "label 1" }, "label, rare": { label: RARE.label }, "label, none": { label: "" } },
  ...{ model: { modelId: "org/base-model-1.5b" }, "model, rare": { modelId: RARE.model } },
  "error and level": { errorType: "error 1", level: "5" },
  "answer and kind": { answer: "3", kind: "kind 1" },
};

/** Found nowhere, in few texts, in many; the two that word tokenizers cannot find. */
const TEXTS = { fraction: "\\frac{3}{4}", equation: "x=5", rare: "x=123457", nowhere: "no such text" };

/**
 * The tree in a pool of 1,000,000 attempts (100,000 with `--quick`): how long each first page takes, and how long it
 * holds up the thread that the editor's other extensions share; beside the same questions without counters and index.
 */
export async function bench(options: { quick?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "errata-bench-"));
  const watch = new Stopwatch();
  try {
    const problems = options.quick ? 12_500 : 125_000;
    const begun = performance.now();
    let pool = await openPool(folder);
    await fillPool(pool, problems);
    await pool.close();
    const fillS = (performance.now() - begun) / 1000;
    const fileMb = statSync(pool.file).size / 1e6;

    pool = await openPool(folder);
    const families = {
      stats: await watch.all({ stats: () => pool.stats() }),
      regroup: await watch.all(regroupings(pool)),
      expand: await watch.all(expansions(pool, problems)),
      "filter, problems": await watch.all(filtered((query) => pool.buckets("problem", query, PAGE))),
      "filter, regrouped": await watch.all(regrouped(pool)),
      "filter, attempts": await watch.all(filtered((query) => pool.attempts(query, PAGE))),
    };
    const totals = await watch.all(filtered((query) => pool.count(query)));
    const queue = await watch.all({
      stored: () => pool.attemptIds({ scope: "all" }),
      random: () => pool.attemptIds({ scope: "all" }, { by: "random", seed: 7 }),
      uncertain: () => pool.attemptIds({ scope: "all" }, { by: "uncertain" }),
    });
    const pages = [...Object.values(families), totals, queue].flatMap((family) => Object.values(family));
    const blocked = Math.max(...pages.map((time) => time.blocked));
    const stalled = Math.max(...pages.map((time) => time.stalled));

    const reading = await watch.all(searches(pool));
    const built = performance.now();
    const state = await pool.buildSearchIndex();
    const buildS = (performance.now() - built) / 1000;
    const found = await watch.all(searches(pool));
    await pool.close();
    const peers = await withoutCounters(pool.file, watch);
    const ratios: Record<string, number> = {};
    for (const [name, family] of Object.entries(families)) {
      const slowest = Object.entries(family).reduce((a, b) => (b[1].ms > a[1].ms ? b : a));
      ratios[`tree/${name}, 100 ms against the slowest (${slowest[0]})`] = LIMIT_MS / slowest[1].ms;
    }
    ratios["tree/longest block of the thread, against 50 ms"] = BLOCKED_MS / blocked;
    for (const [name, peer] of Object.entries(peers)) {
      ratios[`tree/by ${name}, against GROUP BY over attempts`] =
        peer.ms / (families.regroup[`all by ${name}`]?.ms ?? 1);
    }
    for (const name of Object.keys(TEXTS)) {
      ratios[`tree/search, ${name}, against reading every text`] =
        (reading[name]?.ms ?? 0) / (found[name]?.ms ?? 1);
    }
    const list = (family: Record<string, { ms: number }>) =>
      Object.fromEntries(Object.entries(family).map(([name, { ms }]) => [name, Math.round(ms * 10) / 10]));
    return {
      ratios,
      figures: {
        "tree, attempts": problems * GROUP,
        "tree, filled in s": Math.round(fillS),
        "tree, MB": Math.round(fileMb),
        ...Object.fromEntries(
          Object.entries(families).map(([name, family]) => [`tree, ${name}, ms`, list(family)]),
        ),
        "tree, totals, ms": list(totals),
        "tree, review queue of everything, ms": list(queue),
        "tree, longest block of the thread, ms": {
          atWork: Math.round(blocked),
          onThisMachine: Math.round(stalled),
        },
        "tree, without counters, ms": list(peers),
        "tree, search index": {
          ...{ s: Math.round(buildS), MB: Math.round(state.bytes / 1e6), texts: state.total },
          textsPerS: Math.round(state.total / buildS),
        },
        "tree, search by the index, problems, ms": list(found),
        "tree, search by reading, problems, ms": list(reading),
      },
    };
  } finally {
    watch.stop();
    rmSync(folder, { recursive: true });
  }
}

type Work = Record<string, () => Promise<unknown>>;
const SCOPES = ["pool", "all"] as const;

const regroupings = (pool: Pool): Work =>
  Object.fromEntries(
    SCOPES.flatMap((scope) =>
      GROUPINGS.map((by) => [`${scope} by ${by}`, () => pool.buckets(by, { scope }, PAGE)] as const),
    ),
  );

/** One bucket of each grouping, a problem, and problems far down. */
function expansions(pool: Pool, problems: number): Work {
  const work: Work = {
    "a problem": () => pool.attempts({ problemId: Math.floor(problems / 2) }, PAGE),
    "problems far down": () =>
      pool.buckets("problem", {}, { ...PAGE, after: String(Math.floor(problems * 0.9)) }),
  };
  for (const by of GROUPINGS.filter((grouping) => grouping !== "problem")) {
    work[`of ${by}`] = async () => {
      const [first] = await pool.buckets(by, {}, { limit: 1 });
      const query = { [by === "model" ? "modelId" : by]: first?.key };
      return pool.buckets("problem", query, PAGE);
    };
  }
  return work;
}

const filtered = (ask: (query: AttemptQuery) => Promise<unknown>): Work =>
  Object.fromEntries(
    SCOPES.flatMap((scope) =>
      Object.entries(FILTERS).map(
        ([name, filter]) => [`${scope}, ${name}`, () => ask({ scope, ...filter })] as const,
      ),
    ),
  );

const regrouped = (pool: Pool): Work =>
  Object.fromEntries(
    (["level", "errorType", "rating", "answer", "label"] as const).flatMap((by) =>
      Object.entries(filtered((query) => pool.buckets(by, query, PAGE))).map(
        ([name, work]) => [`${name} by ${by}`, work] as const,
      ),
    ),
  );

const searches = (pool: Pool): Work =>
  Object.fromEntries(
    Object.entries(TEXTS).map(([name, text]) => [
      name,
      () => pool.buckets("problem", { scope: "all", text }, PAGE),
    ]),
  );

/** The peer: what a tree would ask of the attempts themselves. */
async function withoutCounters(file: string, watch: Stopwatch) {
  const db = await Connection.open(file, "read");
  const by = (key: string): Promise<unknown> =>
    db.all(
      `SELECT ${key} AS key, count(*), sum(1 - a.reviewed) FROM attempts a JOIN problems p ON p.id = a.problem_id
       WHERE a.purpose = 'sample' GROUP BY 1 ORDER BY 1 LIMIT ?`,
      PAGE.limit,
    );
  const times = await watch.all({
    level: () => by("p.level"),
    answer: () => by("a.answer"),
    errorType: () => by("a.error_type"),
  });
  await db.close();
  return times;
}
