import type { Connection } from "./sqlite.js";

/**
 * What the tree groups and filters attempts by. `facets` holds each combination that occurs and how many attempts have
 * it; `problem_facets` the same for each problem, `answer_facets` for each answer, `label_facets` for each label and,
 * under "", for all that have one. So a grouping under any filter on
 * them is counted from some thousand rows, whatever the pool's size. Kept by triggers, for purpose `sample`; "" is none.
 */
export const FACETS = [
  "model_id",
  "level",
  "kind",
  "error_type",
  "verdict",
  "in_pool",
  "reviewed",
  "decision",
  "rating",
  "first_wrong",
] as const;

/** The value of a facet in a row of `attempts` (of this name or alias) with its row `p` of `problems`. */
function value(facet: (typeof FACETS)[number], row: string): string {
  switch (facet) {
    case "level":
    case "kind":
      return `coalesce(p.${facet}, '')`;
    case "error_type":
    case "decision":
      return `coalesce(${row}.${facet}, '')`;
    case "rating":
    case "first_wrong":
      return `CAST(coalesce(${row}.${facet}, '') AS TEXT)`;
    default:
      return `${row}.${facet}`;
  }
}

const values = (row: string): string => FACETS.map((facet) => value(facet, row)).join(", ");
const match = (row: string): string =>
  FACETS.map((facet) => `f.${facet} = ${value(facet, row)}`).join(" AND ");

/** Where a key stands among others: numbers in their order, before words. */
export const placeOf = (key: string): string =>
  `CASE WHEN ${key} GLOB '[0-9]*' OR ${key} GLOB '[-+.][0-9]*' THEN CAST(${key} AS REAL) ELSE 9e999 END`;

const answerOf = (row: string): string => `coalesce(${row}.answer, '')`;

/** The facet of a row of `attempts`. */
const facetOf = (row: string): string =>
  `problems p CROSS JOIN facets f ON ${match(row)} WHERE p.id = ${row}.problem_id`;

/** Counts a row of `attempts` under some labels. */
const addLabels = (row: string, labels: string): string => `
  INSERT INTO label_facets (label, facet_id, attempts)
    SELECT l.label, f.id, 1 FROM (${labels}) l CROSS JOIN ${facetOf(row)}
    ON CONFLICT (label, facet_id) DO UPDATE SET attempts = attempts + 1;`;
const removeLabels = (facet: string, labels: string): string => `
  UPDATE label_facets SET attempts = attempts - 1 WHERE facet_id = ${facet} AND label IN (${labels});
  DELETE FROM label_facets WHERE facet_id = ${facet} AND attempts = 0;`;

const ADD = `
  INSERT INTO facets (${FACETS.join(", ")}, attempts)
    SELECT ${values("NEW")}, 1 FROM problems p WHERE p.id = NEW.problem_id
    ON CONFLICT (${FACETS.join(", ")}) DO UPDATE SET attempts = attempts + 1;
  INSERT INTO problem_facets (problem_id, facet_id, attempts)
    SELECT NEW.problem_id, f.id, 1 FROM ${facetOf("NEW")}
    ON CONFLICT (problem_id, facet_id) DO UPDATE SET attempts = attempts + 1;
  INSERT INTO answer_facets (in_pool, place, answer, facet_id, attempts)
    SELECT NEW.in_pool, ${placeOf(answerOf("NEW"))}, ${answerOf("NEW")}, f.id, 1 FROM ${facetOf("NEW")}
    ON CONFLICT (in_pool, place, answer, facet_id) DO UPDATE SET attempts = attempts + 1;
  ${addLabels(
    "NEW",
    `SELECT label FROM labels WHERE attempt_id = NEW.id
    UNION SELECT '' FROM labels WHERE attempt_id = NEW.id`,
  )}`;

