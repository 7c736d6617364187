/** What a run would do, before it starts: the Run Preview panel, `errata run --dry-run` and the trainer speak this. */
import type { Stage } from "./events.js";
import type { RunData } from "./run-data.js";

/** One line of what a recipe comes to. */
export interface PreviewFact {
  label: string;
  value: string;
  /** How it learns, or with what and where. */
  about: "learning" | "place";
}

export interface RunOutline {
  /** The recipe's file. */
  file: string;
  name: string;
  method: string;
  /** What the method does, in a sentence. */
  sentence: string;
  model: string;
  problems: { file: string; count: number; issues: string | null };
  facts: PreviewFact[];
  data: RunData;
  /** What should be looked at before it is started. */
  warnings: string[];
}

/** What a token is part of: the prompt, a turn of the model, or what the model is told between its turns. */
export type TokenKind =
  | "prompt"
  | "told"
  | "solution"
  | "verification"
  | "reflection"
  | "chosen"
  | "rejected";

export interface MaskToken {
  id: number;
  /** What the token writes; empty for a part of a character, which stands at its last token. */
  text: string;
  /** Of a token that is a part of a character: its bytes, in hexadecimal. */
  bytes?: string;
  kind: TokenKind;
}

/** One letter a token: told to the model, nothing, the reward, the KL alone, the reward and the KL. */
export const TOKEN_CLASSES = { t: "told", n: "nothing", r: "reward", k: "kl", b: "both" } as const;
export type TokenClass = keyof typeof TOKEN_CLASSES;

export interface MaskCase {
  /** Were every verdict this one; `any`: whatever it is. */
  when: "correct" | "incorrect" | "any";
  /** One letter of `TOKEN_CLASSES` for each token. */
  classes: string;
}

/** One episode of an item: what a step of this stage would learn from. */
export interface MaskPart {
  stage: Stage;
  /** Where its text comes from: `attempts` is put together of several; `missing`: there is none, only the prompt. */
  made: "attempt" | "reflection" | "attempts" | "trajectory" | "gold" | "missing";
  tokens: MaskToken[];
  /** None where there is no text. */
  cases: MaskCase[];
}

export interface MaskItem {
  type: "item";
  /** Id in the pool; null for what is no attempt (the problem set's own solution). */
  attempt: number | null;
  problem: string;
  verdict: string;
  /** The run takes it from the pool; false of what only stands for what the run will sample. */
  used?: boolean;
  parts: MaskPart[];
}

/** Do prompts and completions fit? In tokens. */
export interface ContextFit {
  /** The longest prompt. */
  prompt: number;
  /** `max_completion_length`. */
  completion: number;
  /** What the model can hold; null where it does not say. */
  context: number | null;
  /** Turns of the model in one sequence, at most. */
  turns: number;
}

/** Is the longest episode longer than the model's context? */
export function tooLong({ prompt, completion, context, turns }: ContextFit): boolean {
  return context !== null && prompt + turns * completion > context;
}

export function contextWords(fit: ContextFit): string {
  const { prompt, completion, context, turns } = fit;
  const said = turns === 1 ? `${completion} new` : `${turns} turns of ${completion}`;
  const sum = `longest prompt ${prompt} + ${said} = ${prompt + turns * completion} tokens`;
  if (context === null) return `${sum}; the model does not say how many it can hold`;
  if (!tooLong(fit)) return `${sum} of the model's ${context}`;
  const then = turns === 1 ? "the longest are cut short or left out" : "episodes end where there is no room";
  return `${sum} at most, and the model holds ${context}: ${then}`;
}

/** A line of the trainer's answer. */
export type MaskLine =
  | ({ type: "head"; method: string; items: number } & ContextFit)
  | MaskItem
  | { type: "error"; message: string };

export interface MaskPreview {
  fit: ContextFit;
  items: MaskItem[];
}

/** Why there is no preview, and what to do. */
export interface MaskTrouble {
  message: string;
  hint: string | null;
  /** Commands that mend it, as buttons. */
  mends: { title: string; command: string }[];
}

/** Which attempts are shown: the first that the run would use, or those selected in the Error Pool. */
export type MaskSource = "run" | "tree";

/** How many tokens of the model get what; `said` are those that it generated. */
export interface MaskCounts {
  said: number;
  reward: number;
  klAlone: number;
  nothing: number;
}

export function countMask(classes: string): MaskCounts {
  const of = (letters: string) => [...classes].filter((letter) => letters.includes(letter)).length;
  return { said: of("nrkb"), reward: of("rb"), klAlone: of("k"), nothing: of("n") };
}

/** What is said of a part before its tokens: where its text is from. */
export const MADE_WORDS: Readonly<Record<MaskPart["made"], string>> = {
  attempt: "A stored attempt, as the run would sample one.",
  reflection: "The newest stored reflection on this error, as the run would sample one.",
  attempts: "Put together of stored attempts at this problem: the run samples its own.",
  trajectory:
    "Put together of stored attempts at this problem, verifications shown by their verdict alone: the model writes them during the run.",
  gold: "The problem set's own solution.",
  missing:
    "No text is stored for this: below is the prompt alone. Reflect on the attempt to see what a reflection receives.",
};

/** What a case's tokens get, in a sentence. */
export function maskSentence(
  part: Pick<MaskPart, "stage"> & Partial<Pick<MaskPart, "tokens">>,
  { when, classes }: MaskCase,
): string {
  const { said, reward, klAlone } = countMask(classes);
  const learned = part.stage === "supervised" || part.stage === "preference";
  if (learned) {
    const last = part.tokens?.at(-1)?.kind;
    const become = last === "rejected" ? "become less likely" : "become likelier";
    return `${reward} of ${said} tokens learn: they ${become}.`;
  }
  const way =
    when === "correct"
      ? "become likelier"
      : when === "incorrect"
        ? "become less likely"
        : "become likelier where the verdict is above its group's mean, else less likely";
  const rewarded =
    reward === 0 ? "no token gets the reward" : `${reward} of ${said} tokens get the reward: they ${way}`;
  const held =
    klAlone > 0 ? `; ${klAlone} ${klAlone === 1 ? "is" : "are"} only held to the base model (KL)` : "";
  const text = `${rewarded}${held}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Between the panel and its host. */
export type PreviewToView =
  | { type: "outline"; outline: RunOutline }
  /** The recipe cannot be run. */
  | { type: "refused"; trouble: MaskTrouble; file: string }
  | { type: "masks"; masks: MaskPreview; source: MaskSource }
  | { type: "trouble"; trouble: MaskTrouble; source: MaskSource };
export type PreviewFromView =
  | { type: "ready" }
  | { type: "start" }
  | { type: "recipe" }
  | { type: "again" }
  /** Opens the item in Review. */
  | { type: "open"; attempt: number }
  | { type: "from"; source: MaskSource }
  /** One of a trouble's. */
  | { type: "mend"; command: string };

/** What a panel keeps in `setState`. */
export interface PreviewMemory {
  file: string;
  item: number;
  part: number;
  when: MaskCase["when"];
}
