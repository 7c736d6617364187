import { servePage } from "../unit/page.fixture.js";
import type { Painted, Way } from "./pages/typeset.js";

const ROUNDS = 9;
const LONG_ROUNDS = 3;
/** Tokens of one line, by the rule of thumb of four characters a token. */
const LINE_TOKENS = 25;

/** Each line with a formula of its own, as in a solution of competition mathematics; `seed` makes all of them new. */
function solution(tokens: number, seed: number): string {
  return Array.from({ length: Math.round(tokens / LINE_TOKENS) }, (_, i) => {
    const n = seed * 10_000 + i;
    const forms = [
      `so that $x_{${n}} = \\frac{${n}}{7} + \\sqrt{${n + 3}}$, as was to be shown before,`,
      `and with $\\left(a + ${n}\\right)^2 = a^2 + ${2 * n}a + ${n * n}$ both sides agree`,
      `whence $\\sum_{k=1}^{${n}} k = \\frac{${n}\\cdot ${n + 1}}{2}$ by induction on it`,
      `therefore $${n} - 3y \\le ${n + 5}$ holds, which leaves only $y = ${n % 17}$ to look at`,
    ];
    return forms[i % forms.length];
  }).join("\n");
}

/**
 * From a solution's text to its paint, in the page as built: by our steps (cut, near the screen, in slices, cached)
 * and plainly (every formula typeset as the text is put there), in one browser, in turn. The browser does not wait for
 * a screen. Milliseconds, medians.
 */
export async function bench() {
  const unlimited = ["--disable-frame-rate-limit", "--disable-gpu-vsync"];
  const viewport = { width: 1280, height: 800 };
  const { page, address, close } = await servePage(
    "review",
    viewport,
    "test/bench/pages/typeset.ts",
    unlimited,
  );
  try {
    await page.goto(address);
    let seed = 0;
    const paint = (way: Way, text: string): Promise<Painted> =>
      page.evaluate(([w, t]) => painted(w as Way, t as string), [way, text] as const);
    const measure = async (tokens: number, rounds: number, ways: readonly Way[]) => {
      const all: Record<string, Painted[]> = {};
      for (let round = -1; round < rounds; round++) {
        for (const way of ways) {
          const one = await paint(way, solution(tokens, ++seed));
          // The first of each is to warm the browser's own caches.
          if (round >= 0) all[way] = [...(all[way] ?? []), one];
        }
      }
      return Object.fromEntries(Object.entries(all).map(([way, list]) => [way, summary(list)]));
    };
    const item = await measure(2000, ROUNDS, ["plain", "ours", "ahead"]);
    const long = await measure(30_000, LONG_ROUNDS, ["plain", "ours"]);
    await paint("ours", solution(30_000, ++seed));
    const frames = (await page.evaluate(() => scrolled())).sort((a, b) => a - b);
    const at = (share: number): number => round(frames[Math.ceil(share * frames.length) - 1] ?? Number.NaN);
    const [plain, ours, ahead] = [item.plain, item.ours, item.ahead];
    const [longPlain, longOurs] = [long.plain, long.ours];
    if (!plain || !ours || !ahead || !longPlain || !longOurs) throw new Error("a way was not measured");
    return {
      ratios: {
        "typeset 2,000 tokens, first seen/everything at once": plain.paint / ours.paint,
        "typeset 2,000 tokens, prefetched/everything at once": plain.paint / ahead.paint,
        "typeset 30,000 tokens/everything at once": longPlain.paint / longOurs.paint,
      },
      figures: {
        "2,000 tokens, everything at once": plain,
        "2,000 tokens, first seen": ours,
        "2,000 tokens, prefetched": ahead,
        "30,000 tokens, everything at once": longPlain,
        "30,000 tokens, first seen": longOurs,
        "30,000 tokens, frames while scrolling 60,000 pixels, ms": {
          median: at(0.5),
          p95: at(0.95),
          slowest: at(1),
        },
      },
    };
  } finally {
    await close();
  }
}

function summary(list: readonly Painted[]) {
  const median = (of: (one: Painted) => number): number =>
    list.map(of).sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
  return {
    paint: round(median(({ ms }) => ms)),
    "of it in KaTeX": round(median(({ ms, katex }) => katex / ms)),
    "formulas typeset at the paint": median(({ typeset }) => typeset),
    "when all is done": median(({ later }) => later),
  };
}

const round = (value: number): number => Math.round(100 * value) / 100;
