import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { openPool } from "../../src/pool/pool.js";
import { Editor, until } from "../e2e/driver.js";
import { vsixOf } from "./beside/vsix.js";

const ITEMS = 120;
const KEYS = 100;
const STEPS = 60;
/** Between two keys a person looks at 2,000 tokens; what is prepared for the next key is prepared meanwhile. */
const READING_MS = 1_000;
/** What the issue of the review asks for, in milliseconds. */
const LIMIT = { next: 50, first: 400 };

/** The first opening of a window loads what the others find loaded: it is told apart. */
const OPENINGS = 6;

/**
 * Reviewing in a real VS Code, solutions of about 2,000 tokens: from the key `j` to the next item painted (95th
 * percentile), and from the command to the first item painted; beside it the same for a panel of another extension that
 * holds one line of text, in turns. Typing, tree and typesetting have their peers in benchmarks of their own.
 */
export async function bench() {
  const workspace = mkdtempSync(join(tmpdir(), "errata-bench-review-"));
  const packaged = spawnSync(process.execPath, ["scripts/package.mjs"], { encoding: "utf8" });
  if (packaged.status !== 0) throw new Error(packaged.stderr);
  await fill(workspace);
  const commands = [{ command: "errataBench.open", title: "Bench: Open an Empty Panel" }];
  const editor = await Editor.open({
    ...{ workspace, settings: { "errata.annotator": "bench" } },
    beside: [await vsixOf("empty", workspace, { contributes: { commands } })],
  });
  try {
    const [first, empty]: [number[], number[]] = [[], []];
    for (let i = 0; i < OPENINGS; i++) {
      empty.push(await opened(editor, "Bench: Open an Empty Panel", "p.empty"));
      first.push(await opened(editor, "Errata: Open Review", "errata-review .solution .katex"));
    }
    const next = await keys(editor);
    const p95 = percentile(next, 0.95);
    const [ours, theirs] = [first, empty].map((all) => percentile(all.slice(1), 0.5)) as [number, number];
    return {
      ratios: {
        "next item: limit/p95": LIMIT.next / p95,
        "first item: limit/median": LIMIT.first / ours,
        "first item: an empty panel's time/ours": theirs / ours,
      },
      figures: {
        "next item, ms": { median: percentile(next, 0.5), p95, keys: next.length },
        "first item, ms": { median: ours, first: first[0], openings: first.slice(1).map(Math.round) },
        "an empty panel, ms": { median: theirs, first: empty[0], openings: empty.slice(1).map(Math.round) },
      },
    };
  } finally {
    await editor.close();
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** About 2,000 tokens: lines of words and of formulas, no two items with the same formulas. */
function solution(seed: number): string {
  return Array.from({ length: STEPS }, (_, i) => {
    const [a, b, c] = [seed * 7 + i, seed + 3 * i + 1, 2 * i + 5];
    return i % 3 === 0
      ? `Step ${i}: we add $${a}x + \\frac{${b}}{${c}}$ to both sides and keep the sign of $x_{${i}}^2$.`
      : `$$\\frac{${a}x^2 + ${b}}{${c}(x - ${i + 1})} = \\sqrt{${b}x + ${a}} - ${c} \\cdot \\left(x + ${i}\\right)$$`;
  }).join("\n");
}

async function fill(workspace: string): Promise<void> {
  const pool = await openPool(workspace);
  const problems = Array.from({ length: ITEMS / 4 }, (_, i) => ({
    id: `p${i}`,
    problem: `Solve $${i + 2}x + 1 = \\frac{${i}}{3}$.`,
    gold: "1",
  }));
  const rows = await pool.putProblems("bench", problems);
  const options = { temperature: 1, topP: 1, topK: 0, maxTokens: 4096, seed: 1 };
  const spec = {
    modelId: "base",
    modelHash: "1",
    purpose: "sample" as const,
    group: 8,
    options,
    prompt: "p",
  };
  const { groups } = await pool.openSampling(spec, rows);
  const text = (seed: number) => ({
    text: solution(seed),
    tokenIds: [1],
    logprobs: [-1],
    finish: "stop" as const,
  });
  for (const [i, { groupId }] of groups.entries()) {
    const ids = await pool.putAttempts(
      Array.from({ length: 8 }, (_, sample) => ({
        groupId,
        sample,
        generation: text(8 * i + sample),
        grade: {
          verdict: sample < 4 ? ("incorrect" as const) : ("correct" as const),
          answer: String(sample),
          span: null,
          reason: "compared as numbers",
        },
      })),
    );
    await pool.putReflections(
      ids.slice(0, 4).map((attemptId, k) => ({
        ...{ attemptId, modelId: "base", sample: 0, parsed: true, generation: text(1000 + 8 * i + k) },
        analysis: "The sign of $x$ is lost in step 3.",
        correctedSolution: solution(2000 + 8 * i + k)
          .split("\n")
          .slice(0, 20)
          .join("\n"),
        grade: { verdict: "correct" as const, answer: "1", span: null, reason: "compared as numbers" },
      })),
    );
  }
  await pool.close();
}

/**
 * From Enter on the command in the palette to its panel painted, with what `selector` finds in it: the browser's own
 * "largest contentful paint".
 */
async function opened(editor: Editor, command: string, selector: string): Promise<number> {
  await editor.command("View: Close All Editors");
  await editor.page.evaluate(() => {
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Enter")
          (window as unknown as { pressed: number }).pressed = performance.timeOrigin + performance.now();
      },
      true,
    );
  });
  await editor.command(command);
  const frame = await editor.webview(selector);
  await editor.page.waitForTimeout(1_000);
  const painted = await frame.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const observer = new PerformanceObserver((list) => {
          const last = list.getEntries().at(-1);
          if (last) resolve(performance.timeOrigin + last.startTime);
        });
        observer.observe({ type: "largest-contentful-paint", buffered: true });
      }),
  );
  return painted - (await editor.page.evaluate(() => (window as unknown as { pressed: number }).pressed));
}

/** From each `j` to the frame after the one in which the next item is shown. */
async function keys(editor: Editor): Promise<number[]> {
  const frame = await editor.webview("errata-review .problem");
  await frame.locator(".problem").click();
  await editor.page.waitForTimeout(500);
  await record(frame, ".solution .step", "j");
  for (let i = 0; i < KEYS; i++) {
    await editor.page.keyboard.press("j");
    await until("the next item", async () => ((await times(frame)).length > i ? true : null), 10_000);
    await editor.page.waitForTimeout(READING_MS);
  }
  return times(frame);
}

const times = (frame: Frame): Promise<number[]> =>
  frame.evaluate(() => (window as unknown as { times: number[] }).times);

/** Notes in the frame how long it takes from a key to the next change of what `selector` finds, painted. */
async function record(frame: Frame, selector: string, key: string): Promise<void> {
  await frame.evaluate(
    ([where, wanted]) => {
      const seen = window as unknown as { times: number[] };
      seen.times = [];
      let pressed: number | null = null;
      window.addEventListener(
        "keydown",
        (event) => {
          if (event.key === wanted) pressed = event.timeStamp;
        },
        true,
      );
      let last = document.querySelector(where)?.textContent;
      new MutationObserver(() => {
        const now = document.querySelector(where)?.textContent;
        if (now === last || pressed === null) return;
        last = now;
        const from = pressed;
        pressed = null;
        requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => seen.times.push(performance.now() - from);
          channel.port2.postMessage(null);
        });
      }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    },
    [selector, key] as const,
  );
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
