import type { Verdict } from "../protocol/types.js";
import { notThere } from "./reads.js";
import type { Connection } from "./sqlite.js";
import type { GroupAnswers, SamplingPurpose } from "./types.js";

/** See `Pool.groupAnswers`. */
export async function readGroupAnswers(
  db: Connection,
  of: { attemptId: number } | { problemRowId: number },
): Promise<GroupAnswers[]> {
  const one = "attemptId" in of;
  const groups = await db.all(
    `SELECT g.id, g.problem_id, s.model_id, s.purpose, s.group_size, p.gold, p.bad
     FROM groups g JOIN samplings s ON s.id = g.sampling_id JOIN problems p ON p.id = g.problem_id
     WHERE ${one ? "g.id = (SELECT group_id FROM attempts WHERE id = ?)" : "g.problem_id = ? AND s.purpose = 'sample'"}
       AND EXISTS (SELECT 1 FROM attempts a WHERE a.group_id = g.id)
     ORDER BY g.id DESC`,
    one ? of.attemptId : of.problemRowId,
  );
  if (one && groups.length === 0) throw notThere("attempt", of.attemptId);
  if (!one && !(await db.get("SELECT 1 FROM problems WHERE id = ?", of.problemRowId))) {
    throw notThere("problem", of.problemRowId);
  }
  const all: GroupAnswers[] = [];
  for (const group of groups) {
    const rows = await db.all(
      "SELECT id, answer, verdict FROM attempts WHERE group_id = ? ORDER BY sample",
      Number(group.id),
    );
    all.push({
      groupId: Number(group.id),
      problemId: Number(group.problem_id),
      modelId: String(group.model_id),
      purpose: group.purpose as SamplingPurpose,
      size: Number(group.group_size),
      gold: String(group.gold),
      bad: group.bad === 1,
      attempts: rows.map((row) => ({
        id: Number(row.id),
        answer: row.answer === null ? null : String(row.answer),
        verdict: row.verdict as Verdict,
      })),
    });
  }
  return all;
}
