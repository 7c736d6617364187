import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { Tokenizer } from "@huggingface/tokenizers";
import { type ChatMessage, ErrataError } from "../../protocol/types.js";
import { readModelCard } from "./folder.js";
import { readJson, readJsonIfThere } from "./model-files.js";

type Special = string | { content: string } | null;
interface TokenizerConfig extends Partial<Record<(typeof SPECIAL)[number], Special>> {
  chat_template?: string | { name: string; template: string }[];
  clean_up_tokenization_spaces?: boolean;
}
/** Special tokens that chat templates may write, by their names in tokenizer_config.json. */
const SPECIAL = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token"] as const;

/** A prompt's end with which a template itself begins the thinking. */
const OPENED = /<think>\s*$/;

/**
 * What stands before the first token of an answer and belongs to it: the start tag of a thinking section that the chat
 * template wrote into the prompt. Without it nobody could tell an unfinished thought from an answer.
 */
export function openedByPrompt(prompt: string): string {
  return OPENED.exec(prompt)?.[0] ?? "";
}

/** Tokenizer and chat template of one model folder. */
export class ChatTokenizer {
  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly template: Template,
    private readonly variables: Record<string, unknown>,
    private readonly cleanUp: boolean,
    /** One more than the largest token id. */
    readonly size: number,
  ) {}

  /** Throws ErrataError ("no-tokenizer", "bad-model", "no-chat-template"). */
  static async read(folder: string): Promise<ChatTokenizer> {
    const file = join(folder, "tokenizer.json");
    const json = await readJson(file);
    const config = (await readJson(join(folder, "tokenizer_config.json"))) as TokenizerConfig;
    const source = await templateSource(folder, config);
    const card = await readModelCard(folder);
    try {
      const tokenizer = new Tokenizer(json as object, config);
      let size = 0;
      for (const id of tokenizer.get_vocab(true).values()) size = Math.max(size, id + 1);
      const text = (t: Special | undefined) => (typeof t === "string" ? t : (t?.content ?? ""));
      const variables = {
        ...Object.fromEntries(SPECIAL.map((name) => [name, text(config[name])])),
        ...card.template,
      };
      return new ChatTokenizer(
        tokenizer,
        new Template(source),
        variables,
        config.clean_up_tokenization_spaces ?? false,
        size,
      );
    } catch (error) {
      throw new ErrataError(
        `The tokenizer in ${folder} cannot be used: ${error instanceof Error ? error.message : error}`,
        "Copy tokenizer.json, tokenizer_config.json and the chat template from the original model again.",
        "bad-model",
      );
    }
  }

  /** The text that a chat becomes, up to where the model's answer starts; an assistant's message at its end is gone on with. */
  render(messages: ChatMessage[]): string {
    const last = messages.at(-1);
    const begun = last?.role === "assistant" ? last.content.trim() : undefined;
    try {
      const options = { messages, add_generation_prompt: begun === undefined };
      const text = this.template.render({ ...this.variables, ...options });
      if (begun === undefined) return text;
      const at = text.lastIndexOf(begun);
      if (at < 0) throw new Error("the answer's given beginning is not in it");
      return text.slice(0, at + begun.length);
    } catch (error) {
      throw new ErrataError(
        `The model's chat template refuses these messages: ${error instanceof Error ? error.message : error}`,
        "Some models accept no system message, or want user and assistant in turns: change the prompt.",
        "chat-template",
      );
    }
  }

  /** Special tokens are written by the chat template, never added on top of it. */
  encode(text: string): number[] {
    return this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  decode(ids: number[], skipSpecial = true): string {
    if (ids.length === 0) return "";
    return this.tokenizer.decode(ids, {
      skip_special_tokens: skipSpecial,
      clean_up_tokenization_spaces: this.cleanUp,
    });
  }
}

async function templateSource(folder: string, config: TokenizerConfig): Promise<string> {
  const own = await readFile(join(folder, "chat_template.jinja"), "utf8").catch(() => undefined);
  if (own !== undefined) return own;
  const { chat_template: template } = config;
  const found = Array.isArray(template) ? template.find((t) => t.name === "default")?.template : template;
  if (found !== undefined) return found;
  // Where multimodal processors of older exports keep it.
  const apart = (await readJsonIfThere(join(folder, "chat_template.json"))) as TokenizerConfig | undefined;
  if (typeof apart?.chat_template === "string") return apart.chat_template;
  throw new ErrataError(
    `The model in ${folder} has no chat template`,
    "Add a chat_template.jinja beside tokenizer.json; base models can use a plain one that joins the messages.",
    "no-chat-template",
  );
}

/**
 * Finds stop strings while tokens come in one at a time, decoding a short tail each time instead of the whole text
 * (a token's text can depend on its neighbours, and a character can be spread over several tokens).
 */
export class StopFinder {
  private text = "";
  private readonly ids: number[] = [];
  /** Tokens before `settled` are in `text` for good; decoding starts at `context`, some tokens earlier. */
  private context = 0;
  private settled = 0;
  private readonly longest: number;

  constructor(
    private readonly tokenizer: ChatTokenizer,
    private readonly stops: readonly string[],
  ) {
    this.longest = Math.max(...stops.map((s) => s.length));
  }

  /** True when a stop string is complete with this token. */
  push(token: number): boolean {
    this.ids.push(token);
    const before = this.tokenizer.decode(this.ids.slice(this.context, this.settled));
    const after = this.tokenizer.decode(this.ids.slice(this.context));
    // U+FFFD at the end: half a character, the next token may complete it.
    if (after.length <= before.length || after.endsWith("\ufffd")) return false;
    const from = Math.max(0, this.text.length - this.longest);
    this.text += after.slice(before.length);
    this.context = this.settled;
    this.settled = this.ids.length;
    return this.stops.some((stop) => this.text.indexOf(stop, from) >= 0);
  }
}

/** `text` up to the first of the stop strings. */
export function cutAtStop(text: string, stops: readonly string[]): string {
  let end = text.length;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at >= 0 && at < end) end = at;
  }
  return text.slice(0, end);
}
