/** A reflection taken apart. Offsets are UTF-16 units of the whole text; -1 where a part is missing. */
export interface ParsedReflection {
  /** Empty when the section is missing. */
  analysis: string;
  /** Empty when the section is missing. */
  corrected: string;
  /** Both sections are there, in order, and neither is empty. */
  parsed: boolean;
  /** Where the `Analysis` heading begins. */
  start: number;
  /** Just after the `Corrected Solution` heading: what comes before may learn, the rest is masked. */
  boundary: number;
  /** Just after the thinking; 0 when there is none. */
  thinkEnd: number;
}

/**
 * A heading starts its line. It ends in a colon, or is decorated (# or **) and alone there. The trainer parses by the
 * same rules (errata_trainer/reflection.py); both sides are held to test/fixtures/reflections.json.
 */
function heading(name: string): RegExp {
  const start = String.raw`(?:^|(?<=\n))[ \t]*`;
  const bold = String.raw`\*\*[ \t]*`;
  return new RegExp(
    [
      String.raw`${start}(?:#{1,6}[ \t]*)?(?:${bold}${name}[ \t]*(?::[ \t]*\*\*|\*\*[ \t]*:)|${name}[ \t]*:)`,
      String.raw`${start}(?:#{1,6}[ \t]*${name}|(?:#{1,6}[ \t]*)?${bold}${name}[ \t]*\*\*)[ \t\r]*(?=\n|$)`,
    ].join("|"),
    "giu",
  );
}

const ANALYSIS = heading("Analysis");
const MARKER = heading(String.raw`Corrected[ \t]+Solution`);
const THINK_END = "</think>";

/** Just after the last `</think>`; the text's length when thinking never ends; else 0. */
export function thinkEnd(text: string): number {
  const end = text.lastIndexOf(THINK_END);
  if (end >= 0) return end + THINK_END.length;
  return text.trimStart().startsWith("<think>") ? text.length : 0;
}

/** Finds both sections; the first heading of each kind counts, the marker after the analysis. */
export function parseReflection(text: string): ParsedReflection {
  const base = thinkEnd(text);
  const said = text.slice(base);
  const analysis = find(ANALYSIS, said, 0);
  const marker = find(MARKER, said, analysis?.end ?? 0);
  const analysisText = analysis ? said.slice(analysis.end, marker?.start).trim() : "";
  const corrected = marker ? said.slice(marker.end).trim() : "";
  return {
    analysis: analysisText,
    corrected,
    parsed: analysisText !== "" && corrected !== "",
    start: analysis ? base + analysis.start : -1,
    boundary: marker ? base + marker.end : -1,
    thinkEnd: base,
  };
}

function find(pattern: RegExp, text: string, from: number): { start: number; end: number } | null {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match && { start: match.index, end: match.index + match[0].length };
}
