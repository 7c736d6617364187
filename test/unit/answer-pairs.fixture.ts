import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installationFolder } from "../../src/protocol/paths.js";

/** A gold answer, an answer, and what a careful mathematician says of them; null: it cannot be said. */
export interface Pair {
  gold: string;
  answer: string;
  equal: boolean | null;
  kind: string;
  /** Why, where it is not obvious. */
  because?: string;
  /** Of the third table: who wrote it. */
  hand?: string;
  /** Who mended the grader knew it: it counts among those that were looked at. */
  seen?: true;
}

export interface Pairs {
  /** The first table: the grader was mended until it passed. */
  old: Pair[];
  /** Half of the second table, by hash: its failures were looked at while the grader was mended. */
  working: Pair[];
  /** The other half: only ever counted. */
  untouched: Pair[];
  /** The third table, by other hands (answer-pairs-3.md), halved in the same way. */
  othersWorking: Pair[];
  othersUntouched: Pair[];
}

export function answerPairs(folder = join(installationFolder(), "test/fixtures")): Pairs {
  const read = (name: string) =>
    readFileSync(join(folder, name), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Pair);
  const [second, third] = [read("answer-pairs-2.jsonl"), read("answer-pairs-3.jsonl")];
  const of = (table: Pair[], which: 0 | 1) => table.filter((pair) => half(pair) === which);
  return {
    old: read("answer-pairs.jsonl"),
    working: of(second, 0),
    untouched: of(second, 1),
    othersWorking: of(third, 0),
    othersUntouched: of(third, 1),
  };
}

function half({ gold, answer, seen }: Pair): 0 | 1 {
  if (seen) return 0;
  const first = createHash("sha256").update(`${gold}\0${answer}`).digest()[0] ?? 0;
  return first % 2 === 0 ? 0 : 1;
}
