import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SessionMemory } from "../../src/review/needs.js";
import { KeptFile } from "../../src/ui/kept-file.js";
import { UnsavedTexts } from "../../src/ui/unsaved-texts.js";

const at = (attemptId: number): SessionMemory => ({
  attemptId,
  again: false,
  query: {},
  order: "stored",
  seed: 1,
  blind: false,
  mode: "triage",
  axis: "overall",
  cursor: 0,
  repeats: [],
});

describe("the place to come back to", () => {
  let folder: string;
  let file: string;
  let failures: unknown[];
  const place = (): KeptFile<SessionMemory> =>
    new KeptFile<SessionMemory>(file, (error) => failures.push(error));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "errata-place-"));
    file = join(folder, "storage/review.json");
    failures = [];
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test("is read by the next window as it was written", async () => {
    await place().write(at(7));
    expect(await place().read()).toEqual(at(7));
    expect(failures).toEqual([]);
  });

  test("is the newest, however fast the keys come, and leaves no half file", async () => {
    const one = place();
    for (let id = 1; id < 50; id++) void one.write(at(id));
    await one.write(at(50));
    expect(await place().read()).toEqual(at(50));
    expect(readdirSync(join(folder, "storage"))).toEqual(["review.json"]);
  });

  test("is written only where it changed", async () => {
    const one = place();
    await one.write(at(3));
    writeFileSync(file, "untouched");
    await one.write(at(3));
    expect(readFileSync(file, "utf8")).toBe("untouched");
    await one.write(at(4));
    expect(await place().read()).toEqual(at(4));
  });

  test("that cannot be read or written is said, and the review begins anew", async () => {
    await place().write(at(7));
    writeFileSync(file, "{ cut of");
    expect(await place().read()).toBeUndefined();
    expect(failures).toHaveLength(1);
    const blocked = new KeptFile<SessionMemory>(join(file, "below/review.json"), (error) =>
      failures.push(error),
    );
    await blocked.write(at(8));
    expect(failures).toHaveLength(2);
    await blocked.write(at(9));
    expect(failures).toHaveLength(3);
  });

  test("there is none in a new folder, and none without a folder", async () => {
    expect(await place().read()).toBeUndefined();
    const none = new KeptFile<SessionMemory>(undefined, (error) => failures.push(error));
    await none.write(at(1));
    expect(await none.read()).toBeUndefined();
    expect(failures).toEqual([]);
  });
});

describe("texts that were left unsaved", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "errata-unsaved-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const fail = (error: unknown): void => expect.unreachable(String(error));
  /** As the next window has them. */
  const texts = (): UnsavedTexts => new UnsavedTexts(new KeptFile(join(folder, "unsaved.json"), fail));

  test("come back in the next window, as they were written last; what was saved does not", async () => {
    const one = texts();
    for (const text of ["w", "wh", "why?"]) void one.put("note 1", text);
    await one.put("edit 2", "$x=2$");
    await one.put("note 3", "gone");
    await one.put("note 3", null);
    expect(await texts().all()).toEqual([
      ["note 1", "why?"],
      ["edit 2", "$x=2$"],
    ]);
  });

  test("go once they are stored, unless more was written since", async () => {
    const one = texts();
    await one.put("note 1", "a");
    await one.put("note 2", "a");
    await one.put("note 2", "ab");
    await one.stored("note 1", "a");
    await one.stored("note 2", "a");
    expect(await texts().all()).toEqual([["note 2", "ab"]]);
  });

  test("are given to a page that is made anew in this window too, and without a folder", async () => {
    const one = new UnsavedTexts(new KeptFile(undefined, fail));
    await one.put("note 1", "a");
    expect(await one.all()).toEqual([["note 1", "a"]]);
  });

  test("are read past what is no text, if another program wrote the file", async () => {
    writeFileSync(join(folder, "unsaved.json"), '[["note 1","a"],["note 2"],7,["note 3",3]]');
    expect(await texts().all()).toEqual([["note 1", "a"]]);
    writeFileSync(join(folder, "unsaved.json"), "{}");
    expect(await texts().all()).toEqual([]);
  });
});
