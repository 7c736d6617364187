import { expect, test } from "vitest";
import { Intake } from "../../src/pool/intake.js";

const soon = (ms = 1): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("every row is graded and stored once, no more than a few at a time", async () => {
  let [at, most] = [0, 0];
  const stored: number[] = [];
  const intake = new Intake<number, number>(
    async (row) => {
      most = Math.max(most, ++at);
      await soon(row % 3);
      at--;
      return row * 2;
    },
    async (rows) => {
      await soon();
      stored.push(...rows);
    },
    () => undefined,
    4,
  );
  for (let i = 0; i < 100; i++) intake.push(i);
  expect(intake.pending).toBe(100);
  await intake.drained(50);
  expect(intake.pending).toBeLessThanOrEqual(50);
  await intake.drained();
  expect(most).toBe(4);
  expect(stored.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i * 2));
  expect(intake.stored).toBe(100);
});

test.each(["grade", "store"])("the first error of %s ends it, and what was stored stays", async (where) => {
  const stored: number[] = [];
  const intake = new Intake<number, number>(
    async (row) => {
      await soon();
      if (where === "grade" && row === 20) throw new Error("no more");
      return row;
    },
    async (rows) => {
      if (where === "store" && stored.length > 10) throw new Error("no more");
      stored.push(...rows);
    },
  );
  for (let i = 0; i < 100; i++) intake.push(i);
  await expect(intake.drained()).rejects.toThrow("no more");
  expect(intake.failed.aborted).toBe(true);
  const before = stored.length;
  intake.push(1000);
  await soon(20);
  expect(stored.length).toBe(before);
  expect(before).toBeLessThan(100);
});

test("an empty intake is drained at once", async () => {
  await new Intake<number, number>(
    async (row) => row,
    async () => undefined,
  ).drained();
});
