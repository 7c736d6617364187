import { Editor, until } from "../e2e/driver.js";

/**
 * Activation time of the extension in a real VS Code, as its own page "Running Extensions" gives it, beside a
 * built-in extension that activates in the same window (Git). Milliseconds.
 */
export async function bench() {
  const times = { errata: [] as number[], git: [] as number[] };
  for (let i = 0; i < 3; i++) {
    const editor = await Editor.open();
    try {
      await editor.openSidebar();
      await editor.command("Developer: Show Running Extensions");
      const read = (name: RegExp) =>
        until(`activation time of ${name}`, async () => {
          const row = editor.page.locator(".monaco-list-row", { hasText: name }).first();
          const found = /Activation: (\d+)\s*ms/.exec((await row.textContent()) ?? "");
          return found ? { ms: Number(found[1]) } : null;
        });
      times.errata.push((await read(/^Errata.*Activation/)).ms);
      times.git.push((await read(/^Git\d.*Activation/)).ms);
    } finally {
      await editor.close();
    }
  }
  const median = (values: number[]) =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return {
    ratios: { "activation/git": median(times.git) / Math.max(1, median(times.errata)) },
    figures: { "activation, ms": { errata: times.errata, git: times.git } },
  };
}
