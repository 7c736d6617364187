/** Where things stand in a JSON text, so that an error can name the line. */

/**
 * 1-based line of the field at `path` (its key, or the array element itself); of the deepest enclosing field that
 * exists when the field is missing; 1 for an empty path. `text` must be valid JSON.
 */
export function lineOfField(text: string, path: readonly string[]): number {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;
  // One entry per open container: the key (or index) that the next value has in it.
  const stack: { array: boolean; key: string; index: number }[] = [];
  let best = 0;
  let bestDepth = 0;
  let expectKey = false;
  const reached = (at: number) => {
    const here = stack.map((level) => level.key);
    if (here.length > bestDepth && here.length <= path.length && here.every((key, i) => key === path[i])) {
      best = at;
      bestDepth = here.length;
    }
  };
  for (const match of text.matchAll(token)) {
    const [found] = match;
    const top = stack.at(-1);
    const opens = found === "{" || found === "[";
    if (top?.array && (opens || !/[\]},:]/.test(found[0] ?? ""))) reached(match.index);
    if (opens) {
      stack.push({ array: found === "[", key: found === "[" ? "0" : "", index: 0 });
      expectKey = found === "{";
    } else if (found === "}" || found === "]") {
      stack.pop();
      expectKey = false;
    } else if (found === ",") {
      if (top?.array) {
        top.index++;
        top.key = String(top.index);
      } else expectKey = true;
    } else if (found === ":") {
      expectKey = false;
    } else if (expectKey && top) {
      top.key = JSON.parse(found) as string;
      reached(match.index);
    }
  }
  return lineAt(text, best);
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Line of the position that `JSON.parse` names in its message ("… at position 16 …"); undefined when it names none. */
export function lineOfSyntaxError(text: string, error: unknown): number | undefined {
  const position = /at position (\d+)/.exec(String(error))?.[1];
  if (position !== undefined) return lineAt(text, Number(position));
  return /end of JSON input/.test(String(error)) ? lineAt(text, text.length) : undefined;
}
