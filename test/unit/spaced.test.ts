import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Progress } from "../../src/protocol/types.js";
import { spaced } from "../../src/ui/spaced.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const at = (done: number, stage = "Sampling"): Progress => ({ stage, done, total: 100 });

test("of many reports the first is told at once, then the newest, a few a second; a new stage does not wait", () => {
  const told: Progress[] = [];
  const { report, end } = spaced((now) => told.push(now), 250);
  for (let i = 0; i < 100; i++) {
    report(at(i));
    vi.advanceTimersByTime(10);
  }
  expect(told.map(({ done }) => done)).toEqual([0, 24, 49, 74, 99]);
  report(at(100));
  expect(told.at(-1)).toEqual(at(99));
  report(at(0, "Grading"));
  expect(told.at(-1)).toEqual(at(0, "Grading"));
  report(at(1, "Grading"));
  end();
  vi.advanceTimersByTime(5000);
  expect(told.at(-1)).toEqual(at(0, "Grading"));
});

test("after a rest the next one is told at once", () => {
  const told: Progress[] = [];
  const { report } = spaced((now) => told.push(now), 250);
  report(at(1));
  vi.advanceTimersByTime(5000);
  expect(vi.getTimerCount()).toBe(0);
  report(at(2));
  expect(told).toEqual([at(1), at(2)]);
});
