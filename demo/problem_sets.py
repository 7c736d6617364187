"""Writes the two problem sets, disjoint by the hash of the problem's text."""

import json
import random
from pathlib import Path

from demo.task import FORMS, Problem, draw_problem, solution_text, solve

TRAIN_SIZE = 1500
HELDOUT_SIZE = 240


def distinct_problems(rng: random.Random, size: int, heldout: bool) -> list[Problem]:
    """`size` problems of one side of the split, no text twice."""
    found: dict[str, Problem] = {}
    while len(found) < size:
        problem = draw_problem(rng, heldout)
        found.setdefault(problem.text, problem)
    return list(found.values())


def row_of(problem: Problem, number: int) -> dict[str, object]:
    """One line of the JSONL file; `generator` lets the truth be computed again."""
    return {
        "id": f"lin-{number:06d}",
        "problem": problem.text,
        "answer": str(problem.x),
        "solution": solution_text(solve(problem, frozenset()) or []),
        "level": f"L{problem.level}",
        "kind": FORMS[problem.level],
        "features": problem.features,
        "generator": {name: getattr(problem, name) for name in ("level", "a", "b", "c", "d", "e", "x")},
    }


def problem_of(row: dict) -> Problem:
    """The generator's problem behind a line of the file."""
    return Problem(**row["generator"])


def write_sets(folder: Path, seed: int) -> None:
    """train.jsonl and heldout.jsonl; ids go on from one to the other."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    for name, size, heldout in (("train", TRAIN_SIZE, False), ("heldout", HELDOUT_SIZE, True)):
        rows = []
        for problem in distinct_problems(rng, size, heldout):
            rows.append(json.dumps(row_of(problem, number)))
            number += 1
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")


def read_set(path: Path) -> list[dict]:
    """The lines of a problem set."""
    return [json.loads(line) for line in path.read_text().splitlines() if line]
