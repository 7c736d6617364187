/** What the index of a search holds: everything that one of these tables says. Notes are few, and read as they are. */
export const SEARCHED = [
  { kind: 0, table: "problems", rows: "problems x", text: "x.problem", id: "x.id" },
  {
    kind: 1,
    table: "attempts",
    rows: "generations x CROSS JOIN attempts a ON a.id = x.attempt_id",
    text: "x.text || char(10) || coalesce(a.answer, '')",
    id: "x.attempt_id",
  },
  { kind: 2, table: "reflections", rows: "reflections x", text: "x.text", id: "x.id" },
] as const;

export type Searched = (typeof SEARCHED)[number];

/** Documents of a kind have the numbers from `kind` times this on. */
export const KIND = 2 ** 48;

/**
 * Trigrams find `\frac{3}{4}` and `x=5`, which tokenizers of words cut up. `detail=none` keeps which texts have a
 * trigram and not where: of 24 MB of solutions 9 MB instead of 56, made in 60 % of the time; what is found is looked
 * at again (src/pool/search.ts). `content=''` keeps no second copy of the texts.
 */
export const SEARCH_TABLE = `CREATE VIRTUAL TABLE IF NOT EXISTS search
  USING fts5(text, tokenize = 'trigram', detail = none, content = '', contentless_delete = 1)`;

/**
 * How far the index goes, by kind, and what changed since under the numbers that it has. The index itself is made when a
 * person asks for it (src/pool/search-build.ts).
 */
export const SEARCH_SCHEMA = `
CREATE TABLE search_marks (
  kind INTEGER PRIMARY KEY,
  upto INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
CREATE TABLE search_stale (problem_id INTEGER PRIMARY KEY);
CREATE TRIGGER search_changed AFTER UPDATE OF problem ON problems WHEN OLD.problem <> NEW.problem BEGIN
  INSERT OR IGNORE INTO search_stale SELECT NEW.id FROM search_marks WHERE kind = 0 AND upto >= NEW.id;
END;
${SEARCHED.map(
  ({ kind, table }) => `CREATE TRIGGER search_${table}_gone AFTER DELETE ON ${table} BEGIN
  UPDATE search_marks SET upto = (SELECT coalesce(max(id), 0) FROM ${table})
    WHERE kind = ${kind} AND upto > (SELECT coalesce(max(id), 0) FROM ${table});
END;`,
).join("\n")}
CREATE INDEX annotations_texts ON annotations (id) WHERE kind IN ('note', 'correction');
`;
