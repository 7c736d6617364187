import type { Page } from "playwright-core";
import { difference, tokens } from "../../src/protocol/diff.js";
import { servePage } from "../unit/page.fixture.js";
import { item, solution, state } from "../unit/review.fixture.js";
import type { Measured } from "./pages/measured.js";

/** What a key may take, in milliseconds: one frame of 60 a second. */
const LIMIT = 16;
const KEYS = 150;
/** Between two keys, in milliseconds: a key that is held down repeats this fast. */
const GAP = 33;
const TOKENS = 2000;

/**
 * From a key in the correction editor to the frame that shows it, at 2,000 tokens, in the page as built: while the
 * preview stands beside the source, and while the differences do. The peer typesets and compares all of it at each
 * key. The browser draws when it is ready and does not wait for a screen, so that waiting for the next refresh (up to
 * 16.7 ms at 60 a second, whatever is done) is not measured. Milliseconds, of one browser on this machine.
 */
export async function bench() {
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = {
    "tokens of the draft": tokens(DRAFT).filter((t) => t.trim()).length,
  };
  figures["words that differ from the failed solution"] = difference(FAILED, DRAFT).added;
  const naive = await ofPage("test/bench/pages/naive-editor.ts", openNaive);
  figures["everything typeset and compared again at each key"] = naive;
  for (const [where, open] of Object.entries({ preview: openPreview, differences: openDifferences })) {
    const ours = await ofPage("test/bench/pages/editor.ts", open);
    ratios[`${LIMIT} ms a key/typing, ${where}`] = LIMIT / ours["95th percentile"];
    ratios[`typing, ${where}/everything again at each key`] =
      naive["95th percentile"] / ours["95th percentile"];
    figures[`typing, ${where}`] = ours;
  }
  return { ratios, figures };
}

async function ofPage(entry: string, open: (page: Page) => Promise<void>) {
  const unlimited = ["--disable-frame-rate-limit", "--disable-gpu-vsync"];
  const { page, address, close } = await servePage("review", { width: 1280, height: 800 }, entry, unlimited);
  try {
    await page.goto(address);
    await open(page);
    await page.evaluate((at) => {
      const field = document.querySelector(".field")?.shadowRoot?.querySelector("textarea");
      field?.focus();
      field?.setSelectionRange(at, at);
    }, MIDDLE);
    await type(page, 20);
    const metrics = await page.context().newCDPSession(page);
    await metrics.send("Performance.enable");
    const busy = async (): Promise<number> => {
      const { metrics: all } = await metrics.send("Performance.getMetrics");
      return 1000 * (all.find(({ name }) => name === "TaskDuration")?.value ?? 0);
    };
    const before = { ...(await measured(page)), busy: await busy() };
    await type(page, KEYS);
    const after = { ...(await measured(page)), busy: await busy() };
    const keys = after.keys.slice(before.keys.length).sort((a, b) => a - b);
    if (keys.length !== KEYS) throw new Error(`${keys.length} keys of ${KEYS} were seen`);
    const at = (share: number): number => round(keys[Math.ceil(share * keys.length) - 1] ?? Number.NaN);
    const worked = after.busy - before.busy;
    return {
      median: at(0.5),
      "95th percentile": at(0.95),
      slowest: at(1),
      "work per key": round(worked / KEYS),
      "share of it in KaTeX": round((after.katex - before.katex) / worked),
    };
  } finally {
    await close();
  }
}

const round = (value: number): number => Math.round(100 * value) / 100;

const measured = (page: Page): Promise<Measured> => page.evaluate("measured") as Promise<Measured>;

/** Letters, digits and operators inside a formula, each seen before the next. */
async function type(page: Page, keys: number): Promise<void> {
  for (let i = 0; i < keys; i++) {
    await page.keyboard.press("1+x2-y3"[i % 7] ?? "z");
    await page.waitForTimeout(GAP);
  }
  await page.waitForTimeout(1000);
}

async function openPreview(page: Page): Promise<void> {
  const reflection = {
    ...{ id: 1, modelId: "base", text: "", parsed: true, analysis: "Line 1.", count: 1, fixed: 1 },
    ...{ corrected: solution(DRAFT), verdict: "correct" as const, reason: "" },
  };
  const shown = state(item({ solution: solution(FAILED), reflection }));
  await page.evaluate((m) => window.postMessage(m, "*"), { type: "state", state: shown });
  await page.waitForSelector(".problem");
  await page.locator("main").focus();
  await page.keyboard.press("e");
  await page.waitForSelector(".dock .preview .katex");
}

async function openDifferences(page: Page): Promise<void> {
  await openPreview(page);
  await page.locator(".dock .switch button:has-text('failed')").click();
  await page.waitForSelector(".difference ins");
}

async function openNaive(page: Page): Promise<void> {
  await page.waitForFunction(() => "showNaive" in globalThis);
  await page.evaluate(([text, base]) => Reflect.get(globalThis, "showNaive")(text, base), [
    DRAFT,
    FAILED,
  ] as const);
}

/** Lines of algebra, no two alike; every seventh of the failed solution has a sign wrong. */
function algebra(wrong: boolean): string {
  const lines: string[] = [];
  for (let i = 1; lines.join("\n").length < TOKENS * 2.1; i++) {
    const sign = wrong && i % 7 === 0 ? "-" : "+";
    lines.push(
      i % 3 === 0
        ? `$$\\frac{${i}x ${sign} ${i + 1}}{${i + 2}} = \\sqrt{${i * i}} \\cdot \\left(x - ${i}\\right)$$`
        : `Step ${i}: we get $${i}x ${sign} ${3 * i} = \\frac{${i}}{2}x$, so $x = ${i + 7}$.`,
    );
  }
  return [...lines, `\\boxed{${wrong ? 13 : 10}}`].join("\n");
}
const DRAFT = algebra(false);
const FAILED = algebra(true);
/** Inside a formula, half way down. */
const MIDDLE = DRAFT.indexOf("x =", DRAFT.length >> 1);
