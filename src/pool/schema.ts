import { FACET_SCHEMA } from "./facets.js";
import { SEARCH_SCHEMA } from "./search-schema.js";
import { VERDICT_SCHEMA } from "./verdict-schema.js";

/** One step of the schema: `sql` takes a pool of the version before to `version`. Never changed once released. */
export interface Migration {
  version: number;
  sql: string;
}

/** Marks a SQLite file as a pool of ours ("Erra"). */
export const APPLICATION_ID = 0x45727261;

/**
 * Verdicts as counted everywhere: `truncated` is a failure (scored), `unscored` leaves the denominator
 * (docs/methods.md).
 */
const SCORED = (v: string): string => `(${v} <> 'unscored')`;

const VERDICTS = ["correct", "incorrect", "unscored", "truncated"] as const;

/** Counts attempts out of (`OLD`, -) or into (`NEW`, +) a verdict; only purpose `sample` counts for its problem. */
const countVerdict = (row: "NEW" | "OLD", sign: "+" | "-"): string => `
  UPDATE tallies SET ${VERDICTS.map((v) => `${v} = ${v} ${sign} (${row}.verdict = '${v}')`).join(", ")}
    WHERE problem_id = ${row}.problem_id AND ${row}.purpose = 'sample';
  UPDATE groups SET
      correct = correct ${sign} (${row}.verdict = 'correct'),
      scored = scored ${sign} ${SCORED(`${row}.verdict`)},
      truncated = truncated ${sign} (${row}.verdict = 'truncated')
    WHERE id = ${row}.group_id;`;

/** An attempt that appears (+) or goes (-). */
const countAttempt = (row: "NEW" | "OLD", sign: "+" | "-"): string => `
  UPDATE tallies SET
      attempts = attempts ${sign} 1,
      reviewed = reviewed ${sign} ${row}.reviewed,
      in_pool = in_pool ${sign} ${row}.in_pool,
      pool_reviewed = pool_reviewed ${sign} (${row}.in_pool AND ${row}.reviewed)
    WHERE problem_id = ${row}.problem_id AND ${row}.purpose = 'sample';
  ${countVerdict(row, sign)}`;

const JUDGED = (target: string, match: string): string => `EXISTS (
  SELECT 1 FROM standing s JOIN annotations n ON n.id = s.annotation_id
  WHERE s.target = '${target}' AND s.target_id ${match}
    AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%'
    AND n.kind IN ('rating', 'decision', 'correction', 'verdict', 'firstWrongStep'))`;

/** Is this attempt reviewed: has a person judged it, or one of its reflections? */
const REVIEWED = (id: string): string =>
  `${JUDGED("attempt", `= ${id}`)} OR ${JUDGED("reflection", `IN (SELECT id FROM reflections WHERE attempt_id = ${id})`)}`;

/**
 * Which of several people's words is the newest. From version 3 on by time, then by arrival: words of another pool come
 * in later than they were said.
 */
const ARRIVED = "n.id DESC";
const NEWEST = "n.at DESC, n.id DESC";

/** The newest standing value of a kind that a person gave, as JSON; NULL when nobody did. */
const PERSONS = (target: string, id: string, kind: string, order: string): string => `(
  SELECT n.value FROM standing s JOIN annotations n ON n.id = s.annotation_id
  WHERE s.target = '${target}' AND s.target_id = ${id} AND s.kind = '${kind}'
    AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%'
  ORDER BY ${order} LIMIT 1)`;

/** What stands after an annotation, and what it changes: the attempt's verdict, its error type, whether it is reviewed. */
const STAND = (
  order: string,
): string => `  INSERT INTO standing (target, target_id, who, kind, axis, annotation_id)
    VALUES (NEW.target, NEW.target_id, NEW.who, NEW.kind, NEW.axis, NEW.id)
    ON CONFLICT (target, target_id, who, kind, axis) DO UPDATE SET annotation_id = excluded.annotation_id${
      order === NEWEST
        ? "\n    WHERE NEW.at >= (SELECT n.at FROM annotations n WHERE n.id = standing.annotation_id)"
        : ""
    };
  UPDATE problems SET bad = coalesce(${PERSONS("problem", "NEW.target_id", "badProblem", order)} = 'true', 0)
    WHERE NEW.target = 'problem' AND NEW.kind = 'badProblem' AND id = NEW.target_id;
  UPDATE attempts SET
      verdict = coalesce(json_extract(${PERSONS("attempt", "attempts.id", "verdict", order)}, '$'), graded)
    WHERE NEW.target = 'attempt' AND NEW.kind = 'verdict' AND id = NEW.target_id;
  UPDATE attempts SET
      error_type = coalesce(json_extract(${PERSONS("attempt", "attempts.id", "errorType", order)}, '$'), labelled),
      error_type_source = CASE WHEN ${PERSONS("attempt", "attempts.id", "errorType", order)} IS NULL THEN labelled_by ELSE 'person' END
    WHERE NEW.target = 'attempt' AND NEW.kind = 'errorType' AND id = NEW.target_id;
  UPDATE attempts SET reviewed = ${REVIEWED("attempts.id")}
    WHERE id = CASE NEW.target WHEN 'attempt' THEN NEW.target_id
      WHEN 'reflection' THEN (SELECT attempt_id FROM reflections WHERE id = NEW.target_id) END;`;

