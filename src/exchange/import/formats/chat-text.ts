/** What was asked and what was answered, in the chats of training and serving logs. */

/** Where the text of one turn begins, in the chat templates that people use; its end is the next mark of any kind. */
const USER_MARKS: readonly RegExp[] = [
  /<\|im_start\|>user\s*\n/g, // ChatML: Qwen, and many more
  /<\|start_header_id\|>user<\|end_header_id\|>\s*/g, // Llama 3
  /<\|start\|>user<\|message\|>/g, // gpt-oss
  /<start_of_turn>user\s*\n/g, // Gemma
  /<\|user\|>\s*/g, // Phi, Zephyr, GLM
  /<｜User｜>/g, // DeepSeek
  /\[INST\]\s*/g, // Mistral, Llama 2
  /^### (?:Instruction|Human|User|Question):[ \t]*\n?/gm, // Alpaca, Vicuna
];
const TURN_END =
  /<\|im_end\|>|<\|eot_id\|>|<\|end\|>|<end_of_turn>|<\/s>|<\|assistant\|>|<｜Assistant｜>|\[\/INST\]|^### (?:Response|Assistant|Answer|Solution):|<\|im_start\|>|<\|start_header_id\|>|<\|start\|>|<\|endoftext\|>/m;
/** Llama 2 puts the system's words at the head of the first turn. */
const LLAMA_SYSTEM = /^<<SYS>>[\s\S]*?<<\/SYS>>\s*/;

const STRIPPED_USER = /(?:^|\n)user[ \t]*\n/g;
/** Llama 3 without its special tokens: a role stands right behind the text before it, and two line ends follow. */
const GLUED_USER = /user\n\n/g;
/** "User: … Assistant:", as base models are asked; a few words of the answer may stand there already. */
const SPOKEN_USER = /(?:^|\s)(?:User|Human):\s/g;
const SPOKEN_ANSWER = /\s(?:Assistant|AI):/g;
const PREFILLED = 200;
const ASKED = /(?:^|\n)(?:Question|Problem|Q):[ \t]*/g;

/**
 * The last user turn of a prompt that a chat template (or a tokenizer's decoding of it, with or without special tokens)
 * made into one text; the whole text where no turn can be told. Trimmed.
 */
export function lastUserTurn(text: string): string {
  return markedTurn(text) || strippedTurn(text) || spokenTurn(text) || text.trim();
}

function markedTurn(text: string): string {
  for (const mark of USER_MARKS) {
    const last = lastMatch(text, mark);
    if (last === undefined) continue;
    const turn = text.slice(last);
    const end = turn.search(TURN_END);
    const said = turn
      .slice(0, end < 0 ? turn.length : end)
      .replace(LLAMA_SYSTEM, "")
      .trim();
    if (said !== "") return said;
  }
  return "";
}

/** The roles alone are left of a template: the text ends in the answer's. */
function strippedTurn(text: string): string {
  const open = beforeThought(text);
  const role = ["assistant", "model"].find((name) => open.endsWith(name));
  if (role === undefined) return "";
  const before = open.slice(0, -role.length);
  const start = lastMatch(before, STRIPPED_USER) ?? lastMatch(before, GLUED_USER);
  return start === undefined ? "" : before.slice(start).trim();
}

function spokenTurn(text: string): string {
  const start = lastMatch(text, SPOKEN_USER);
  const answer = lastMatch(text, SPOKEN_ANSWER);
  if (start !== undefined && answer !== undefined && answer > start && text.length - answer <= PREFILLED) {
    const said = text
      .slice(start, answer)
      .replace(/(?:Assistant|AI):$/, "")
      .trim();
    if (said !== "") return said;
  }
  const open = beforeThought(text);
  const line = open.lastIndexOf("\n");
  if (line < 0 || !/^\s*(?:Answer|Solution|A):$/.test(open.slice(line + 1))) return "";
  const question = lastMatch(open.slice(0, line), ASKED);
  return question === undefined ? "" : open.slice(question, line).trim();
}

/** Without what opens a thought behind it (an empty one, where thinking is switched off). */
function beforeThought(text: string): string {
  let open = text.trimEnd();
  for (const tag of ["</think>", "<think>"]) {
    if (open.endsWith(tag)) open = open.slice(0, -tag.length).trimEnd();
  }
  return open;
}

/** Offset past the last match. */
function lastMatch(text: string, mark: RegExp): number | undefined {
  let end: number | undefined;
  for (const match of text.matchAll(mark)) end = match.index + match[0].length;
  return end;
}

/** Is it a chat: a list of messages with roles? */
export function isChat(value: unknown): value is Record<string, unknown>[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (one) =>
        typeof one === "object" && one !== null && typeof (one as { role?: unknown }).role === "string",
    )
  );
}

/** What a message says: its text, or the texts of its parts. undefined where it holds none, null where there is an image in it. */
export function messageText(message: Readonly<Record<string, unknown>>): string | null | undefined {
  const { content } = message;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts: string[] = [];
  for (const part of content as unknown[]) {
    if (typeof part === "string") texts.push(part);
    else if (typeof part !== "object" || part === null) continue;
    else {
      const { type, text } = part as { type?: unknown; text?: unknown };
      if (typeof text === "string") texts.push(text);
      else if (typeof type === "string" && /image|audio|video|file/.test(type)) return null;
    }
  }
  return texts.length > 0 ? texts.join("\n") : undefined;
}

/** The last user message of a chat, trimmed; null: it shows something that is no text; undefined: there is none. */
export function askedIn(chat: readonly Readonly<Record<string, unknown>>[]): string | null | undefined {
  const message = chat.findLast(({ role }) => role === "user");
  const text = message && messageText(message);
  return typeof text === "string" ? text.trim() || undefined : text;
}

/** What the assistant said in these messages, its reasoning in `<think>` first; "" where it said nothing. */
export function answeredIn(chat: readonly Readonly<Record<string, unknown>>[]): string {
  return chat
    .filter(({ role }) => role === "assistant")
    .map((message) => withThought(message, messageText(message) ?? ""))
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Servers that part a model's thoughts from its answer name them so. */
const THOUGHTS = ["reasoning_content", "reasoning", "thinking"] as const;

/** A text with the thoughts that its message has beside it. */
export function withThought(message: Readonly<Record<string, unknown>>, text: string): string {
  const thought = THOUGHTS.map((name) => message[name]).find(
    (value): value is string => typeof value === "string" && value.trim() !== "",
  );
  return thought === undefined ? text : `<think>\n${thought.trim()}\n</think>\n\n${text}`;
}
