import type { MaskItem, RunOutline } from "../../src/protocol/run-preview.js";

export const outline: RunOutline = {
  file: "/w/story.errata.json",
  name: "story",
  method: "scrpo",
  sentence: "ScRPO samples its problems.",
  model: "Demo base (0.2 M)",
  problems: { file: "/w/train.jsonl", count: 48, issues: null },
  facts: [{ label: "Steps", value: "30: 18 of trial and error", about: "learning" }],
  data: {
    problems: 48,
    sampled: false,
    counts: [{ kind: "errors", used: 57, problems: 21, leftOut: [{ why: "elsewhere", count: 4 }] }],
    reflections: [],
  },
  warnings: ["The errors do not last."],
};
const word = (id: number, text: string, kind: "prompt" | "reflection" | "solution") => ({ id, text, kind });
export const item = (attempt: number): MaskItem => ({
  type: "item",
  attempt,
  problem: "Solve $x+1=2$",
  verdict: "incorrect",
  used: true,
  parts: [
    {
      stage: "correction",
      made: "reflection",
      tokens: [
        word(3, "<q>", "prompt"),
        word(40, "Analysis:", "reflection"),
        word(41, " sign <img src=x onerror='window.pwned=1'>", "reflection"),
        { id: 42, text: "", bytes: "E2 88", kind: "reflection" },
        { id: 43, text: "√", bytes: "9A", kind: "reflection" },
        word(9, "\n", "reflection"),
        word(47, "x=1", "reflection"),
      ],
      cases: [
        { when: "correct", classes: "tbbbbnn" },
        { when: "incorrect", classes: "tkkkknn" },
      ],
    },
    {
      stage: "trial",
      made: "attempt",
      tokens: [word(3, "<q>", "prompt"), word(47, "x=3", "solution")],
      cases: [{ when: "any", classes: "tr" }],
    },
  ],
});
