"""One arm with one seed: a run's folder, the trainer in a process of its own, and the evaluation after it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from demo.problem_sets import read_set
from errata_trainer.defaults import complete
from errata_trainer.filter import keeps
from errata_trainer.grader import NodeGrader

from experiments import checked
from experiments.evaluate import Model, evaluate, training_figures
from experiments.plan import BASE, LONGER, Arm
from experiments.report import key

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = ROOT / ".cache" / "experiments"
HF = ROOT / "demo" / "model" / "hf"
SCHEMA = ROOT / "schemas" / "recipe.schema.json"
GRADER = [str(ROOT / "node_modules" / ".bin" / "node"), str(ROOT / "dist" / "cli.js"), "grade", "--serve"]
TRAIN = ROOT / "demo" / "problems" / "train.jsonl"


def recipe_of(arm: Arm, seed: int) -> dict[str, Any]:
    """The complete recipe of an arm."""
    recipe = json.loads(json.dumps(BASE))
    for name, value in arm.changes.items():
        merge = isinstance(value, dict) and isinstance(recipe.get(name), dict) and "kind" not in value
        recipe[name] = recipe[name] | value if merge else value
    return complete(recipe | {"seed": seed, "name": arm.name}, json.loads(SCHEMA.read_text()))


def base_of(name: str) -> Path:
    """Folder of a base model; made where it is not there."""
    if name == "demo":
        return HF
    folder = SCRATCH / "checked"
    checked.make(HF, folder)
    return folder


def base_model(name: str) -> Model:
    """A base model, with room for the solutions that it writes."""
    return Model(base_of(name), HF, (BASE if name == "demo" else LONGER)["max_completion_length"])


def run_arm(arm: Arm, seed: int) -> dict[str, Any]:
    """Train, evaluate; returns the raw result."""
    # Not by its name: arms of two experiments may share that, and run side by side.
    folder = SCRATCH / f"{key(arm)}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    recipe = recipe_of(arm, seed)
    base = base_of(arm.base)
    write_folder(folder, recipe, base, seed_errors(arm.base) if arm.seeded else [])
    train(folder, arm.tokens)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    if events[-1].get("reason") not in ("finished", "stopped"):
        raise RuntimeError(f"{arm.name}, seed {seed}: {events[-1].get('message')}")
    longest = recipe["max_completion_length"]
    figures = evaluate(Model(folder / "model" / "hf", HF, longest), seed) | training_figures(events)
    alarms = [{k: e[k] for k in ("step", "kind")} for e in events if e["type"] == "alarm" and e["kind"] != "grader"]
    shutil.rmtree(folder)
    return {"arm": arm.name, "seed": seed, "recipe": recipe, "figures": rounded(figures), "alarms": alarms}


def run_base(name: str, seed: int) -> dict[str, Any]:
    """A base model's figures."""
    return {"arm": "base", "seed": seed, "figures": rounded(evaluate(base_model(name), seed))}


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """To the digits that mean something."""
    return {name: float(f"{value:.4g}") for name, value in figures.items()}


def write_folder(folder: Path, recipe: dict[str, Any], base: Path, errors: list[dict[str, Any]]) -> None:
    """As the launcher writes it."""
    (folder / "prompts").mkdir(parents=True)
    for prompt in (ROOT / "prompts" / "demo").glob("*.jinja"):
        shutil.copy(prompt, folder / "prompts")
    rows = [json.loads(line) for line in TRAIN.read_text().splitlines()]
    problems = [{"id": r["id"], "problem": r["problem"], "gold": r["answer"]} | extra(r) for r in rows]
    for name, lines in (("problems.jsonl", problems), ("pool.jsonl", errors)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "recipe.json").write_text(json.dumps(recipe))
    launch = {"run": folder.name, "model": "demo-base", "trainable": str(base), "grader": GRADER, "threads": 1}
    (folder / "launch.json").write_text(json.dumps(launch | {"schema": str(SCHEMA), "prompts": "demo"}))


def extra(row: dict[str, Any]) -> dict[str, Any]:
    """A worked solution, where the set has one."""
    return {"solution": row["solution"]} if "solution" in row else {}


def train(folder: Path, tokens: int | None) -> None:
    """Run the trainer to its end, or ask it to stop once it has generated so many tokens."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "trainer"),
        "ELECTRON_RUN_AS_NODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "errata_trainer", str(folder)]
    with (folder / "log.txt").open("w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as p:
        while p.poll() is None:
            if tokens and generated(folder / "events.jsonl") >= tokens and not (folder / "control.json").exists():
                (folder / "control.json").write_text('{"command": "stop"}')
            time.sleep(0.2)


def generated(events: Path) -> int:
    """Tokens so far, from the last metrics that stand in the file."""
    lines = events.read_text().splitlines() if events.exists() else []
    for line in reversed(lines):
        if '"metrics"' in line and line.endswith("}"):
            return json.loads(line).get("tokens", 0)
    return 0


def seed_errors(base: str) -> list[dict[str, Any]]:
    """Wrong attempts of a base model on the training problems: mixed groups, two of each problem. Made once."""
    file = SCRATCH / ("seeds.jsonl" if base == "demo" else f"seeds-{base}.jsonl")
    if not file.exists():
        SCRATCH.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        rows = read_set(TRAIN)
        model = base_model(base)
        texts = model.say([model.ids(row["problem"]) for row in rows], 8)
        grader = NodeGrader(GRADER)
        grades = grader.grade([(t, str(r["answer"])) for r, group in zip(rows, texts, strict=True) for t in group])
        grader.close()
        out: list[dict[str, Any]] = []
        for n, (row, group) in enumerate(zip(rows, texts, strict=True)):
            own = grades[8 * n : 8 * n + 8]
            right = sum(g.verdict == "correct" for g in own)
            scored = sum(g.verdict != "unscored" for g in own)
            if keeps({"kind": "mixed"}, right, scored):
                wrong = [(t, g.answer) for t, g in zip(group, own, strict=True) if g.verdict == "incorrect"]
                facts = {"problem_id": row["id"], "problem": row["problem"], "gold": str(row["answer"])}
                out += [
                    facts | {"solution": t, "answer": a, "verdict": "incorrect"} for t, a in dict(wrong[:2]).items()
                ]
        scratch = file.with_suffix(f".{os.getpid()}")
        scratch.write_text("".join(json.dumps(row) + "\n" for row in out))
        scratch.replace(file)
    return [json.loads(line) for line in file.read_text().splitlines()]
