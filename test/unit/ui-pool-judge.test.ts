import { expect, test } from "vitest";
import type { Pool } from "../../src/pool/types.js";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import { SAYINGS, type Said, type Saying, toSay, toUndo } from "../../src/ui/pool/judge-plan.js";
import { fill, open, sayAll, workspace } from "./pool.fixture.js";

const sign: Saying = {
  ...{ of: "attempt", value: { kind: "errorType", value: "sign" } },
  ...{ title: "Sign", words: "Error type “Sign”" },
};

/** As the command does it. */
async function say(pool: Pool, saying: Saying, ids: number[], who = "ann"): Promise<Said> {
  const before = await standing(pool, saying, ids, who);
  const words = toSay(saying, ids, before);
  return { words, before, ids: await pool.annotateEach(who, words) };
}

const standing = (pool: Pool, { of, value }: Saying, ids: number[], who = "ann") =>
  pool.standing({
    ...{ target: of, ids, who, kind: value.kind },
    ...("axis" in value ? { axis: value.axis } : {}),
  });

const typesOf = async (pool: Pool, ids: number[]) =>
  (await pool.attempts({ ids })).map(({ errorType }) => errorType);

test("undo puts back what each attempt's own word was, and leaves what was said since", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const ids = attemptIds[0]?.slice(2, 6) ?? [];
  const [first = -1, second = -1, third = -1] = ids;
  await pool.annotate("attempt", first, "ann", { kind: "errorType", value: "algebra" });
  await pool.annotate("attempt", second, "ann", { kind: "errorType", value: "sign" });
  await pool.annotate("attempt", third, "bob", { kind: "errorType", value: "misread" });
  const said = await say(pool, sign, ids);
  // Who says it already is not made to say it again.
  expect(said.words.map(({ targetId }) => targetId)).toEqual(ids.filter((id) => id !== second));
  expect(await typesOf(pool, ids)).toEqual(["sign", "sign", "sign", "sign"]);
  await pool.annotate("attempt", ids[3] ?? -1, "ann", { kind: "errorType", value: "case" });
  const undo = toUndo(said, await standing(pool, sign, ids));
  await pool.annotateEach("ann", undo);
  expect(await typesOf(pool, ids)).toEqual(["algebra", "sign", "misread", "case"]);
  // Nothing was rewritten: the history has every word.
  const history = await pool.annotations("attempt", first);
  expect(history.map(({ value }) => value.value)).toEqual(["algebra", "sign", "algebra"]);
});

test("a label is taken back from those alone who have it of this person", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const ids = attemptIds[0]?.slice(2, 5) ?? [];
  const [first = -1, second = -1] = ids;
  await sayAll(pool, [first], "ann", { kind: "label", axis: "nice", value: true });
  await sayAll(pool, [second], "bob", { kind: "label", axis: "nice", value: true });
  const [, back] = SAYINGS.label({ ...DEFAULT_RUBRIC, labels: [{ id: "nice", title: "Nice" }] });
  expect(back).toMatchObject({ words: "Take back my label “Nice”" });
  if (!back) throw new Error("no saying");
  const said = await say(pool, back, ids);
  expect(said.words.map(({ targetId }) => targetId)).toEqual([first]);
  expect(await pool.attemptIds({ label: "nice" })).toEqual([second]);
  await pool.annotateEach("ann", toUndo(said, await standing(pool, back, ids)));
  expect(await pool.attemptIds({ label: "nice" })).toEqual([first, second]);
});

test("overruled and taken back, the pool is what it was", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCCCIIII"]);
  const ids = attemptIds[0]?.slice(4, 6) ?? [];
  const [correct] = SAYINGS.verdict();
  if (!correct) throw new Error("no saying");
  const before = await pool.stats();
  const said = await say(pool, correct, ids);
  expect((await pool.stats()).correct).toBe(before.correct + 2);
  await pool.annotateEach("ann", toUndo(said, await standing(pool, correct, ids)));
  expect(await pool.stats()).toEqual({ ...before, reviewed: 0 });
});

test("a list of what can be said comes from the rubric and from what is in use", () => {
  const rubric = { ...DEFAULT_RUBRIC, labels: [{ id: "nice", title: "Nice\u202E one" }] };
  expect(SAYINGS.label(rubric, ["", "odd", "nice"]).map(({ title }) => title)).toEqual([
    "Nice one",
    "odd",
    "Take back my label “Nice one”",
    "Take back my label “odd”",
  ]);
  const errorTypes = SAYINGS.errorType(DEFAULT_RUBRIC);
  expect(errorTypes[1]).toMatchObject({ title: "Sign", words: "Error type “Sign”" });
  expect(errorTypes[1]?.description).toBe("a minus lost or gained");
  expect(errorTypes.at(-1)?.value.value).toBeNull();
});