const ONE_ANSWER = `in_pool = OLD.in_pool AND place = ${placeOf(answerOf("OLD"))} AND answer = ${answerOf("OLD")}`;
const REMOVE = `
  UPDATE problem_facets SET attempts = attempts - 1
    WHERE problem_id = OLD.problem_id AND facet_id = (SELECT f.id FROM ${facetOf("OLD")});
  DELETE FROM problem_facets WHERE problem_id = OLD.problem_id AND attempts = 0;
  UPDATE answer_facets SET attempts = attempts - 1
    WHERE ${ONE_ANSWER} AND facet_id = (SELECT f.id FROM ${facetOf("OLD")});
  DELETE FROM answer_facets
    WHERE ${ONE_ANSWER} AND facet_id = (SELECT f.id FROM ${facetOf("OLD")}) AND attempts = 0;
  ${removeLabels(
    `(SELECT f.id FROM ${facetOf("OLD")})`,
    `SELECT label FROM labels WHERE attempt_id = OLD.id UNION SELECT '' FROM labels WHERE attempt_id = OLD.id`,
  )}
  UPDATE facets SET attempts = attempts - 1 WHERE id = (SELECT f.id FROM ${facetOf("OLD")});
  DELETE FROM facets WHERE id = (SELECT f.id FROM ${facetOf("OLD")}) AND attempts = 0;`;

const OWN = [...FACETS.filter((facet) => facet !== "level" && facet !== "kind"), "answer"];
const CHANGED = `(${OWN.map((c) => `OLD.${c}`).join(", ")}, OLD.held) IS NOT (${OWN.map((c) => `NEW.${c}`).join(", ")}, NEW.held)`;
const counted = (row: string): string =>
  `${row}.purpose = 'sample' AND ${row}.held = 0 AND NOT EXISTS (SELECT 1 FROM settings WHERE name = 'uncounted')`;

const REBUILD = `
DELETE FROM facets; DELETE FROM problem_facets; DELETE FROM answer_facets; DELETE FROM label_facets;
INSERT INTO facets (${FACETS.join(", ")}, attempts)
  SELECT ${values("a")}, count(*) FROM attempts a CROSS JOIN problems p ON p.id = a.problem_id
  WHERE a.purpose = 'sample' AND a.held = 0 GROUP BY ${FACETS.map((_, i) => i + 1).join(", ")};
INSERT INTO problem_facets (problem_id, facet_id, attempts)
  SELECT a.problem_id, f.id, count(*) FROM attempts a CROSS JOIN problems p ON p.id = a.problem_id
    CROSS JOIN facets f ON ${match("a")}
  WHERE a.purpose = 'sample' AND a.held = 0 GROUP BY 1, 2;
INSERT INTO answer_facets (in_pool, place, answer, facet_id, attempts)
  SELECT a.in_pool, ${placeOf(answerOf("a"))}, ${answerOf("a")}, f.id, count(*)
    FROM attempts a CROSS JOIN problems p ON p.id = a.problem_id CROSS JOIN facets f ON ${match("a")}
  WHERE a.purpose = 'sample' AND a.held = 0 GROUP BY 1, 2, 3, 4;
INSERT INTO label_facets (label, facet_id, attempts)
  SELECT l.label, f.id, count(*)
    FROM (SELECT label, attempt_id FROM labels UNION SELECT '', attempt_id FROM labels) l
      CROSS JOIN attempts a ON a.id = l.attempt_id CROSS JOIN problems p ON p.id = a.problem_id
      CROSS JOIN facets f ON ${match("a")}
  WHERE a.purpose = 'sample' AND a.held = 0 GROUP BY 1, 2;
`;

/** What a row of `labels` that came (NEW) or went (OLD) changes: its label, and "" where it is the only one. */
const labelled = (row: "NEW" | "OLD"): { when: string; labels: string; facet: string } => {
  const facet = `(SELECT f.id FROM attempts a CROSS JOIN ${facetOf("a")} AND a.id = ${row}.attempt_id)`;
  const others = `SELECT 1 FROM labels WHERE attempt_id = ${row}.attempt_id AND label <> ${row}.label`;
  return {
    when: `EXISTS (SELECT 1 FROM attempts a WHERE a.id = ${row}.attempt_id AND ${counted("a")})`,
    labels: `SELECT ${row}.label AS label UNION SELECT '' WHERE NOT EXISTS (${others})`,
    facet,
  };
};
const [labelCame, labelWent] = [labelled("NEW"), labelled("OLD")];

/**
 * Tables, figures of what is there, and triggers. `held`, within one transaction: the figures of this attempt are held
 * back until all is known of it. The setting `uncounted`, within one transaction, too: see `countedAtOnce`.
 */
