import { delimiter } from "node:path";
import { assetFile } from "../protocol/paths.js";
import { LineGrader, type OpinionGrader } from "./line-grader.js";

export const MATH_VERIFY = "math-verify";

/**
 * math-verify as a second grader, started when it is first asked.
 * @param python an interpreter that has it: that of the environment that Errata makes for training
 */
export function mathVerify({ python, version }: { python: string; version: string }): OpinionGrader {
  return new LineGrader({
    ...{ name: MATH_VERIFY, version, command: [python, "-m", "errata_trainer.math_verify_lines"] },
    env: {
      PYTHONPATH: [assetFile("trainer"), process.env.PYTHONPATH].filter(Boolean).join(delimiter),
      PYTHONUNBUFFERED: "1",
      PYTHONUTF8: "1",
    },
    // Each of its steps has a limit of 5 s of its own; what it cannot interrupt itself ends with this one.
    timeoutMs: 30_000,
  });
}
