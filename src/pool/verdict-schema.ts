/**
 * What other graders said (`opinions`, append-only: a newer word of the same grader supersedes an older one, which
 * stays; newer by time, for words of another pool come in later than they were said), which attempts are in dispute,
 * how verdicts were redone, and which files were imported. `sittings` once more, for the order `disputes`: a CHECK
 * cannot be altered.
 */

/** A person's word on the verdict settles a dispute. */
const SETTLED = (id: string): string => `EXISTS (
  SELECT 1 FROM standing s JOIN annotations n ON n.id = s.annotation_id
  WHERE s.target = 'attempt' AND s.target_id = ${id} AND s.kind = 'verdict'
    AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%')`;

/** Another grader's clear word against ours; a text that was cut off counts as a failure. */
const AGAINST = (id: string, imported: boolean): string => `EXISTS (
  SELECT 1 FROM opinions o WHERE o.attempt_id = ${id} AND o.superseded = 0
    AND (o.grader GLOB 'imported:*') = ${imported ? 1 : 0} AND o.verdict <> 'unscored'
    AND attempts.graded <> 'unscored'
    AND o.verdict <> CASE attempts.graded WHEN 'truncated' THEN 'incorrect' ELSE attempts.graded END)`;

/** In the dispute queue, and why (`DisputeKind`); NULL when it is not. Of a row of `attempts`. */
const DISPUTE = `CASE
  WHEN attempts.purpose <> 'sample' OR ${SETTLED("attempts.id")} THEN NULL
  WHEN EXISTS (SELECT 1 FROM problems p WHERE p.id = attempts.problem_id AND p.bad = 1) THEN NULL
  WHEN ${AGAINST("attempts.id", false)} THEN 'disagree'
  WHEN ${AGAINST("attempts.id", true)} THEN 'imported'
  WHEN attempts.graded = 'unscored' OR EXISTS (
    SELECT 1 FROM opinions o WHERE o.attempt_id = attempts.id AND o.superseded = 0 AND o.verdict = 'unscored'
      AND o.grader NOT GLOB 'imported:*') THEN 'unsure'
  END`;

const dispute = (which: string): string => `
  UPDATE attempts SET dispute = ${DISPUTE} WHERE ${which} AND dispute IS NOT ${DISPUTE};`;

/** A word on an attempt's verdict begins to stand. */
const ON_VERDICT = "NEW.target = 'attempt' AND NEW.kind = 'verdict'";

