import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ReviewToView } from "../../src/protocol/review.js";
import { SMALL } from "./hostile.fixture.js";
import { noBrowser, type Served, servePage } from "./page.fixture.js";
import { item, solution, state } from "./review.fixture.js";
import { post } from "./webview.fixture.js";

const shows = (text: string): ReviewToView => ({
  type: "state",
  state: state(item({ solution: solution(text) })),
});

describe.skipIf(noBrowser)("a page that is made with its first state", () => {
  let served: Served;
  beforeAll(async () => {
    served = await servePage("review");
    await served.page.addInitScript("if (location.search === '?new') sessionStorage.clear()");
  }, 60_000);
  afterAll(() => served?.close());
  beforeEach(() => opened("the first"));

  /** A panel that was never shown before. */
  async function opened(first: string): Promise<void> {
    served.first(shows(first));
    await served.page.goto(`${served.address}/?new`);
  }

  const text = (): Promise<string | null> => served.page.locator(".solution").textContent();
  const ready = (): Promise<unknown> => served.page.evaluate("sent.find((m) => m.type === 'ready')");

  test("shows it before any message comes, and says so", async () => {
    expect(await text()).toContain("the first");
    expect(await ready()).toEqual({ type: "ready", drawn: true });
  });

  test("passes it over when it comes back after it was hidden: it is older than what was shown last", async () => {
    await post(served.page, shows("the second"));
    await expect.poll(() => served.page.evaluate("sessionStorage.getItem('kept')")).not.toBeNull();
    await served.page.goto(served.address);
    expect(await ready()).toEqual({ type: "ready", drawn: false });
    expect(await served.page.locator(".solution").count()).toBe(0);
  });

  test("no text of a model ends the block that holds it", async () => {
    const nasty = SMALL.map(
      ({ text }) => `</script><script>window.harmed = 1</script><!--<script>${text}`,
    ).join("\n");
    await opened(nasty);
    const found = await served.page.evaluate("JSON.parse(document.getElementById('first').textContent)");
    expect(found).toEqual(shows(nasty));
    expect(await ready()).toEqual({ type: "ready", drawn: true });
    expect(await served.page.evaluate("[window.harmed ?? 0, violations]")).toEqual([0, []]);
  });
});
