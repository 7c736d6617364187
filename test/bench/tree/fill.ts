import { countedAtOnce } from "../../../src/pool/facets.js";
import type { Pool } from "../../../src/pool/types.js";

/** Attempts of each problem by the first model. */
export const GROUP = 8;

/** Values that few attempts have; the others are common. */
export const RARE = {
  model: "late",
  level: "9",
  kind: "rare kind",
  errorType: "rare error",
  answer: "rare answer",
  label: "rare label",
} as const;

/** Numbers 0 .. `count` - 1 as `i`, with two random-looking numbers of each. */
const numbers = (count: string): string => `WITH RECURSIVE n (i) AS (
    SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count}),
  r AS (SELECT i, (i * 2654435761 >> 7) & 65535 AS a, (i * 2246822519 >> 9) & 65535 AS b FROM n)`;

/**
 * Problems of five levels in the order of the levels, as data sets have them (the worst order for a filter), seven kinds
 * and a rare one; 8 attempts each with short texts, every fifth wrong answer its own; a second model that did few
 * problems; most errors typed; every 25th wrong attempt rated, decided, marked and half of those labelled. Through SQL,
 * in one transaction.
 */
export async function fillPool(pool: Pool, problems: number): Promise<void> {
  const few = Math.min(40, problems);
  await pool.transaction((db) =>
    countedAtOnce(db, async () => {
      await db.exec(`
        ${numbers(`${problems}`)}
        INSERT INTO problems (set_name, external_id, problem, gold, level, kind)
          SELECT 'bench', 'p' || i, 'Solve for $x$: $' || a || 'x+' || b || '=' || i || '$', '1',
            CASE WHEN i >= ${problems - few} THEN '${RARE.level}' ELSE 1 + i * 5 / ${problems} END,
            CASE WHEN a < 30 THEN '${RARE.kind}' ELSE 'kind ' || (b % 7) END FROM r;
        INSERT INTO samplings (id, key_hash, model_id, purpose, group_size, options, prompt, created_at) VALUES
          (1, 'bench', 'org/base-model-1.5b', 'sample', ${GROUP}, '{}', '', '2026-01-01T00:00:00.000Z'),
          (2, 'late', '${RARE.model}', 'sample', ${GROUP}, '{}', '', '2026-01-01T00:00:00.000Z');
        INSERT INTO groups (sampling_id, problem_id) SELECT 1, id FROM problems ORDER BY id;
        INSERT INTO groups (sampling_id, problem_id) SELECT 2, id FROM problems ORDER BY id DESC LIMIT ${few};
        ${numbers(`(SELECT count(*) * ${GROUP} FROM groups)`)}
        INSERT INTO attempts (id, group_id, problem_id, sample, purpose, model_id, verdict, graded, answer, finish, tokens,
            reason, created_at, error_type, error_type_source, labelled, labelled_by)
          SELECT i + 1, g.id, g.problem_id, i % ${GROUP}, 'sample',
            CASE g.sampling_id WHEN 1 THEN 'org/base-model-1.5b' ELSE '${RARE.model}' END, verdict, verdict,
            CASE WHEN verdict = 'correct' THEN '1' WHEN verdict <> 'incorrect' THEN NULL WHEN b < 20 THEN '${RARE.answer}'
              WHEN b % 5 = 0 THEN i WHEN b % 5 = 1 THEN '\\frac{' || (b % 17) || '}{' || (a % 9 + 2) || '}' ELSE b % 40 END,
            'stop', 64, 'compared as numbers', '2026-01-01T00:00:00.000Z', type, iif(type IS NULL, NULL, 'generator'), type,
            iif(type IS NULL, NULL, 'generator')
          FROM (SELECT i, a, b, verdict, CASE WHEN verdict <> 'incorrect' OR a % 10 = 0 THEN NULL
                WHEN b < 30 THEN '${RARE.errorType}' ELSE 'error ' || (b % 6) END AS type
              FROM (SELECT i, a, b, CASE WHEN b > 65475 THEN 'unscored' WHEN a % 50 = 0 THEN 'truncated'
                WHEN (i / ${GROUP} * 7919) % 9 > i % ${GROUP} THEN 'correct' ELSE 'incorrect' END AS verdict FROM r)) x
            CROSS JOIN groups g ON g.id = i / ${GROUP} + 1;
        INSERT INTO generations (attempt_id, text, ids, logprobs)
          SELECT id, 'We get $' || problem_id || 'x=' || (id % 977) || '$, so $x=' || coalesce(answer, '\\frac{3}{' || (id % 99) || '}')
            || '$ and \\boxed{' || coalesce(answer, '') || '}.', x'', x'' FROM attempts;`);
      await db.exec(`UPDATE attempts SET reviewed = 1, rating = CASE WHEN id % 2003 = 0 THEN 5 ELSE 1 + id % 4 END,
          decision = CASE WHEN id % 2503 = 0 THEN 'accepted' ELSE 'rejected' END,
          first_wrong = CASE WHEN id % 1999 = 0 THEN 9 ELSE id % 5 END
        WHERE id % 25 = 0 AND verdict = 'incorrect';
        INSERT INTO labels (label, problem_id, attempt_id)
          SELECT CASE WHEN id % 5000 = 0 THEN '${RARE.label}' ELSE 'label ' || (id % 3) END, problem_id, id
          FROM attempts WHERE id % 50 = 0 AND reviewed = 1;`);
    }),
  );
  await pool.applyFilter();
}
