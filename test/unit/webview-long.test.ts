import { describe, expect, it } from "vitest";
import type { ReviewItem, StepHint } from "../../src/protocol/review.js";
import { item, solution, state } from "./review.fixture.js";
import { hand, noBrowser, openPage } from "./webview.fixture.js";

const words = "which follows from the line before by adding the same to both sides, so that";
const line = (i: number): string => `${words} $x_{${i}}=\\frac{${i}}{7}$`;
const PATIENT = { timeout: 15_000 };
/** About 30,000 tokens in 1,600 steps. */
const LONG = Array.from({ length: 1600 }, (_, i) => line(i)).join("\n");

describe.skipIf(noBrowser)("long solutions in a browser", () => {
  const open = openPage("review", { width: 1280, height: 720 });
  const page = () => open();

  const show = async (shown: ReviewItem, more = {}): Promise<void> => {
    await hand(page(), { type: "state", state: state(shown, more) });
    await page().waitForSelector(".solution .step");
  };
  const act = (action: string): Promise<void> => hand(page(), { type: "act", action });
  const count = (selector: string): Promise<number> => page().locator(selector).count();
  const settled = (): Promise<void> =>
    page().evaluate(async () => {
      for (let i = 0; i < 12; i++) await new Promise((done) => requestAnimationFrame(done));
    });

  it("draws only the beginning of 1,600 steps at first, the rest after, and typesets what is near", async () => {
    const drawn = await page().evaluate(
      async (m) => {
        window.postMessage(m, "*");
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return { steps: document.querySelectorAll(".solution .step").length };
      },
      { type: "state", state: state(item({ solution: solution(LONG) })) },
    );
    expect(drawn.steps).toBeLessThan(400);
    await expect.poll(() => count(".solution .step"), PATIENT).toBe(1600);
    await expect.poll(() => count(".solution .katex")).toBeGreaterThan(20);
    expect(await count(".solution .katex")).toBeLessThan(300);
    expect(await page().evaluate("violations")).toEqual([]);
  });

  it("goes to step 1,400 and stays there, typeset, while its neighbours get their heights", async () => {
    const long = item({ solution: solution(LONG) });
    await show(long);
    await show(long, { cursor: 1400 });
    const place = () =>
      page().evaluate(() => {
        const box = document.querySelector(".solution .step.cursor")?.getBoundingClientRect();
        return box ? [box.top, box.bottom, innerHeight] : null;
      });
    await page().locator(".step.cursor .katex").waitFor();
    await settled();
    const [top, bottom, height] = (await place()) ?? [];
    expect(top).toBeGreaterThanOrEqual(0);
    expect(bottom).toBeLessThanOrEqual(height ?? 0);
    await page().waitForTimeout(400);
    expect(Math.abs(((await place())?.[0] ?? 0) - (top ?? 0))).toBeLessThan(2);
    expect(await count(".solution .katex")).toBeLessThan(400);
  });

  it("does not move what is read while what lies above is typeset", async () => {
    await show(item({ solution: solution(LONG) }));
    await expect.poll(() => count(".solution .step"), PATIENT).toBe(1600);
    const main = page().locator("main");
    // Upwards, into steps that were never seen.
    await main.evaluate((e) => e.scrollTo(0, e.scrollHeight * 0.6));
    await settled();
    for (let i = 0; i < 6; i++) {
      await main.hover();
      await page().mouse.wheel(0, -500);
      await settled();
      const moved = await page().evaluate(async () => {
        const at = document.elementFromPoint(200, 360)?.closest(".step");
        const before = at?.getBoundingClientRect().top ?? 0;
        for (let f = 0; f < 20; f++) await new Promise((done) => requestAnimationFrame(done));
        return Math.abs((at?.getBoundingClientRect().top ?? 0) - before);
      });
      expect(moved).toBeLessThan(2);
    }
  });

  it("gives back what is far away, and brings it again", async () => {
    await show(item({ solution: solution(LONG) }));
    await expect.poll(() => count(".solution .step"), PATIENT).toBe(1600);
    const main = page().locator("main");
    for (let i = 1; i <= 20; i++) {
      await main.evaluate((e, part) => e.scrollTo(0, e.scrollHeight * part), i / 20);
      await settled();
    }
    expect(await count(".solution .katex")).toBeLessThan(700);
    await main.evaluate((e) => e.scrollTo(0, 0));
    await page().locator(".solution .step").nth(30).locator(".katex").waitFor();
  });

  it.each([
    ["one step of 120 kB", Array.from({ length: 1200 }, (_, i) => line(i)).join(" ")],
    ["a line of 1 MB without a space", "x".repeat(1_000_000)],
    ["a formula of 1 MB", `$${"x+".repeat(500_000)}y$`],
    ["a formula that never closes", `$${"x+".repeat(50_000)}`],
    ["half characters", "\uD83D\uDE00".repeat(100_000)],
  ])("%s is cut into chunks and loses no character", async (_, text) => {
    await show(item({ solution: solution(text) }));
    await expect.poll(() => count(".solution errata-chunk")).toBeGreaterThan(20);
    expect(await count(".solution .step")).toBe(1);
    expect(await count(".solution .katex")).toBeLessThan(400);
    await act("raw");
    await page().waitForSelector("errata-math.raw errata-chunk");
    expect(
      await page().evaluate((t) => document.querySelector(".step errata-math")?.textContent === t, text),
    ).toBe(true);
  });

  it("a frame typesets a part of what came near at once: a key waits for no more than that", async () => {
    await show(item({ solution: solution(LONG) }));
    await expect.poll(() => count(".solution .step"), PATIENT).toBe(1600);
    const frames = await page().evaluate(async () => {
      // The page's own clock, by which a formula takes a millisecond on any machine.
      let now = performance.now();
      performance.now = () => ++now;
      const fresh = (): number => {
        const found = document.querySelectorAll(".solution .katex:not([data-seen])");
        for (const formula of found) formula.setAttribute("data-seen", "");
        return found.length;
      };
      fresh();
      const made: number[] = [];
      // A busy machine tells late what came near: more frames then.
      for (let i = 0, all = 0; i < 60 || (all <= 300 && i < 600); i++) {
        if (i % 6 === 0) document.querySelector("main")?.scrollBy(0, 4000);
        await new Promise((done) => requestAnimationFrame(done));
        made.push(fresh());
        all += made.at(-1) ?? 0;
      }
      return made;
    });
    expect(frames.reduce((a, b) => a + b)).toBeGreaterThan(300);
    // 50 at once, then six milliseconds' worth of each frame.
    expect(Math.max(...frames)).toBeLessThan(60);
  });

  it("copies formulas as their source", async () => {
    await show(item({ solution: solution("so $x=\\frac{1}{2}$ and\n$$y=3$$") }));
    await page().locator(".solution .katex").nth(1).waitFor();
    const copied = await page().evaluate(() => {
      const list = document.querySelector(".solution ol");
      if (list) getSelection()?.selectAllChildren(list);
      const event = new ClipboardEvent("copy", {
        clipboardData: new DataTransfer(),
        bubbles: true,
        cancelable: true,
      });
      document.querySelector(".solution .step")?.dispatchEvent(event);
      return event.clipboardData?.getData("text/plain") ?? "";
    });
    expect(copied).toContain("so $x=\\frac{1}{2}$ and\n");
    expect(copied).toContain("$$y=3$$");
  });

  describe("find", () => {
    const typed = async (query: string): Promise<string> => {
      await act("find");
      await page().locator(".find input").fill(query);
      return (await page().locator(".find .count").textContent()) ?? "";
    };

    it("finds source that is typeset, or was never near the screen, and scrolls to it", async () => {
      await show(item({ solution: solution(LONG) }));
      expect(await typed("\\frac{1399}{7}")).toBe("1 of 1");
      await page().locator(".math.found.current").waitFor();
      await expect.poll(() => page().locator(".math.found.current").isVisible()).toBe(true);
      await settled();
      const box = await page().locator(".math.found.current").boundingBox();
      expect(box?.y).toBeGreaterThan(40);
      expect(box?.y).toBeLessThan(700);
    });

    it("steps with Enter and Shift+Enter, round and round, whatever the case", async () => {
      await show(item({ solution: solution("Alpha $x=5$\nbeta\nALPHA again, $x=5$") }));
      expect(await typed("alpha")).toBe("1 of 2");
      const field = page().locator(".find input");
      await field.press("Enter");
      expect(await page().locator(".find .count").textContent()).toBe("2 of 2");
      await field.press("Enter");
      await field.press("Shift+Enter");
      expect(await page().locator(".find .count").textContent()).toBe("2 of 2");
      expect(await page().locator("mark.found.current").textContent()).toBe("ALPHA");
      expect(await typed("x=5")).toBe("2 of 2");
      expect(await count(".math.found")).toBe(2);
      expect(await typed("no such words")).toBe("No results");
      expect(await count(".found")).toBe(0);
    });

    it("is a text field: what is typed in it is no command; Escape gives the focus back", async () => {
      await show(item());
      await page().locator("main").focus();
      await page().keyboard.press("Control+f");
      await page().keyboard.type("jax 1");
      // The key's command comes back from VS Code late: what was typed meanwhile stays.
      await act("find");
      await settled();
      await page().keyboard.type("2");
      expect(await page().locator(".find input").inputValue()).toBe("jax 12");
      await page().keyboard.press("Enter");
      await page().keyboard.press("Escape");
      const sent = (await page().evaluate("sent")) as { type: string; typing?: boolean }[];
      const forwarded = sent.filter(({ type }) => type === "forwarded");
      expect(forwarded.map((m) => ("key" in m ? m.key : "")).filter((key) => key !== "Control")).toEqual([
        "f",
      ]);
      expect(sent.some(({ type, typing }) => type === "focus" && typing)).toBe(true);
      expect(await count(".find")).toBe(0);
      expect(await page().evaluate(() => document.activeElement?.tagName)).toBe("MAIN");
    });

    it("stays closed where its command comes back after Escape, and opens at the next key", async () => {
      await show(item());
      await page().locator("main").focus();
      await page().keyboard.press("Control+f");
      await page().keyboard.press("Escape");
      await act("find");
      await settled();
      expect(await count(".find")).toBe(0);
      await page().keyboard.press("Control+f");
      expect(await count(".find")).toBe(1);
    });

    it("looks through the reflection too, and follows to the next item", async () => {
      const reflection = {
        ...{ id: 1, modelId: "base", text: "", parsed: true, analysis: "The sign of $4x$ is lost." },
        ...{ corrected: solution("$4x=8$"), verdict: "correct" as const, reason: null, count: 1, fixed: 1 },
      };
      await show(item({ reflection, solution: solution("$4x=4$") }));
      expect(await typed("4x")).toBe("1 of 3");
      await show(item({ attemptId: 2, solution: solution("no more of it") }));
      await expect.poll(() => page().locator(".find .count").textContent()).toBe("No results");
    });

    it("stands hostile queries", async () => {
      await show(item({ solution: solution("a+b (c] \\d {1,99999}") }));
      expect(await typed("(c] \\d {1,99999}")).toBe("1 of 1");
      expect(await typed("(((((")).toBe("No results");
      expect(await typed("<img src=x>")).toBe("No results");
    });
  });

  describe("hints", () => {
    const text = "So $2+2=5=4+1$ is it\n$3x=12$, $x=4$\n$\\begin{aligned}1&=2\\\\&=2\\end{aligned}$";
    const hint = (step: number, part: string, verdict: StepHint["verdict"], says: string): StepHint => {
      const start = text.indexOf(part);
      return { step, start, end: start + part.length, verdict, says };
    };
    const hints = [
      hint(1, "2+2=5", "false", "left: 4, right: 5"),
      hint(1, "=4+1", "true", "both sides are 5"),
      hint(2, "x=4", "true", "follows from step 2"),
      hint(3, "1&=2", "false", "left: 1, right: 2"),
    ];
    const showHints = async (): Promise<void> => {
      await show(item({ solution: solution(text) }));
      await hand(page(), { type: "hints", attemptId: 1, hints });
      await page().waitForSelector(".hint-false");
    };

    it("underlines within the typeset formula what does not hold, with words, and nothing else", async () => {
      await showHints();
      expect(await count(".solution .katex .hint-false")).toBeGreaterThan(1);
      expect(
        await page().locator(".solution .step").first().locator(".hint-false").getAttribute("title"),
      ).toContain("left: 4, right: 5");
      const heard = await page().locator(".solution .step").first().locator(".unseen").first().textContent();
      expect(heard).toContain("does not hold: left: 4, right: 5");
      const listed = page().locator(".step.cursor .hint-says > span:not(.codicon)");
      expect(await listed.allTextContents()).toEqual([
        "Does not hold: left: 4, right: 5",
        "Holds: both sides are 5",
      ]);
      // It is drawn as text in its line, not as a key of the bar.
      expect(await count(".step .hint")).toBe(0);
      expect(await count(".solution .math-error")).toBe(0);
      expect(await count(".solution .step .katex-mathml math")).toBe(4);
      expect(await page().evaluate("violations")).toEqual([]);
    });

    it("underlines the source in raw mode", async () => {
      await showHints();
      await act("raw");
      await page().waitForSelector("errata-math.raw mark.hint-false");
      expect(await page().locator("errata-math.raw mark.hint-false").first().textContent()).toBe("2+2=5");
    });

    it("lets no other class or command through, and takes hints that point anywhere", async () => {
      const evil = "$\\htmlClass{part-0}{1}=2$\n$1=\\frac{2$\n$1=2$";
      await show(item({ solution: solution(evil) }));
      const wild = [-5, 0, 3, 9, 24, 30, 38, 999].flatMap((start) =>
        [start, start + 3, start + 500].map((end) => ({
          step: 1,
          start,
          end,
          verdict: "false",
          says: "<b>no</b>",
        })),
      );
      await hand(page(), { type: "hints", attemptId: 1, hints: wild });
      await settled();
      expect(await count(".solution .math-error")).toBe(2);
      expect(await count("main b")).toBe(0);
      expect(await page().evaluate("violations")).toEqual([]);
    });
  });
});
