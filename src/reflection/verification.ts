import { thinkEnd } from "./parse.js";

/** What a verification says of a solution. */
export type Claim = "right" | "wrong";

/**
 * `Verdict: right` on a line of its own, decorated or not. The trainer reads verifications by the same rules; both
 * sides are held to test/fixtures/verifications.json.
 */
const VERDICT =
  /(?:^|\n)[ \t>#*_-]*verdict[ \t]*(?:[*_]+[ \t]*)?:[ \t]*[*_"“]*[ \t]*(right|wrong|correct|incorrect)[ \t*_"”.!]*(?=\r?\n|$)/giu;

/**
 * The verdict that a verification ends with: its last one after the thinking counts. Null where there is none, which
 * is counted and reported, never guessed.
 */
export function parseVerification(text: string): Claim | null {
  const said = text.slice(thinkEnd(text));
  const last = [...said.matchAll(VERDICT)].at(-1)?.[1]?.toLowerCase();
  if (last === undefined) return null;
  return last === "right" || last === "correct" ? "right" : "wrong";
}
