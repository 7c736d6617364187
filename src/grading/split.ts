/** Splitting at the top level: not inside brackets, braces, `\text{}` or an environment. */

/** What stands between the separators (a separator is matched at its first character), or the whole string. */
export function splitTop(s: string, separator: RegExp): { parts: string[]; separators: string[] } {
  const sticky = new RegExp(separator.source, `${separator.flags.replace(/[gy]/g, "")}y`);
  const parts: string[] = [];
  const separators: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    if (depth === 0) {
      sticky.lastIndex = i;
      const found = sticky.exec(s)?.[0];
      if (found) {
        parts.push(s.slice(from, i).trim());
        separators.push(found.trim());
        i += found.length - 1;
        from = i + 1;
        continue;
      }
    }
    depth = Math.max(0, depth + depthChange(s, i));
    // An escaped brace is a bracket of two characters; \( and the like are gone by now.
    if (s[i] === "\\" && !/[a-zA-Z]/.test(s[i + 1] ?? "")) i++;
  }
  parts.push(s.slice(from).trim());
  return { parts, separators };
}

/** Is the bracket at 0 (`length` characters long) closed only by the last one? */
export function wraps(s: string): boolean {
  let depth = 0;
  for (let i = 0; i < s.length; i++) {
    const escaped = s[i] === "\\" && /[{}]/.test(s[i + 1] ?? "");
    depth += depthChange(s, i);
    const last = i + (escaped ? 2 : 1) === s.length;
    if (depth <= 0) return last;
    if (escaped) i++;
  }
  return false;
}

/** By how much the depth of brackets changes with the character at `i`. */
export function depthChange(s: string, i: number): number {
  const char = s[i] ?? "";
  if (char === "\\") {
    if (s[i + 1] === "{" || s.startsWith("\\begin", i) || s.startsWith("\\langle", i)) return 1;
    if (s[i + 1] === "}" || s.startsWith("\\end", i) || s.startsWith("\\rangle", i)) return -1;
    return 0;
  }
  if ("([{".includes(char)) return 1;
  if (")]}".includes(char)) return -1;
  return 0;
}
