import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assetFile } from "../../src/protocol/paths.js";
import { KEYS, keyName, nameOf } from "../../webview/review/keys.js";

interface Binding {
  command: string;
  key: string;
}
const { contributes } = JSON.parse(readFileSync(assetFile("package.json"), "utf8"));
const bound: string[] = contributes.keybindings.map(({ command, key }: Binding) => `${key} ${command}`);

/** "j errata.review.next" for every key of the help that is an action's; a lone action may have several keys. */
const listed = KEYS.flatMap(({ rows }) =>
  rows.flatMap(({ actions, keys }) =>
    actions.length === 0
      ? []
      : keys.map((key, i) => `${key} errata.review.${actions.length === 1 ? actions[0] : actions[i]}`),
  ),
);

describe("the help's table of keys", () => {
  it("holds every default key of a review command, and no other", () => {
    expect(bound.length).toBeGreaterThan(30);
    expect(listed.toSorted()).toEqual(bound.toSorted());
  });

  it("has one key for each action of a row with several", () => {
    for (const { rows } of KEYS) {
      for (const { actions, keys } of rows) if (actions.length > 1) expect(keys.length).toBe(actions.length);
    }
  });

  it("writes keys as a keyboard does", () => {
    expect(["j", "down", "shift+/", "shift+e"].map(keyName)).toEqual(["j", "↓", "?", "⇧ E"]);
    expect(keyName("ctrl+enter")).toMatch(/^(Ctrl|⌘) ⏎$/);
    expect(nameOf("undo")).toBe("Backspace");
    expect(nameOf("reflect")).toBe("");
  });
});
