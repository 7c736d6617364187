import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { ReviewItem, ReviewState, ReviewToView } from "../../src/protocol/review.js";
import { item, solution, state } from "./review.fixture.js";
import { card, opinion } from "./verdicts.fixture.js";
import { noBrowser, openPage, post as postTo } from "./webview.fixture.js";

const TEXT = "It is $2x+3=10$, so\n$2x=7$ and $x$ is 3.5.\nThe answer is $\\boxed{\\frac72}$.";
const spanOf = (part: string): [number, number] => [TEXT.indexOf(part), TEXT.indexOf(part) + part.length];
const quarrel: Partial<ReviewItem> = {
  solution: { ...solution(TEXT), answer: "\\frac72", span: spanOf("\\frac72") },
  reason: "7/2 is not 3.4; read from \\boxed{}.",
  answerHow: "\\boxed{}",
  dispute: { kind: "disagree", words: "math-verify says correct; ours incorrect" },
  opinions: [
    opinion({ answer: "3.5", span: spanOf("3.5") }),
    opinion({ id: 2, grader: "judge", version: "", verdict: "unscored", answer: null, reason: "no idea" }),
    opinion({ id: 3, grader: "same", version: "", verdict: "incorrect", span: spanOf("\\frac72") }),
  ],
};

describe.skipIf(noBrowser)("what several graders say, in the Review page", () => {
  const opened = openPage("review");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });
  const post = (message: ReviewToView): Promise<void> => postTo(page, message);
  const show = (shown: Partial<ReviewItem>, more: Partial<ReviewState> = {}): Promise<void> =>
    post({ type: "state", state: state(item(shown), more) });
  /** Of the item that is shown: others are laid out ahead, unseen. */
  const shownPart = (selector: string) => page.locator(`.columns:not(.ahead) ${selector}`);
  const rows = () => shownPart(".opinions tbody tr");

  it("says in a dispute who says what, what each read, and why; and which key settles it", async () => {
    await show(quarrel);
    expect(await page.locator(".dispute").textContent()).toMatch(
      /In dispute: math-verify says correct; ours incorrect[\s\S]*settle it: c correct/,
    );
    const texts = await rows().allInnerTexts();
    expect(texts).toHaveLength(4);
    expect(texts[0]).toMatch(/Errata[\s\S]*incorrect[\s\S]*from \\boxed\{\}[\s\S]*7\/2 is not 3.4\./);
    expect(texts[1]).toMatch(/math-verify 0\.9\.0[\s\S]*correct[\s\S]*parsed both/);
    expect(texts[2]).toMatch(/judge[\s\S]*unsure[\s\S]*nothing[\s\S]*no idea/);
    // What stands beside the reading is not said again in the reason.
    expect(texts[0]?.match(/boxed/g)).toHaveLength(1);
  });

  it("marks every reading in the solution, the same place once; a row that has the focus shows its own alone", async () => {
    await show(quarrel);
    const marks = page.locator(".solution errata-steps .read-by");
    await expect.poll(() => marks.count()).toBe(2);
    expect(await marks.locator("nth=0").textContent()).toBe("3.5");
    expect(await marks.locator("nth=0").getAttribute("title")).toContain("math-verify");
    expect(await marks.locator("nth=1").getAttribute("title")).toContain("Errata, same");
    const letters = await rows().evaluateAll((all) =>
      all.map((row) => /read-by-\d/.exec(row.querySelector(".letter")?.className ?? "")?.[0] ?? ""),
    );
    expect(letters).toEqual(["read-by-0", "read-by-1", "", "read-by-0"]);
    const background = () =>
      marks.evaluateAll((all) => all.map((mark) => getComputedStyle(mark).borderBottomColor));
    // A step that is drawn anew meanwhile has no style.
    await expect.poll(background).not.toContain("");
    const both = await background();
    await page.locator("main").focus();
    await rows().nth(1).focus();
    await expect.poll(background).toEqual([both[0], "rgba(0, 0, 0, 0)"]);
    await page.locator("main").focus();
    await expect.poll(background).toEqual(both);
  });

  it("says nothing of it where graders agree, until it is asked why", async () => {
    await show({ ...quarrel, dispute: null });
    expect(await page.locator(".opinions").count()).toBe(0);
    expect(await page.locator(".read-by").count()).toBe(0);
    await page.getByRole("button", { name: "why" }).click();
    expect(await page.locator(".dispute").count()).toBe(0);
    expect(await rows().count()).toBe(4);
    expect(await page.locator(".solution errata-steps .read-by").count()).toBe(2);
  });

  it("says it where ours could not tell and nobody else was asked; and forgets the row with the item", async () => {
    await show(quarrel);
    await page.locator("main").focus();
    await rows().nth(1).focus();
    expect(await page.locator(".opinions[data-reader]").count()).toBe(1);
    await show({
      ...{ attemptId: 2, verdict: "unscored", graded: "unscored", opinions: [] },
      dispute: { kind: "unsure", words: "ours could not tell" },
    });
    expect(await shownPart(".dispute").textContent()).toContain("ours could not tell");
    expect(await rows().count()).toBe(1);
    expect(await shownPart(".opinions[data-reader]").count()).toBe(0);
  });

  it("in blind mode shows no trace of it", async () => {
    await show(
      {
        ...{ hidden: true, verdict: null, reason: null, graded: null, group: null, card: null },
        ...{ opinions: [], dispute: null, answerHow: null, solution: solution(TEXT) },
      },
      { blind: true, disputes: true },
    );
    expect(await page.locator(".opinions, .read-by, .dispute").count()).toBe(0);
  });

  it("c settles by its command alone: typed into a note it is a letter", async () => {
    await show(quarrel);
    await page.locator("main").focus();
    await page.keyboard.press("n");
    await page.keyboard.type("cic");
    const sent = (await page.evaluate("sent")) as { type: string; key?: string }[];
    expect(sent.filter(({ type, key }) => type === "forwarded" && key !== "n")).toEqual([]);
    expect(await page.locator("vscode-text-area").evaluate((e) => (e as HTMLInputElement).value)).toBe("cic");
  });

  it("says what to do where nothing is in dispute", async () => {
    const nothing = { item: null, position: null, total: 0, disputes: true, scope: "in dispute" };
    await show({}, nothing);
    const words = (await page.locator(".empty").textContent())?.replace(/\s+/g, " ");
    expect(words).toMatch(/Nothing is in dispute here .*Ask Another Grader…/);
  });

  it("names places that do not lie in the text nowhere", async () => {
    const beyond = [opinion({ span: [5, 100_000] }), opinion({ id: 2, grader: "b", span: [9, 4] })];
    await show({ ...quarrel, opinions: beyond });
    expect(await page.locator(".solution errata-steps .read-by").count()).toBe(1);
    expect(await rows().count()).toBe(3);
  });

  describe("the group's card", () => {
    const grouped: Partial<ReviewItem> = { card: card(), siblings: card().clusters };

    it("opens by s, by the header, and when the host asks; it says that the majority is wrong", async () => {
      await show(grouped);
      await page.locator("main").focus();
      await page.keyboard.press("s");
      await page.keyboard.press("Escape");
      expect(await page.locator(".every").count()).toBe(0);
      await page.getByRole("button", { name: "majority wrong" }).click();
      expect(await page.locator(".headline").textContent()).toMatch(
        /majority is wrong and consistent[\s\S]*\.71 of the answers/,
      );
      expect(await page.locator(".every .cluster .count").allInnerTexts()).toEqual([
        "5 of 8",
        "2 of 8",
        "1 of 8",
      ]);
      expect(await page.locator(".figures-line").textContent()).toContain("pass@4 0.79");
      await page.getByRole("button", { name: /passed 2 of 8/ }).click();
      expect(await page.locator(".every").count()).toBe(0);
      await post({ type: "group", attemptId: 1 });
      await post({ type: "group", attemptId: 1 });
      expect(await page.locator(".every").count()).toBe(1);
    });

    it("says when the problem is left out, when the majority is right, and when there is none", async () => {
      const open = async (more: Partial<ReturnType<typeof card>>) => {
        await show({ ...grouped, card: card({ majorityWrong: false, ...more }) });
        await post({ type: "group", attemptId: 1 });
        return page.locator(".every").textContent();
      };
      expect(await open({ bad: true, majority: null })).toMatch(
        /left out of every figure[\s\S]*No answer is more frequent/,
      );
      expect(await open({ majority: { answer: "1", verdict: "correct", share: 0.8 } })).toContain(
        "The majority is right",
      );
      expect(await page.getByRole("button", { name: "majority wrong" }).count()).toBe(0);
    });
  });
});
