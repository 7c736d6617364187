/** The tokens of a cleaned LaTeX expression, and what can be wrong with them. */
import { Unsupported } from "./algebra.js";

/** Not to be read in one way alone, such as 1/2x: no layer may decide it. */
export class Ambiguous extends Error {}
/** Not an expression at all. */
export class Unreadable extends Error {}

const TOKEN = /\s*(\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\.\d+|\d+\.(?!\d)|[A-Za-z]|[-+*/^_=!|(){}[\],])/y;

export function tokenize(tex: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < tex.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(tex)?.[1];
    if (token === undefined) {
      if (tex.slice(at).trim() === "") break;
      throw new Unsupported(tex.slice(at, at + 8));
    }
    tokens.push(token);
  }
  if (tokens.length === 0) throw new Unreadable();
  return tokens;
}

export function startsFactor(token: string): boolean {
  const closes = token === "\\}" || token === "\\rfloor" || token === "\\rceil";
  return /^[\dA-Za-z.({[]/.test(token) || (token.startsWith("\\") && !closes);
}
