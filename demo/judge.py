"""Says what is wrong with attempts, and whether reflections found it: JSON lines in, JSON lines out.

`python -m demo.judge`: {"generator", "attempt", "reflection"} a line in, where "generator" is the problem's
own (see problem_sets.py) and "reflection" may be null; {"line", "kind", "found"} a line out: the attempt's first
wrong line and misconception (null when every line holds), and whether the reflection names both.
"""

import json
import sys

from demo.dialogue import parse_reflection
from demo.task import Problem
from demo.truth import diagnose


def judge(row: dict) -> dict:
    """One line's answer."""
    truth = diagnose(Problem(**row["generator"]), row["attempt"])
    said = parse_reflection(row["reflection"]) if row.get("reflection") else None
    found = bool(truth and said and (said.line, said.kind) == (truth.line, truth.kind))
    return {"line": truth and truth.line, "kind": truth and truth.kind, "found": found}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))))