export const FACET_SCHEMA = `
ALTER TABLE attempts ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
CREATE TABLE facets (
  id INTEGER PRIMARY KEY,
  ${FACETS.map((facet) => `${facet} ${facet === "in_pool" || facet === "reviewed" ? "INTEGER" : "TEXT"} NOT NULL`).join(",\n  ")},
  attempts INTEGER NOT NULL,
  UNIQUE (${FACETS.join(", ")})
);
CREATE TABLE problem_facets (
  problem_id INTEGER NOT NULL,
  facet_id INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (problem_id, facet_id)
) WITHOUT ROWID;
CREATE TABLE answer_facets (
  in_pool INTEGER NOT NULL,
  place REAL NOT NULL,
  answer TEXT NOT NULL,
  facet_id INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (in_pool, place, answer, facet_id)
) WITHOUT ROWID;
CREATE TABLE label_facets (
  label TEXT NOT NULL,
  facet_id INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (label, facet_id)
) WITHOUT ROWID;
${REBUILD}
CREATE INDEX label_facets_facet ON label_facets (facet_id);
CREATE INDEX problem_facets_facet ON problem_facets (facet_id, problem_id);
DROP INDEX attempts_pool_answer;
DROP INDEX attempts_pool_error;
CREATE INDEX attempts_pool_answer ON attempts (${answerOf("attempts").replaceAll("attempts.", "")}, problem_id) WHERE in_pool = 1;
CREATE INDEX attempts_answer ON attempts (${answerOf("attempts").replaceAll("attempts.", "")}, problem_id) WHERE purpose = 'sample';

CREATE TRIGGER facets_added AFTER INSERT ON attempts WHEN ${counted("NEW")} BEGIN ${ADD}
END;
CREATE TRIGGER facets_removed AFTER DELETE ON attempts WHEN ${counted("OLD")} BEGIN ${REMOVE}
END;
CREATE TRIGGER facets_left AFTER UPDATE OF ${OWN.join(", ")}, held ON attempts WHEN ${CHANGED} AND ${counted("OLD")}
BEGIN ${REMOVE}
END;
CREATE TRIGGER facets_joined AFTER UPDATE OF ${OWN.join(", ")}, held ON attempts WHEN ${CHANGED} AND ${counted("NEW")}
BEGIN ${ADD}
END;
CREATE TRIGGER labels_came AFTER INSERT ON labels WHEN ${labelCame.when} BEGIN
  INSERT INTO label_facets (label, facet_id, attempts) SELECT label, ${labelCame.facet}, 1 FROM (${labelCame.labels}) WHERE true
    ON CONFLICT (label, facet_id) DO UPDATE SET attempts = attempts + 1;
END;
CREATE TRIGGER labels_went AFTER DELETE ON labels WHEN ${labelWent.when} BEGIN
  ${removeLabels(labelWent.facet, labelWent.labels)}
END;
CREATE TRIGGER labels_going BEFORE DELETE ON attempts BEGIN
  DELETE FROM labels WHERE attempt_id = OLD.id;
END;
CREATE TRIGGER problems_moving BEFORE UPDATE OF level, kind ON problems
WHEN (OLD.level, OLD.kind) IS NOT (NEW.level, NEW.kind) BEGIN
  UPDATE attempts SET held = 1 WHERE problem_id = OLD.id;
END;
CREATE TRIGGER problems_moved AFTER UPDATE OF level, kind ON problems
WHEN (OLD.level, OLD.kind) IS NOT (NEW.level, NEW.kind) BEGIN
  UPDATE attempts SET held = 0 WHERE problem_id = NEW.id;
END;
CREATE TRIGGER problems_going BEFORE DELETE ON problems BEGIN
  DELETE FROM attempts WHERE problem_id = OLD.id;
END;
`;

/**
 * Does what changes a good part of the pool within the open transaction: nothing is counted for each row, all of it
 * once at the end (per row some ten times faster). A failure rolls the transaction back, and this state with it.
 */
export async function countedAtOnce<T>(db: Connection, work: () => Promise<T>): Promise<T> {
  await db.run("INSERT INTO settings (name, value) VALUES ('uncounted', '1')");
  const result = await work();
  await db.exec(REBUILD);
  await db.run("DELETE FROM settings WHERE name = 'uncounted'");
  return result;
}
