import { describe, expect, it } from "vitest";
import { item, solution, state } from "./review.fixture.js";
import { noBrowser, openPage, post } from "./webview.fixture.js";

const models = "$x=1$\n\\boxed{1}";
const own = "$x=7$\n\\boxed{7}";
const reflection = {
  ...{
    id: 7,
    modelId: "base",
    text: "…",
    parsed: true,
    analysis: "Line 1 is wrong.",
    corrected: solution(models),
  },
  ...{ verdict: "correct" as const, reason: "", count: 2, fixed: 1 },
};
const correction = { ...solution(own), answer: "7", verdict: "incorrect" as const, reason: "" };

describe.skipIf(noBrowser)("what was said of an earlier reflection, in the Review page", () => {
  const opened = openPage("review");

  it("is told; the newest one’s correction is what is read, and one’s own what is edited", async () => {
    const page = opened();
    const part = (selector: string) => page.locator(`.columns:not(.ahead) ${selector}`);
    const about = "written on reflection 1 of 2";
    const mine = {
      labels: [],
      ratings: {},
      correction,
      earlier: ["rated Overall 4", "accepted the correction"],
    };
    await post(page, { type: "state", state: state(item({ reflection, mine })) });
    expect(await part(".reflection .corrected").textContent()).toMatch(/yours[\s\S]*incorrect/);
    await post(page, {
      type: "state",
      state: state(item({ reflection, mine: { ...mine, correction: { ...correction, about } } })),
    });
    expect(await part(".reflection .corrected").textContent()).toMatch(
      /yours: written on reflection 1 of 2[\s\S]*\bcorrect/,
    );
    expect(await part(".reflection errata-steps").textContent()).not.toContain("7");
    expect(await page.locator(".remarks").textContent()).toContain(
      "You said before this reflection was there: rated Overall 4, accepted the correction.",
    );
    await post(page, { type: "act", action: "edit" });
    await page.locator("errata-correction").waitFor();
    expect(await page.locator("errata-correction .line").first().textContent()).toMatch(
      /saved, written on reflection 1 of 2/,
    );
  });
});
