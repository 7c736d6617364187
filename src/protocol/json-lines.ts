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

/** Line of a syntax error: of the position that `JSON.parse` names in its message, else (it often names none) as found. */
export function lineOfSyntaxError(text: string, error: unknown): number {
  const position = /at position (\d+)/.exec(String(error))?.[1];
  return lineAt(text, position === undefined ? syntaxErrorAt(text) : Number(position));
}

const VALUE =
  /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

/** Offset of the first thing that JSON does not allow where it stands; the text's end where something is missing. */
export function syntaxErrorAt(text: string): number {
  const open: string[] = [];
  // What may come: a value, a key, or (after either) what separates or closes. `first`: or an empty container's end.
  let expect: "value" | "key" | "colon" | "after" = "value";
  let first = false;
  for (let at = 0; ; ) {
    while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
    const char = text[at];
    if (char === undefined) return text.length;
    const top = open.at(-1);
    VALUE.lastIndex = at;
    const value = (expect === "value" || (expect === "key" && char === '"')) && VALUE.exec(text)?.[0];
    if (value) {
      expect = expect === "key" ? "colon" : "after";
      at += value.length;
    } else if (expect === "value" && (char === "{" || char === "[")) {
      open.push(char);
      expect = char === "{" ? "key" : "value";
      first = true;
      at++;
      continue;
    } else if ((char === "}" && top === "{") || (char === "]" && top === "[")) {
      if (expect !== "after" && !(first && expect === (top === "{" ? "key" : "value"))) return at;
      open.pop();
      expect = "after";
      at++;
    } else if (char === ":" && expect === "colon") {
      expect = "value";
      at++;
    } else if (char === "," && expect === "after" && top !== undefined) {
      expect = top === "{" ? "key" : "value";
      at++;
    } else return at;
    first = false;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
