import { type Check, examine } from "../runs/doctor.js";
import { answer, readArguments } from "./arguments.js";
import type { Context } from "./context.js";

const MARK: Record<Check["status"], string> = { ok: "✓", note: "·", missing: "✗" };

/** `errata doctor`: exit status 1 when something is missing. */
export async function doctor(args: readonly string[], context: Context): Promise<number> {
  const { values, json } = readArguments(args, { python: { type: "string" } });
  const report = await examine({
    engine: context.engine(),
    python: context.pythonPlaces(values.python),
    workspace: context.workspace(values.workspace),
  });
  const status = report.ok ? 0 : 1;
  if (await answer(json, report)) return status;
  const width = Math.max(...report.checks.map((check) => check.name.length));
  for (const { name, status, value, mend } of report.checks) {
    console.log(`${MARK[status]} ${name.padEnd(width)}  ${value}`);
    if (mend) console.log(`${" ".repeat(width + 4)}${mend}`);
  }
  return status;
}
