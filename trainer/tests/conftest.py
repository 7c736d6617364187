"""A run's folder as the launcher writes it, on the embedded model."""

import json
import os
import random
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import pytest

from errata_trainer.defaults import complete

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "recipe.schema.json"
MODEL = ROOT / "demo" / "model" / "hf"


def recipe_of(**changes) -> dict:
    """A complete recipe of a method; what is given stands over its defaults."""
    given = {"method": "scrpo", "model": "demo", "problems": "p.jsonl", "data": {"take": "none"}} | changes
    return complete(given, json.loads(SCHEMA.read_text()))


def problems_of(count: int, seed: int = 0) -> list[dict]:
    """`ax+c=d` and its solution's value."""
    rng, out = random.Random(seed), []
    while len(out) < count:
        a, c, x = rng.randint(2, 6), rng.randint(1, 6), rng.randint(-6, 6)
        if abs(a * x + c) <= 36:
            text = f"Solve for $x$: ${a}x+{c}={a * x + c}$"
            out.append({"id": f"p{len(out)}", "problem": text, "gold": str(x)})
    return out


def write_folder(folder, problems=None, pool=(), launch=None, **changes) -> Path:
    """A run's folder; keyword arguments change the recipe."""
    (folder / "prompts").mkdir(parents=True)
    for prompt in (ROOT / "prompts" / "demo").glob("*.jinja"):
        (folder / "prompts" / prompt.name).write_text(prompt.read_text())
    (folder / "recipe.json").write_text(json.dumps(recipe_of(**changes)))
    rows = problems_of(24) if problems is None else problems
    (folder / "problems.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "pool.jsonl").write_text("".join(json.dumps(r) + "\n" for r in pool))
    order = {"model": "demo-base", "trainable": str(MODEL), "grader": None, "threads": 1, "resume_from": None}
    (folder / "launch.json").write_text(json.dumps(order | {"schema": str(SCHEMA)} | (launch or {})))
    return folder


@pytest.fixture
def run_folder(tmp_path):
    """Make a run's folder."""
    return lambda name="run", **given: write_folder(tmp_path / name, **given)


@pytest.fixture
def fake_grader(tmp_path) -> list[str]:
    r"""A grader of the same protocol: the last `\boxed{…}`, compared as text."""
    script = tmp_path / "grader.py"
    script.write_text(FAKE_GRADER)
    return [sys.executable, str(script)]


FAKE_GRADER = r"""
import json, re, sys
for line in sys.stdin:
    row = json.loads(line)
    found = re.findall(r"\\boxed\{([^{}]*)\}", row["text"])
    answer = found[-1] if found else None
    verdict = "correct" if answer == row["gold"] else "incorrect"
    print(json.dumps(row | {"verdict": verdict, "answer": answer}), flush=True)
"""


@pytest.fixture
def chance_grader(tmp_path) -> list[str]:
    """Right or wrong by the text's checksum: groups are mixed whatever the model can do."""
    script = tmp_path / "chance.py"
    script.write_text(CHANCE_GRADER)
    return [sys.executable, str(script)]


CHANCE_GRADER = r"""
import json, sys, zlib
for line in sys.stdin:
    row = json.loads(line)
    right = zlib.crc32(row["text"].encode()) % 2 == 0
    row |= {"verdict": "correct" if right else "incorrect", "answer": row["text"][-4:]}
    print(json.dumps(row), flush=True)
"""


def events_of(folder: Path, type_: str | None = None) -> list[dict]:
    """Events of a run, all or of one type."""
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [e for e in events if type_ in (None, e["type"])]
