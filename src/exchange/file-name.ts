/** Names that Windows keeps for devices, with or without an ending. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const LONGEST = 80;

/**
 * A part of a file's name, made of what somebody called something: letters, digits, dots, dashes and underscores, in any
 * script. No path, no hidden file, no device, no mark that turns the reading direction, never empty.
 */
export function safeName(text: string, otherwise = "errata"): string {
  const name = text
    .normalize("NFKC")
    .replaceAll(/[^\p{L}\p{N}\p{M}._-]+/gu, "-")
    .replaceAll(/\.{2,}/g, ".")
    .replaceAll(/-{2,}/g, "-");
  const short = [...name]
    .slice(0, LONGEST)
    .join("")
    .replace(/^[.-]+/, "")
    .replace(/[.-]+$/, "");
  if (short === "") return otherwise;
  return DEVICE.test(short) ? `_${short}` : short;
}
