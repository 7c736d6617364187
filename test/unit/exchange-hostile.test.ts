import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { safeName } from "../../src/exchange/file-name.js";
import { importFile } from "../../src/exchange/import/index.js";
import { EXPORT_FORMATS } from "../../src/exchange/types.js";
import type { AnnotationValue } from "../../src/protocol/types.js";
import { contents, exported } from "./exchange.fixture.js";
import { HOSTILE } from "./hostile.fixture.js";
import { open, spec, workspace } from "./pool.fixture.js";

test("hostile texts everywhere: every format is well-formed, and our own comes back as it was", async () => {
  const pool = await open(workspace());
  const texts = HOSTILE.map(({ text }) => text);
  const rowIds = await pool.putProblems(
    "<img src=x onerror=alert(1)>/../\u202e",
    texts.map((text, i) => ({ id: `h${i}`, problem: text, gold: text, level: text, kind: text })),
  );
  const { groups } = await pool.openSampling({ ...spec("sample", 1), modelId: "../`$(x)`\u0007" }, rowIds);
  const ids = await pool.putAttempts(
    groups.map(({ groupId, problem: { problem: text } }, i) => ({
      ...{ groupId, sample: 0 },
      generation: { text, tokenIds: [i], logprobs: [-1], finish: "stop" },
      grade: { verdict: i % 2 ? "correct" : "incorrect", answer: text, span: null, reason: text },
    })),
  );
  await pool.setErrorTypes(
    ids.map((attemptId, i) => ({ attemptId, errorType: texts[i] ?? "", source: "generator" })),
  );
  await pool.annotateEach(
    'Ann "<b>" \u0000',
    ids.flatMap((targetId, i) => {
      const text = texts[i] ?? "";
      const said: AnnotationValue[] = [
        { kind: "note", value: text },
        { kind: "correction", value: text },
        { kind: "firstWrongStep", value: 0 },
        { kind: "label", axis: text, value: true },
        { kind: "rating", axis: text, value: 3 },
      ];
      // Names of labels and axes are long only by mistake: the largest texts are left to the others.
      return (text.length > 1000 ? said.slice(0, 3) : said).map((value) => ({
        target: "attempt" as const,
        targetId,
        value,
      }));
    }),
  );
  const folder = workspace();
  for (const format of EXPORT_FORMATS) {
    const { text, result } = await exported(pool, format, { file: join(folder, format) });
    const seen = result.rows + Object.values(result.skipped).reduce((a, b) => a + b, 0);
    expect(seen, format).toBeGreaterThanOrEqual(HOSTILE.length);
    // Texts hold no line ends of their own, no halves of characters and no escapes of terminals.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text, format).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|\p{Surrogate}/u);
  }
  expect(readFileSync(join(folder, "label-studio.config.xml"), "utf8")).not.toMatch(
    /<(?:script|img|svg|iframe)/,
  );
  expect(readdirSync(folder).every((name) => /^[\w.-]+$/.test(name))).toBe(true);
  const other = await open(workspace());
  await importFile(other, join(folder, "jsonl"));
  expect(await contents(other.file)).toEqual(await contents(pool.file));
});

test.each(HOSTILE.map(({ name, text }) => [name, text]))("%s becomes a harmless file name", (_, text) => {
  const name = safeName(text);
  expect(name).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]*$/u);
  expect(name).not.toMatch(/\.\.|[.-]$/);
  expect([...name].length).toBeLessThanOrEqual(81);
});
