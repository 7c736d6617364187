import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { pageHtml } from "../../src/ui/panels/page-html.js";
import { noBrowser, type Served, servePage } from "./page.fixture.js";

export { noBrowser };

/** A panel's page as built, under its own policy, in a browser; loaded anew before each test, with nothing kept. */
export function openPage(
  name: Parameters<typeof pageHtml>[0],
  viewport = { width: 1280, height: 720 },
  args: readonly string[] = [],
): () => Page {
  let served: Served;
  beforeAll(async () => {
    served = await servePage(name, viewport, undefined, args);
  }, 60_000);
  afterAll(() => served?.close());
  beforeEach(async () => {
    const { page, address } = served;
    await page.goto(address);
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await page.waitForFunction("sent.some((m) => m.type === 'ready')");
  });
  return () => served.page;
}

/** What the page keeps for a reload. */
export async function kept<T>(page: Page): Promise<T> {
  return (await page.evaluate(() => JSON.parse(sessionStorage.getItem("kept") ?? "{}"))) as T;
}

/** Hands the page a message of its host; resolves when the page has heard it: a key that follows may overtake it. */
export function hand(page: Page, message: unknown): Promise<void> {
  return page.evaluate(async (m) => {
    const heard = new Promise((resolve) => addEventListener("message", resolve, { once: true }));
    window.postMessage(m, "*");
    await heard;
  }, message);
}

/** The same; resolves when a frame was drawn after it. */
export function post(page: Page, message: unknown): Promise<void> {
  return page.evaluate(async (m) => {
    window.postMessage(m, "*");
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }, message);
}
