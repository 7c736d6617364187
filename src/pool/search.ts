import { type Found, holds, SAID_OF_ATTEMPTS, SAID_OF_PROBLEMS } from "./query.js";
import { KIND, SEARCHED, type Searched } from "./search-schema.js";
import type { Connection, SqlValue } from "./sqlite.js";
import type { AttemptQuery, SearchState } from "./types.js";

/** Rows that are not indexed yet and may be read beside the index; of more than these, all texts are read. */
const FEW_LEFT = 20_000;

/** Texts that an index finds and that are looked at again in one statement. */
const PIECE = 5000;

/** How long a page is looked for by reading, before all is looked at that the index finds; milliseconds. */
const NEAR_MS = 150;

/** Trigrams that are asked for at most: each narrows what is looked at, none decides. */
const TRIGRAMS = 32;

/** See `Pool.searchState`. */
export async function readSearchState(db: Connection): Promise<SearchState> {
  const marks = await db.all("SELECT kind, upto, bytes FROM search_marks");
  const counts = SEARCHED.map(
    ({ kind, table }) => `(SELECT count(*) FROM ${table}) AS all${kind},
      (SELECT count(*) FROM ${table} WHERE id > coalesce((SELECT upto FROM search_marks WHERE kind = ${kind}), 0)) AS left${kind}`,
  );
  const row = await db.get(`SELECT ${counts.join(", ")}, (SELECT count(*) FROM search_stale) AS stale`);
  const sum = (name: string): number =>
    SEARCHED.reduce((total, { kind }) => total + Number(row?.[`${name}${kind}`]), 0);
  const left = sum("left") + Number(row?.stale);
  return {
    state: marks.length === 0 ? "none" : left > 0 ? "partial" : "ready",
    indexed: sum("all") - left,
    total: sum("all"),
    bytes: marks.reduce((total, mark) => total + Number(mark.bytes), 0),
  };
}

/** The last search of each connection: the tree asks for page after page of the same. */
const last = new WeakMap<Connection, { key: string; found: Found }>();

/**
 * What holds the text of a query, as far as that is known without reading every text: by the index where it is up to
 * date or nearly; otherwise by notes and corrections alone. Undefined for a query without a text, and for one that names
 * its attempts or its problem: there the texts are read.
 */
export async function findText(
  db: Connection,
  query: AttemptQuery,
  signal?: AbortSignal,
): Promise<Found | undefined> {
  const { text, problemId, ids } = query;
  if (!text || problemId !== undefined || ids) return undefined;
  const key = `${await db.pragma("data_version")} ${text}`;
  const known = last.get(db);
  if (known?.key === key) return known.found;
  const said = await findNotes(db, text);
  const indexed = await byIndex(db, text, signal);
  const merge = (notes: string, ids: number[]): string =>
    JSON.stringify([...new Set([...(JSON.parse(notes) as number[]), ...ids])]);
  const found = {
    attempts: merge(said.attempts, indexed?.attempts ?? []),
    problems: merge(said.problems, indexed?.problems ?? []),
    complete: indexed !== undefined,
  };
  last.set(db, { key, found });
  return found;
}

/** What notes and corrections alone tell. */
async function findNotes(db: Connection, text: string): Promise<Found> {
  const said = await db.get(
    `SELECT (SELECT json_group_array(target_id) FROM (${SAID_OF_ATTEMPTS})) AS attempts,
      (SELECT json_group_array(target_id) FROM (${SAID_OF_PROBLEMS})) AS problems`,
    ...[text, text, text],
  );
  return { attempts: String(said?.attempts), problems: String(said?.problems), complete: false };
}

/**
 * A page of a text that many hold: reading on from the page's beginning fills it at once, where looking at all that the
 * index finds would take a second. Undefined where the index finds few, or the page was not full in time.
 */
