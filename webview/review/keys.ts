import type { ReviewAction } from "../../src/protocol/review.js";

/** The key that VS Code's shortcuts are held with. */
export const MOD = /^(Mac|iP)/.test(navigator.platform) ? "⌘" : "Ctrl";

interface Row {
  actions: readonly ReviewAction[];
  /** As VS Code writes them, one an action or several of one action; `ctrl` is `cmd` on a Mac. */
  keys: readonly string[];
  words: string;
}

const row = (actions: readonly ReviewAction[], keys: readonly string[], words: string): Row => ({
  actions,
  keys,
  words,
});

/** The one table of default keys: the help, the footer and the buttons draw from it. */
export const KEYS: readonly { title: string; rows: readonly Row[] }[] = [
  {
    title: "Move",
    rows: [
      row(["next"], ["j"], "next item"),
      row(["previous"], ["k"], "previous item"),
      row(["skip"], ["space"], "skip this item"),
      row(["stepDown", "stepUp"], ["down", "up"], "step cursor"),
      row(["find"], ["ctrl+f"], "find in the solution"),
      row(["filter"], ["/"], "filter the queue"),
      row(["order"], ["o"], "order: stored, random, uncertain"),
      row(["undo"], ["backspace", "ctrl+z"], "undo, across items"),
    ],
  },
  {
    title: "Judge the reflection",
    rows: [
      row(
        ["rate1", "rate2", "rate3", "rate4", "rate5"],
        ["1", "2", "3", "4", "5"],
        "rate on the current axis",
      ),
      row(["axisBefore", "axisAfter"], ["[", "]"], "axis before, after (triage: a rating goes on)"),
      row(["accept"], ["a"], "accept the correction"),
      row(["reject"], ["x"], "reject it"),
      row(["edit"], ["e"], "edit the correction"),
      row(["editInEditor"], ["shift+e"], "edit it in an editor"),
      row(["save"], ["ctrl+enter"], "save and go on"),
      row(["leave"], ["escape"], "leave; the draft is kept"),
    ],
  },
  {
    title: "Judge the attempt",
    rows: [
      row(["firstWrong"], ["w"], "the first wrong step is here"),
      row(["noWrongStep"], ["0"], "no wrong step"),
      row(["errorType"], ["t"], "error type"),
      row(["label"], ["l"], "labels"),
      row(["overruleCorrect"], ["c"], "overrule the grader: correct"),
      row(["overruleIncorrect"], ["i"], "overrule: incorrect"),
      row(["overruleUnscored"], ["u"], "overrule: unscorable"),
      row(["badProblem"], ["b"], "bad problem or wrong gold answer"),
      row(["flag"], ["f"], "flag"),
      row(["note"], ["n"], "note"),
    ],
  },
  {
    title: "View",
    rows: [
      row(["mode"], ["m"], "triage (1–5, a, x, c, i, u go on) or localise"),
      row(["siblings"], ["s"], "other attempts, side by side"),
      row(["raw"], ["r"], "raw or typeset"),
      row(["blind"], ["shift+b"], "blind mode"),
      row(["help"], ["shift+/"], "this table"),
    ],
  },
];

const NAMES: Record<string, string> = {
  down: "↓",
  up: "↑",
  space: "Space",
  backspace: "Backspace",
  escape: "Esc",
  enter: "⏎",
  "shift+/": "?",
};

/** As it is written on a keyboard ("⇧ E"). */
export function keyName(shortcut: string): string {
  const known = NAMES[shortcut];
  if (known) return known;
  const [modifier, rest] = shortcut.split("+");
  if (rest === undefined) return shortcut;
  const name = NAMES[rest] ?? rest.toUpperCase();
  return `${modifier === "shift" ? "⇧" : MOD} ${name}`;
}

const rows = KEYS.flatMap((group) => group.rows);

/** The default key of an action, by name; empty for one that has none. */
export function nameOf(action: ReviewAction): string {
  const at = rows.find((r) => r.actions.includes(action));
  const shortcut = at?.keys[at.actions.indexOf(action)];
  return shortcut === undefined ? "" : keyName(shortcut);
}