/**
 * `graded` is the grader's verdict and `labelled` the generator's or a machine's error type; `verdict` and
 * `error_type` are what stands, a person's word first. Figures that the tree shows are kept by triggers, so that no reader ever counts attempts. What is long has
 * tables of its own (texts, token ids, log-probabilities): rows that are scanned and changed stay narrow.
 */
const V1 = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE problems (
  id INTEGER PRIMARY KEY,
  set_name TEXT NOT NULL,
  external_id TEXT NOT NULL,
  problem TEXT NOT NULL,
  gold TEXT NOT NULL,
  level TEXT,
  kind TEXT,
  topic TEXT,
  bad INTEGER NOT NULL DEFAULT 0,
  UNIQUE (set_name, external_id)
);
CREATE INDEX problems_level ON problems (level);
CREATE INDEX problems_kind ON problems (kind);
CREATE INDEX problems_bad ON problems (id) WHERE bad = 1;
CREATE TABLE tallies (
  problem_id INTEGER PRIMARY KEY REFERENCES problems (id) ON DELETE CASCADE,
  attempts INTEGER NOT NULL DEFAULT 0,
  correct INTEGER NOT NULL DEFAULT 0,
  incorrect INTEGER NOT NULL DEFAULT 0,
  unscored INTEGER NOT NULL DEFAULT 0,
  truncated INTEGER NOT NULL DEFAULT 0,
  reviewed INTEGER NOT NULL DEFAULT 0,
  in_pool INTEGER NOT NULL DEFAULT 0,
  pool_reviewed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tallies_in_pool ON tallies (problem_id) WHERE in_pool > 0;

CREATE TABLE samplings (
  id INTEGER PRIMARY KEY,
  key_hash TEXT NOT NULL UNIQUE,
  model_id TEXT NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('sample', 'evaluation', 'retry')),
  group_size INTEGER NOT NULL CHECK (group_size > 0),
  options TEXT NOT NULL,
  prompt TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE TABLE groups (
  id INTEGER PRIMARY KEY,
  sampling_id INTEGER NOT NULL REFERENCES samplings (id) ON DELETE CASCADE,
  problem_id INTEGER NOT NULL REFERENCES problems (id) ON DELETE CASCADE,
  correct INTEGER NOT NULL DEFAULT 0,
  scored INTEGER NOT NULL DEFAULT 0,
  truncated INTEGER NOT NULL DEFAULT 0,
  UNIQUE (sampling_id, problem_id)
);
CREATE INDEX groups_problem ON groups (problem_id);

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
  problem_id INTEGER NOT NULL REFERENCES problems (id) ON DELETE CASCADE,
  sample INTEGER NOT NULL CHECK (sample >= 0),
  purpose TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('correct', 'incorrect', 'unscored', 'truncated')),
  graded TEXT NOT NULL CHECK (graded IN ('correct', 'incorrect', 'unscored', 'truncated')),
  in_pool INTEGER NOT NULL DEFAULT 0,
  reviewed INTEGER NOT NULL DEFAULT 0,
  answer TEXT,
  error_type TEXT,
  error_type_source TEXT,
  labelled TEXT,
  labelled_by TEXT,
  span_start INTEGER,
  span_end INTEGER,
  finish TEXT NOT NULL CHECK (finish IN ('stop', 'length')),
  tokens INTEGER NOT NULL,
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (group_id, sample)
);
CREATE INDEX attempts_problem ON attempts (problem_id);
CREATE INDEX attempts_pool ON attempts (id) WHERE in_pool = 1;
CREATE INDEX attempts_pool_problem ON attempts (problem_id) WHERE in_pool = 1;
CREATE INDEX attempts_pool_answer ON attempts (coalesce(answer, ''), reviewed) WHERE in_pool = 1;
CREATE INDEX attempts_pool_error ON attempts (coalesce(error_type, ''), reviewed) WHERE in_pool = 1;
CREATE TABLE generations (
  attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  ids BLOB NOT NULL,
  logprobs BLOB NOT NULL
);

