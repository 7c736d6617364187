import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { assetFile } from "../protocol/paths.js";
import { type ChatMessage, ErrataError } from "../protocol/types.js";

export const PROMPT_NAMES = ["solve", "reflect", "verify", "look_again", "neutral", "retry"] as const;
export type PromptName = (typeof PROMPT_NAMES)[number];

/** A prompt template as it was found. */
export interface PromptFile {
  file: string;
  source: string;
  /** It ships with Errata: editing it means copying it into the workspace first (to `workspaceFile`). */
  builtIn: boolean;
}
export interface PromptPlace {
  /** A model's prompt family: a folder of `prompts/`. */
  family?: string | undefined;
  /** The workspace's folder, whose `.errata/prompts/` goes before ours. */
  workspace?: string | undefined;
}

/** Where a workspace keeps its own version of a prompt. */
export function workspacePrompt(name: PromptName, workspace: string, family?: string): string {
  return join(workspace, ".errata", "prompts", ...folderOf(family), `${name}.jinja`);
}

/** The workspace's prompt before ours, the family's before the general one. Throws "no-prompt", "bad-family". */
export async function findPrompt(name: PromptName, place: PromptPlace = {}): Promise<PromptFile> {
  const families = place.family === undefined ? [undefined] : [place.family, undefined];
  const tried: { file: string; builtIn: boolean }[] = [];
  for (const family of place.workspace === undefined ? [] : families)
    tried.push({ file: workspacePrompt(name, place.workspace ?? "", family), builtIn: false });
  for (const family of families)
    tried.push({ file: join(assetFile("prompts"), ...folderOf(family), `${name}.jinja`), builtIn: true });
  for (const { file, builtIn } of tried) {
    try {
      return { file, source: await readFile(file, "utf8"), builtIn };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw new ErrataError(
        `The prompt ${file} cannot be read: ${(error as Error).message}`,
        undefined,
        "no-prompt",
      );
    }
  }
  throw new ErrataError(
    `There is no prompt "${name}"`,
    `Looked for ${tried.map((t) => t.file).join(", ")}.`,
    "no-prompt",
  );
}

/** A family's name comes from a model's own files: it must not lead out of the prompts' folder. */
function folderOf(family: string | undefined): string[] {
  if (family === undefined) return [];
  if (/^\w[\w.-]*$/.test(family)) return [family];
  throw new ErrataError(
    `"${family}" is no name for a prompt family`,
    "Use letters, digits, dots, dashes and underscores.",
    "bad-family",
  );
}

interface Piece {
  role: ChatMessage["role"];
  text: string;
  /** 1-based line of the template's source at which the piece starts. */
  line: number;
}
const ROLE = /^\{# (system|user|assistant) #\}$/;

/** The source at its role lines; without one it is a user's message. */
function split(source: string): Piece[] {
  const pieces: Piece[] = [];
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  let current: Piece = { role: "user", text: "", line: 1 };
  lines.forEach((line, i) => {
    const role = ROLE.exec(line)?.[1] as ChatMessage["role"] | undefined;
    if (role) {
      // Only comments and blank lines before the first role: no message.
      const nothing = current.line === 1 && current.text.replace(/\{#.*?#\}/gs, "").trim() === "";
      if (!nothing) pieces.push(current);
      current = { role, text: "", line: i + 2 };
    } else current.text += `${line}\n`;
  });
  return [...pieces, current];
}

/**
 * Renders a template's messages. The SOURCE is split at lines that are exactly `{# system #}`, `{# user #}` or
 * `{# assistant #}`, and each piece is rendered on its own, so no value can start a message or be read as a template.
 * Messages are trimmed; an empty system message is left out. The last is the user's, or, where the prompt `goesOn`,
 * the beginning of the model's answer.
 *
 * @throws ErrataError "bad-prompt" with file and line
 */
export function renderPrompt(
  prompt: Pick<PromptFile, "source" | "file">,
  variables: Record<string, string>,
  goesOn = false,
): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const piece of split(prompt.source)) {
    const content = render(piece, prompt.file, variables).trim();
    if (content !== "" || piece.role !== "system") messages.push({ role: piece.role, content });
  }
  const last = messages.at(-1);
  const right = last?.role === "user" || (goesOn && last?.role === "assistant");
  if (!right || last.content === "")
    throw badPrompt(prompt.file, 1, "the last message must be the user's, and not empty");
  return messages;
}

function render(piece: Piece, file: string, variables: Record<string, string>): string {
  let template: Template;
  try {
    template = new Template(piece.text);
  } catch (error) {
    throw badPrompt(file, piece.line + firstBadLine(piece.text), (error as Error).message);
  }
  const unknown = unknownVariable(template, new Set(Object.keys(variables)));
  if (unknown !== undefined) {
    const at = piece.text.split("\n").findIndex((line) => new RegExp(`\\b${unknown}\\b`).test(line));
    const known = Object.keys(variables).join(", ");
    throw badPrompt(
      file,
      piece.line + Math.max(at, 0),
      `there is no variable "${unknown}"; there are ${known}`,
    );
  }
  try {
    return template.render(variables);
  } catch (error) {
    throw badPrompt(file, piece.line, (error as Error).message);
  }
}

function badPrompt(file: string, line: number, what: string): ErrataError {
  return new ErrataError(
    `${file}:${line}: ${what}`,
    "Correct the prompt template; its preview shows what becomes of it.",
    "bad-prompt",
  );
}

/** The parser names no line: 0-based, the one after the longest beginning that can be parsed. */
function firstBadLine(text: string): number {
  const lines = text.split("\n");
  for (let n = lines.length; n > 0; n--) {
    try {
      new Template(lines.slice(0, n).join("\n"));
      return n;
    } catch {
      // Shorter, then.
    }
  }
  return 0;
}

/** Jinja renders a misspelt variable as nothing: find it instead. */
function unknownVariable(template: Template, known: Set<string>): string | undefined {
  const names: string[] = [];
  const own = new Set([
    ...known,
    "loop",
    "namespace",
    "range",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
  ]);
  const visit = (node: unknown, defines: boolean): void => {
    if (Array.isArray(node)) for (const child of node) visit(child, defines);
    if (typeof node !== "object" || node === null || Array.isArray(node)) return;
    const { type, value, computed } = node as { type?: string; value?: unknown; computed?: boolean };
    if (type === "Identifier" && typeof value === "string") {
      if (defines) own.add(value);
      else names.push(value);
      return;
    }
    for (const [key, child] of Object.entries(node)) {
      // Names of filters, tests, attributes and keyword arguments are no variables.
      if (key === "filter" || (key === "test" && type === "TestExpression") || key === "key") continue;
      if (key === "property" && computed === false) continue;
      visit(child, key === "loopvar" || key === "assignee" || (type === "Macro" && key !== "body"));
    }
  };
  visit(template.parsed, false);
  return names.find((name) => !own.has(name));
}

/** What a reasoning model said after its thinking; empty when it never stopped thinking. */
export function stripThinking(text: string): string {
  const end = text.lastIndexOf("</think>");
  const said = end < 0 ? text : text.slice(end + "</think>".length);
  const unclosed = said.indexOf("<think>");
  return (unclosed < 0 ? said : said.slice(0, unclosed)).trim();
}
