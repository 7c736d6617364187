"""The generator's truth of demo solutions: {"generator", "text"} a line in; {"line", "kind"} out, null when right."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.task import Problem  # noqa: E402
from demo.truth import diagnose, is_right  # noqa: E402

for row in map(json.loads, sys.stdin):
    problem = Problem(**row["generator"])
    truth = diagnose(problem, row["text"])
    told = {"line": truth.line, "kind": truth.kind} if truth else {"line": None, "kind": None}
    print(json.dumps({**told, "right": is_right(problem, row["text"])}))