CREATE TABLE reflections (
  id INTEGER PRIMARY KEY,
  attempt_id INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
  model_id TEXT NOT NULL,
  settings TEXT NOT NULL,
  sample INTEGER NOT NULL CHECK (sample >= 0),
  text TEXT NOT NULL,
  analysis TEXT NOT NULL,
  corrected TEXT NOT NULL,
  parsed INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  answer TEXT,
  reason TEXT NOT NULL,
  finish TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (attempt_id, model_id, settings, sample)
);
CREATE TABLE reflection_tokens (
  reflection_id INTEGER PRIMARY KEY REFERENCES reflections (id) ON DELETE CASCADE,
  ids BLOB NOT NULL,
  logprobs BLOB NOT NULL
);

CREATE TABLE annotations (
  id INTEGER PRIMARY KEY,
  target TEXT NOT NULL CHECK (target IN ('attempt', 'reflection', 'problem')),
  target_id INTEGER NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  axis TEXT NOT NULL DEFAULT '',
  value TEXT
);
CREATE INDEX annotations_target ON annotations (target, target_id, id);
CREATE TABLE standing (
  target TEXT NOT NULL,
  target_id INTEGER NOT NULL,
  who TEXT NOT NULL,
  kind TEXT NOT NULL,
  axis TEXT NOT NULL,
  annotation_id INTEGER NOT NULL REFERENCES annotations (id),
  PRIMARY KEY (target, target_id, who, kind, axis)
) WITHOUT ROWID;

CREATE TRIGGER problems_tally AFTER INSERT ON problems BEGIN
  INSERT INTO tallies (problem_id) VALUES (NEW.id);
END;
CREATE TRIGGER attempts_added AFTER INSERT ON attempts BEGIN ${countAttempt("NEW", "+")}
END;
CREATE TRIGGER attempts_removed AFTER DELETE ON attempts BEGIN ${countAttempt("OLD", "-")}
END;
CREATE TRIGGER attempts_judged AFTER UPDATE OF verdict ON attempts WHEN OLD.verdict <> NEW.verdict BEGIN
  ${countVerdict("OLD", "-")} ${countVerdict("NEW", "+")}
END;
CREATE TRIGGER attempts_marked AFTER UPDATE OF in_pool, reviewed ON attempts WHEN NEW.purpose = 'sample' BEGIN
  UPDATE tallies SET
      reviewed = reviewed + NEW.reviewed - OLD.reviewed,
      in_pool = in_pool + NEW.in_pool - OLD.in_pool,
      pool_reviewed = pool_reviewed + (NEW.in_pool AND NEW.reviewed) - (OLD.in_pool AND OLD.reviewed)
    WHERE problem_id = NEW.problem_id;
END;

CREATE TRIGGER annotations_kept BEFORE UPDATE ON annotations BEGIN
  SELECT RAISE(ABORT, 'annotations are only ever appended');
END;
CREATE TRIGGER annotations_never_removed BEFORE DELETE ON annotations BEGIN
  SELECT RAISE(ABORT, 'annotations are only ever appended');
END;
CREATE TRIGGER annotations_stand AFTER INSERT ON annotations BEGIN
${STAND(ARRIVED)}
END;
`;

/**
 * Further turns on an attempt that a comparison asked for (intrinsic second attempts, verifications, corrections from
 * a given analysis). Apart from `reflections`: nobody reviews them and nothing trains on them. `answer` is what was
 * read out of the text; `verdict` is null where a turn is not itself an attempt.
 */
const V2 = `
CREATE TABLE turns (
  id INTEGER PRIMARY KEY,
  attempt_id INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  model_id TEXT NOT NULL,
  settings TEXT NOT NULL,
  sample INTEGER NOT NULL CHECK (sample >= 0),
  text TEXT NOT NULL,
  verdict TEXT CHECK (verdict IN ('correct', 'incorrect', 'unscored', 'truncated')),
  answer TEXT,
  reason TEXT NOT NULL,
  finish TEXT NOT NULL CHECK (finish IN ('stop', 'length')),
  tokens INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (attempt_id, kind, model_id, settings, sample)
);
`;

/** What people say of a label now. */
const SAID_OF_LABEL = `FROM standing s JOIN annotations n ON n.id = s.annotation_id
  WHERE s.target = 'attempt' AND s.target_id = NEW.target_id AND s.kind = 'label' AND s.axis = NEW.axis
    AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%'`;

/** Does a person say so now? Of a label, which has a name of its own. An adjudicator's newest word decides alone. */
const LABELLED = `CASE
  WHEN (SELECT n.who ${SAID_OF_LABEL} ORDER BY ${NEWEST} LIMIT 1) LIKE 'adjudicated:%'
    THEN (SELECT n.value = 'true' ${SAID_OF_LABEL} ORDER BY ${NEWEST} LIMIT 1)
  ELSE EXISTS (SELECT 1 ${SAID_OF_LABEL} AND n.value = 'true') END`;

