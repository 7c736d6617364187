/** Three-valued answers and how they combine: a false anywhere beats an undecided, an undecided beats a true. */
import type { Equality } from "./types.js";

export const yes = (why: string): Equality => ({ equal: true, why });
export const no = (why: string): Equality => ({ equal: false, why });
export const undecided = (why: string): Equality => ({ equal: null, why });

/** Two things of one shape whose parts must all agree. `why` says so when they do. */
export function all(parts: readonly Equality[], why: string): Equality {
  return parts.find((part) => part.equal === false) ?? parts.find((part) => part.equal === null) ?? yes(why);
}

/**
 * The same items in any order. Every item must find its own partner; `repeats` false lets several items share one
 * (sets). An item without a partner decides "different" only if each comparison it took part in was decided.
 */
export function anyOrder<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (x: T, y: T) => Equality,
  repeats: boolean,
  why: string,
): Equality {
  if (repeats && a.length !== b.length) return no(`${a.length} items against ${b.length}`);
  const table = a.map((x) => b.map((y) => compare(x, y).equal));
  const open = table.some((row) => row.includes(null));
  if (repeats) {
    const used = new Set<number>();
    for (const row of table) {
      const partner = row.findIndex((equal, j) => equal === true && !used.has(j));
      if (partner < 0) return open ? undecided("some items could not be compared") : no("the items differ");
      used.add(partner);
    }
    return yes(why);
  }
  const rows = table.every((row) => row.includes(true));
  const columns = b.every((_, j) => table.some((row) => row[j] === true));
  if (rows && columns) return yes(why);
  return open ? undecided("some elements could not be compared") : no("the elements differ");
}
