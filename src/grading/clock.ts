/** Times of day, dates, days of the week and ratios: what is written with colons or the calendar's names. */
import { no, undecided, yes } from "./decide.js";
import type { Equality } from "./types.js";

export type Moment =
  /** Minutes since midnight; `half` false: morning or afternoon is not said, so `minutes` is below 720. */
  | { of: "time"; minutes: number; half: boolean; ratio: readonly bigint[] | null }
  | { of: "date"; month: number; day: number; year: number | null }
  | { of: "weekday"; day: number }
  | { of: "ratio"; ratio: readonly bigint[] };

const MONTHS = "january february march april may june july august september october november december".split(
  " ",
);
const DAYS = "monday tuesday wednesday thursday friday saturday sunday".split(" ");

export function readMoment(s: string): Moment | null {
  if (s.length > 60) return null;
  const plain = s
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .replace(/[\s,~]+/g, " ")
    .trim()
    .toLowerCase();
  return time(plain) ?? date(plain) ?? weekday(plain) ?? ratio(plain);
}

function time(s: string): Moment | null {
  if (s === "noon" || s === "12 noon" || s === "12:00 noon") return at(12, 0, true, null);
  if (s === "midnight" || s === "12 midnight" || s === "12:00 midnight") return at(0, 0, true, null);
  const match = /^(\d{1,2})(?::(\d{2}))? ?(?:([ap])\.? ?m\.?)?$/.exec(s);
  if (!match || (match[2] === undefined && match[3] === undefined)) return null;
  const [hour, minute] = [Number(match[1]), Number(match[2] ?? 0)];
  if (hour > 23 || minute > 59 || (match[3] && (hour < 1 || hour > 12))) return null;
  if (match[3]) return at((hour % 12) + (match[3] === "p" ? 12 : 0), minute, true, null);
  const parts = [BigInt(hour), BigInt(minute)];
  return at(hour, minute, hour > 12 || hour === 0, parts);
}

function at(hour: number, minute: number, half: boolean, parts: bigint[] | null): Moment {
  return { of: "time", minutes: (half ? hour : hour % 12) * 60 + minute, half, ratio: parts };
}

function date(s: string): Moment | null {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(s);
  if (iso) return { of: "date", year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) };
  const match =
    /^(?:([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th)? (?:of )?([a-z]{3,9})\.?)(?: (\d{4}))?$/.exec(
      s,
    );
  const month = MONTHS.findIndex((name) => isShort(match?.[1] ?? match?.[4] ?? "", name));
  const day = Number(match?.[2] ?? match?.[3]);
  if (!match || month < 0 || day < 1 || day > 31) return null;
  return { of: "date", month: month + 1, day, year: match[5] ? Number(match[5]) : null };
}

function weekday(s: string): Moment | null {
  const day = DAYS.findIndex((name) => isShort(s.replace(/\.$/, ""), name));
  return day < 0 ? null : { of: "weekday", day };
}

/** "thurs" for "thursday", "jan" for "january"; no fewer than three letters, and "mar", "may" and "sun" are words too. */
function isShort(word: string, name: string): boolean {
  return word === name || (word.length >= 3 && name.startsWith(word) && word !== "sun");
}

function ratio(s: string): Moment | null {
  if (!/^\d+(?: ?: ?\d+| to \d+)+$/.test(s)) return null;
  return { of: "ratio", ratio: s.split(/ ?: ?| to /).map(BigInt) };
}

export function sameMoment(a: Moment, b: Moment): Equality {
  const [x, y] = [ratioOf(a), ratioOf(b)];
  if (x && y) {
    const alike = proportional(x, y);
    if (x.join() === y.join()) return yes("the same ratio or time");
    if (alike || proportional(x, [...y].reverse())) return undecided("ratios in another form");
  }
  if (a.of === "time" && b.of === "time") return sameTime(a, b);
  if (a.of === "date" && b.of === "date") {
    if (a.month !== b.month || a.day !== b.day) return no("different dates");
    if (a.year === b.year) return yes("the same date");
    return a.year === null || b.year === null ? undecided("one date has no year") : no("different years");
  }
  if (a.of === "weekday" && b.of === "weekday")
    return a.day === b.day ? yes("the same day") : no("different days");
  return a.of === "ratio" && b.of === "ratio"
    ? no("different ratios")
    : undecided("a ratio, a time or a date against another kind");
}

function sameTime(a: Extract<Moment, { of: "time" }>, b: Extract<Moment, { of: "time" }>): Equality {
  if (a.minutes % 720 !== b.minutes % 720) return no("different times of day");
  if (a.half !== b.half) return undecided("morning or afternoon is said on one side only");
  return a.minutes === b.minutes ? yes("the same time of day") : no("morning against afternoon");
}

function ratioOf(moment: Moment): readonly bigint[] | null {
  return moment.of === "ratio" || moment.of === "time" ? moment.ratio : null;
}

function proportional(x: readonly bigint[], y: readonly bigint[]): boolean {
  const [x0 = 0n, y0 = 0n] = [x[0], y[0]];
  return x.length === y.length && x.every((value, i) => value * y0 === (y[i] ?? 0n) * x0);
}