/** The newest standing value of a kind and axis that a person gave an attempt or one of its reflections. */
const JUDGEMENT = (kind: string, axis = ""): string => `(
  SELECT json_extract(n.value, '$') FROM standing s JOIN annotations n ON n.id = s.annotation_id
  WHERE s.kind = '${kind}' AND s.axis = '${axis}' AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%'
    AND ((s.target = 'attempt' AND s.target_id = attempts.id)
      OR (s.target = 'reflection' AND s.target_id IN (SELECT id FROM reflections WHERE attempt_id = attempts.id)))
  ORDER BY ${NEWEST} LIMIT 1)`;

/**
 * Review in earnest: sittings (in which order a person read), second passes that never stand, the words that an
 * adjudicated one decided between, steps frozen when one of them was first named, and what people said beside the
 * attempt, so that the tree can group and filter by it.
 */
const V3 = `
CREATE TABLE sittings (
  id INTEGER PRIMARY KEY,
  who TEXT NOT NULL,
  began_at TEXT NOT NULL,
  ordering TEXT NOT NULL CHECK (ordering IN ('stored', 'random', 'uncertain')),
  seed INTEGER NOT NULL,
  query TEXT NOT NULL,
  blind INTEGER NOT NULL
);
ALTER TABLE annotations ADD COLUMN pass INTEGER NOT NULL DEFAULT 1;
ALTER TABLE annotations ADD COLUMN sitting_id INTEGER REFERENCES sittings (id);
ALTER TABLE annotations ADD COLUMN seconds REAL;

CREATE TABLE adjudications (
  annotation_id INTEGER NOT NULL REFERENCES annotations (id),
  word_id INTEGER NOT NULL REFERENCES annotations (id),
  PRIMARY KEY (annotation_id, word_id)
) WITHOUT ROWID;
CREATE TRIGGER adjudications_kept BEFORE UPDATE ON adjudications BEGIN
  SELECT RAISE(ABORT, 'adjudications are only ever appended');
END;
CREATE TRIGGER adjudications_never_removed BEFORE DELETE ON adjudications BEGIN
  SELECT RAISE(ABORT, 'adjudications are only ever appended');
END;

CREATE TABLE cuts (
  attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  spans TEXT NOT NULL
);
CREATE TRIGGER cuts_frozen BEFORE UPDATE ON cuts BEGIN
  SELECT RAISE(ABORT, 'steps are cut once');
END;

ALTER TABLE attempts ADD COLUMN model_id TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN rating INTEGER;
ALTER TABLE attempts ADD COLUMN decision TEXT;
ALTER TABLE attempts ADD COLUMN first_wrong INTEGER;
UPDATE attempts SET model_id = (SELECT s.model_id FROM groups g JOIN samplings s ON s.id = g.sampling_id WHERE g.id = attempts.group_id);
UPDATE attempts SET rating = ${JUDGEMENT("rating", "overall")}, decision = ${JUDGEMENT("decision")},
  first_wrong = ${JUDGEMENT("firstWrongStep")} WHERE reviewed = 1;
CREATE TABLE labels (
  label TEXT NOT NULL CHECK (label <> ''),
  problem_id INTEGER NOT NULL,
  attempt_id INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
  PRIMARY KEY (label, problem_id, attempt_id)
) WITHOUT ROWID;
CREATE INDEX labels_attempt ON labels (attempt_id);

DROP TRIGGER annotations_stand;
CREATE TRIGGER annotations_stand AFTER INSERT ON annotations WHEN NEW.pass = 1 BEGIN
${STAND(NEWEST)}
  UPDATE attempts SET
      rating = ${JUDGEMENT("rating", "overall")},
      decision = ${JUDGEMENT("decision")},
      first_wrong = ${JUDGEMENT("firstWrongStep")}
    WHERE NEW.kind IN ('rating', 'decision', 'firstWrongStep')
      AND id = CASE NEW.target WHEN 'attempt' THEN NEW.target_id
        WHEN 'reflection' THEN (SELECT attempt_id FROM reflections WHERE id = NEW.target_id) END;
  DELETE FROM labels WHERE NEW.target = 'attempt' AND NEW.kind = 'label' AND label = NEW.axis
    AND attempt_id = NEW.target_id AND NOT (${LABELLED});
  INSERT OR IGNORE INTO labels (label, problem_id, attempt_id) SELECT NEW.axis, problem_id, id FROM attempts
    WHERE NEW.target = 'attempt' AND NEW.kind = 'label' AND NEW.axis <> '' AND id = NEW.target_id AND (${LABELLED});
END;
${FACET_SCHEMA}
${SEARCH_SCHEMA}
`;

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: V1 },
  { version: 2, sql: V2 },
  { version: 3, sql: V3 },
  { version: 4, sql: VERDICT_SCHEMA },
];
