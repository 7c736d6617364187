import type { AttemptQuery, PoolBucket } from "../../pool/types.js";
import type { Verdict } from "../../protocol/types.js";
import { count } from "../words.js";
import { bucketOf } from "./filter-words.js";
import type { Catalogue } from "./shape.js";
import { inPick } from "./text.js";
import { bucketTitle } from "./titles.js";

/** A tick in the filter box. */
export interface Tick {
  /** The heading it stands under. Of most, one tick holds at a time, because an attempt has one value. */
  group: string;
  label: string;
  description?: string;
  /** What it asks for. */
  query: AttemptQuery;
}

const verdict = (value: Verdict, label: string): Tick => ({
  ...{ group: "Verdict", label, query: { verdicts: [value] } },
});

const FIXED: readonly Tick[] = [
  { group: "Review", label: "Not reviewed yet", query: { reviewed: false } },
  { group: "Review", label: "Reviewed", query: { reviewed: true } },
  verdict("incorrect", "Incorrect"),
  verdict("unscored", "Could not be scored"),
  verdict("truncated", "Cut off at the token limit"),
  verdict("correct", "Correct"),
  {
    ...{ group: "Verdict", label: "Every attempt", description: "not only those that the pool keeps" },
    query: { scope: "all" },
  },
];

const dispute = (value: NonNullable<AttemptQuery["dispute"]>, label: string, description: string): Tick => ({
  ...{ group: "Dispute", label, description, query: { dispute: value, scope: "all" } },
});
const DISPUTES: readonly Tick[] = [
  dispute("any", "In dispute", "graders differ, or none could tell; nobody settled it"),
  dispute("disagree", "Graders disagree", "another grader contradicts ours"),
  dispute("imported", "Imported score differs", "from ours"),
  dispute("unsure", "Nobody could tell", "a grader was unsure"),
  {
    ...{
      group: "Group",
      label: "The majority is wrong",
      description: "and consistent: the most instructive kind",
    },
    query: { wrongMajority: true },
  },
];

/** Headings go away while something is typed, so a tick says by itself what it is of. */
const said = (group: string, query: AttemptQuery, label: string): Tick => ({ group, query, label });
const KNOWN: readonly Tick[] = [
  said("Decision", { decision: "accepted" }, "Correction accepted"),
  said("Decision", { decision: "rejected" }, "Correction rejected"),
  said("Decision", { decision: "" }, "No decision yet"),
  ...["5", "4", "3", "2", "1"].map((rating) => said("Rating", { rating }, `Rated ${rating}`)),
  said("Rating", { rating: "" }, "Not rated yet"),
];

/** Those that the pool is asked for: their first page. */
export const ASKED = [
  { grouping: "label", group: "Label" },
  { grouping: "errorType", group: "Error type" },
  { grouping: "model", group: "Model" },
] as const;
export type Asked = (typeof ASKED)[number]["grouping"];

/**
 * Every tick of the box, in the order of its headings.
 * @param kept filters whose values have a tick, too, when nothing in the pool has them (any more).
 */
export function ticks(
  catalogue: Catalogue,
  buckets: Readonly<Partial<Record<Asked, readonly PoolBucket[]>>>,
  kept: readonly AttemptQuery[] = [],
): Tick[] {
  const asked = ASKED.flatMap(({ grouping, group }) => {
    const field = grouping === "model" ? "modelId" : grouping;
    const found = new Map((buckets[grouping] ?? []).map(({ key, attempts }) => [key, attempts]));
    for (const { [field]: key } of kept) if (key !== undefined && !found.has(key)) found.set(key, 0);
    return [...found].map(([key, attempts]) => ({
      group,
      label: inPick(bucketTitle(bucketOf(grouping, key), catalogue)),
      description: `${group.toLowerCase()} · ${count(attempts, "attempt")}`,
      query: { [field]: key },
    }));
  });
  return [...FIXED, ...DISPUTES, ...KNOWN, ...asked];
}

/** What was ticked, after a change: of a heading that holds one tick, the new one stays. */
export function settled<T extends Tick>(before: readonly T[], now: readonly T[]): T[] {
  const fresh = now.filter((tick) => !before.includes(tick));
  const newest = new Map(fresh.map((tick) => [tick.group, tick]));
  return now.filter((tick) => tick.group === "Verdict" || (newest.get(tick.group) ?? tick) === tick);
}

/** Ticks whose label holds what is typed: it may be meant to find one of them, not to be looked for in solutions. */
export function named<T extends Tick>(text: string, ticks: readonly T[]): T[] {
  const typed = text.trim().toLowerCase();
  return typed === "" ? [] : ticks.filter(({ label }) => label.toLowerCase().includes(typed));
}

/** The filter that text and ticks mean together. */
export function composed(text: string, ticked: readonly Tick[]): AttemptQuery {
  // The tree shows a real minus sign; the files have a hyphen.
  const typed = text.trim().replaceAll("−", "-");
  const verdicts = ticked.flatMap((tick) => tick.query.verdicts ?? []);
  const query: AttemptQuery = Object.assign(
    typed ? { text: typed } : {},
    ...ticked.map((tick) => tick.query),
    verdicts.length > 0 ? { verdicts } : {},
  );
  // Pool members are wrong by definition: asking for other verdicts means every attempt.
  return verdicts.some((value) => value !== "incorrect") ? { ...query, scope: "all" } : query;
}

/** Does a filter ask for what this tick asks for? */
export function holds({ query: wanted }: Tick, query: AttemptQuery): boolean {
  const { verdicts, ...rest } = wanted;
  return (
    (verdicts ?? []).every((value) => query.verdicts?.includes(value)) &&
    Object.entries(rest).every(([name, value]) => query[name as keyof AttemptQuery] === value)
  );
}

/** The same filter, whatever the order in which it was put together. */
export function sameFilter(a: AttemptQuery, b: AttemptQuery): boolean {
  return canonical(a) === canonical(b);
}

function canonical(query: AttemptQuery): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined);
  return JSON.stringify(
    entries.map(([name, value]) => [name, Array.isArray(value) ? [...value].sort() : value]).sort(),
  );
}
