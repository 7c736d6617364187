import { latexToText, shorten } from "../../protocol/latex.js";

/**
 * Text from outside (models, problem files, imported pools, other people) where the editor shows plain text. Control
 * characters and overrides are gone after `latexToText`; here stands what is special to the tree and to quick picks (notifications: src/ui/say.ts).
 */

/** One readable line of at most `length` characters; right-to-left writing cannot reach past its own end. */
export function line(source: string, length = 80): string {
  return isolated(shorten(latexToText(source.slice(0, READ * length)), length));
}

/** So many characters of source are read for one that is shown: markup is longer than what it says. */
export const READ = 10;

/** First strong isolate and its end, around what holds right-to-left letters: neighbours keep their places. */
export function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]|[\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

/** For a quick pick, whose labels turn `$(name)` into an icon. */
export function inPick(text: string): string {
  return text.replaceAll(/\$\([\w-]+(?:~\w+)?\)/g, (icon) => `\\${icon}`);
}
