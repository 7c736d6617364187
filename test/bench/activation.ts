import { Editor, until } from "../e2e/driver.js";

/**
 * Activation time of the extension in a real VS Code, as its own page "Running Extensions" gives it, beside a
 * built-in extension that activates in the same window (JSON language features). Milliseconds.
 */
export async function bench() {
  const times = { errata: [] as number[], json: [] as number[] };
  for (let i = 0; i < 3; i++) {
    const editor = await Editor.open();
    try {
      await editor.openSidebar();
      await editor.command("Preferences: Open User Settings (JSON)");
      await editor.command("Developer: Show Running Extensions");
      const read = (name: RegExp) =>
        until(`activation time of ${name}`, async () => {
          const row = editor.page
            .locator(".runtime-extensions-editor .monaco-list-row", { hasText: name })
            .first();
          const found = /Activation: (\d+)\s*ms/.exec((await row.textContent()) ?? "");
          return found ? { ms: Number(found[1]) } : null;
        });
      times.errata.push((await read(/errata/i)).ms);
      times.json.push((await read(/JSON Language Features|json-language-features/i)).ms);
    } finally {
      await editor.close();
    }
  }
  const median = (values: number[]) =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return {
    ratios: { "activation/json-language-features": median(times.json) / Math.max(1, median(times.errata)) },
    figures: { "activation, ms": { errata: times.errata, jsonLanguageFeatures: times.json } },
  };
}