export const VERDICT_SCHEMA = `
CREATE TABLE opinions (
  id INTEGER PRIMARY KEY,
  attempt_id INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
  grader TEXT NOT NULL,
  version TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('correct', 'incorrect', 'unscored')),
  answer TEXT,
  span_start INTEGER,
  span_end INTEGER,
  reason TEXT NOT NULL,
  at TEXT NOT NULL,
  superseded INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX opinions_attempt ON opinions (attempt_id, grader);
CREATE TRIGGER opinions_kept BEFORE UPDATE ON opinions
  WHEN NEW.superseded < OLD.superseded
    OR (NEW.id, NEW.attempt_id, NEW.grader, NEW.version, NEW.verdict, NEW.answer, NEW.span_start, NEW.span_end, NEW.reason, NEW.at)
    IS NOT (OLD.id, OLD.attempt_id, OLD.grader, OLD.version, OLD.verdict, OLD.answer, OLD.span_start, OLD.span_end, OLD.reason, OLD.at) BEGIN
  SELECT RAISE(ABORT, 'opinions are only ever appended');
END;
CREATE TRIGGER opinions_never_removed BEFORE DELETE ON opinions
  WHEN EXISTS (SELECT 1 FROM attempts WHERE id = OLD.attempt_id) BEGIN
  SELECT RAISE(ABORT, 'opinions are only ever appended');
END;

ALTER TABLE attempts ADD COLUMN dispute TEXT;
CREATE INDEX attempts_dispute ON attempts (dispute, problem_id) WHERE dispute IS NOT NULL;
CREATE INDEX attempts_disputed ON attempts (problem_id) WHERE dispute IS NOT NULL;
UPDATE attempts SET dispute = ${DISPUTE} WHERE graded = 'unscored';
CREATE TRIGGER dispute_added AFTER INSERT ON attempts WHEN NEW.graded = 'unscored' BEGIN ${dispute("id = NEW.id")}
END;
CREATE TRIGGER dispute_graded AFTER UPDATE OF graded ON attempts WHEN OLD.graded <> NEW.graded BEGIN ${dispute("id = NEW.id")}
END;
CREATE TRIGGER dispute_opinion AFTER INSERT ON opinions BEGIN
  UPDATE opinions SET superseded = 1
    WHERE attempt_id = NEW.attempt_id AND grader = NEW.grader AND superseded = 0
      AND id <> (SELECT o.id FROM opinions o WHERE o.attempt_id = NEW.attempt_id AND o.grader = NEW.grader
        ORDER BY o.at DESC, o.id DESC LIMIT 1); ${dispute("id = NEW.attempt_id")}
END;
CREATE TRIGGER dispute_settled AFTER INSERT ON standing WHEN ${ON_VERDICT} BEGIN ${dispute("id = NEW.target_id")}
END;
CREATE TRIGGER dispute_reopened AFTER UPDATE OF annotation_id ON standing WHEN ${ON_VERDICT} BEGIN ${dispute("id = NEW.target_id")}
END;
CREATE TRIGGER dispute_bad AFTER UPDATE OF bad ON problems WHEN OLD.bad <> NEW.bad BEGIN ${dispute("problem_id = NEW.id")}
END;

CREATE TABLE sittings_4 (
  id INTEGER PRIMARY KEY,
  who TEXT NOT NULL,
  began_at TEXT NOT NULL,
  ordering TEXT NOT NULL CHECK (ordering IN ('stored', 'random', 'uncertain', 'disputes')),
  seed INTEGER NOT NULL,
  query TEXT NOT NULL,
  blind INTEGER NOT NULL
);
INSERT INTO sittings_4 SELECT id, who, began_at, ordering, seed, query, blind FROM sittings;
DROP TABLE sittings;
ALTER TABLE sittings_4 RENAME TO sittings;

CREATE TABLE regrades (
  id INTEGER PRIMARY KEY,
  who TEXT NOT NULL,
  at TEXT NOT NULL,
  settings TEXT NOT NULL,
  scope TEXT NOT NULL,
  graded INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL CHECK (state IN ('grading', 'preview', 'applied', 'undone', 'dropped'))
);
CREATE TABLE regraded (
  regrade_id INTEGER NOT NULL REFERENCES regrades (id) ON DELETE CASCADE,
  attempt_id INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
  old_verdict TEXT NOT NULL,
  old_answer TEXT,
  old_start INTEGER,
  old_end INTEGER,
  old_reason TEXT NOT NULL,
  new_verdict TEXT NOT NULL,
  new_answer TEXT,
  new_start INTEGER,
  new_end INTEGER,
  new_reason TEXT NOT NULL,
  applied INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (regrade_id, attempt_id)
) WITHOUT ROWID;
CREATE INDEX regraded_kind ON regraded (regrade_id, old_verdict, new_verdict, attempt_id);
CREATE INDEX regraded_attempt ON regraded (attempt_id);

CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  file TEXT NOT NULL,
  format TEXT NOT NULL,
  rows INTEGER NOT NULL DEFAULT 0,
  began_at TEXT NOT NULL,
  finished_at TEXT
);
CREATE TABLE source_samplings (
  source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
  sampling_id INTEGER NOT NULL REFERENCES samplings (id) ON DELETE CASCADE,
  PRIMARY KEY (source_id, sampling_id)
) WITHOUT ROWID;
`;