export async function readNear<T>(
  db: Connection,
  { text, problemId, ids }: AttemptQuery,
  limit: number,
  read: (found: Found, withinMs: number) => Promise<T[]>,
): Promise<T[] | undefined> {
  const match = text && limit >= 0 && problemId === undefined && !ids ? matchOf(text) : undefined;
  if (!text || match === undefined || !(await readReach(db))) return undefined;
  const row = await db.get(
    "SELECT count(*) AS n FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)",
    ...[match, PIECE],
  );
  if (Number(row?.n) < PIECE) return undefined;
  const page = await read(await findNotes(db, text), NEAR_MS);
  return page.length === limit ? page : undefined;
}

interface Hits {
  problems: number[];
  attempts: number[];
}

/** Undefined where reading every text is no slower, or the only way: a short text, no index, most texts in question. */
async function byIndex(db: Connection, text: string, signal?: AbortSignal): Promise<Hits | undefined> {
  const match = matchOf(text);
  const reach = await readReach(db);
  if (match === undefined || !reach || reach.left > FEW_LEFT) return undefined;
  const most = Math.max(FEW_LEFT, Math.floor(reach.upto / 5));
  const hits: Hits = { problems: [], attempts: [] };
  for (const searched of SEARCHED) {
    const from = searched.kind * KIND;
    const row = await db.get(
      `SELECT json_group_array(rowid - ${from}) AS ids, count(*) AS n FROM (
         SELECT rowid FROM search WHERE search MATCH ? AND rowid > ${from} AND rowid < ${from + KIND} LIMIT ?)`,
      ...[match, most + 1],
    );
    if (Number(row?.n) > most) return undefined;
    const into = searched.kind === 0 ? hits.problems : hits.attempts;
    const ids = JSON.parse(String(row?.ids)) as number[];
    for (let at = 0; at < ids.length; at += PIECE) {
      signal?.throwIfAborted();
      const some = JSON.stringify(ids.slice(at, at + PIECE));
      into.push(...(await verified(db, searched, text, "IN (SELECT value FROM json_each(?))", some)));
    }
    const upto = "> (SELECT upto FROM search_marks WHERE kind = ?)";
    into.push(...(await verified(db, searched, text, upto, searched.kind)));
    if (searched.kind === 0) {
      into.push(...(await verified(db, searched, text, "IN (SELECT problem_id FROM search_stale)")));
    }
  }
  return hits;
}

/** How many rows the index covers, about, and how many it lacks, as far as that matters; undefined: there is none. */
async function readReach(db: Connection): Promise<{ upto: number; left: number } | undefined> {
  const left = SEARCHED.map(
    ({ kind, table }) => `(SELECT count(*) FROM (
      SELECT 1 FROM ${table} WHERE id > (SELECT upto FROM search_marks WHERE kind = ${kind}) LIMIT ${FEW_LEFT + 1}))`,
  );
  const row = await db.get(
    `SELECT sum(upto) AS upto, ${left.join(" + ")} + (SELECT count(*) FROM search_stale) AS left FROM search_marks`,
  );
  return row?.upto == null ? undefined : { upto: Number(row.upto), left: Number(row.left) };
}

/** Those of some rows that do hold the text: problems, or the attempts that they are of. */
async function verified(
  db: Connection,
  { kind, rows, id }: Searched,
  text: string,
  which: string,
  ...params: SqlValue[]
): Promise<number[]> {
  const held = {
    0: holds("x.problem", "?1"),
    1: `(${holds("x.text", "?1")} OR ${holds("a.answer", "?1")})`,
    2: holds("x.text", "?1"),
  }[kind];
  const row = await db.get(
    `SELECT json_group_array(${kind === 0 ? "x.id" : "x.attempt_id"}) AS ids FROM ${rows}
     WHERE ${held} AND ${id} ${which.replace("?", "?2")}`,
    ...[text, ...params],
  );
  return JSON.parse(String(row?.ids));
}

/** A query for what has every trigram of a text; undefined for a text that has none. */
function matchOf(text: string): string | undefined {
  const characters = [...text];
  if (characters.length < 3 || text.includes("\0")) return undefined;
  const trigrams = new Set(characters.slice(2).map((c, i) => `${characters[i]}${characters[i + 1]}${c}`));
  return [...trigrams]
    .slice(0, TRIGRAMS)
    .map((trigram) => `"${trigram.replaceAll('"', '""')}"`)
    .join(" AND ");
}
