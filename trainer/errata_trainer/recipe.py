"""A run folder's inputs: recipe, problems, seeded errors, prompts and launch file."""

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema

from errata_trainer.errors import TrainerError
from errata_trainer.pool import PoolError, first_differing_line
from errata_trainer.prompts import Prompt

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "recipe.schema.json"
ANEW = "Start the run anew from its recipe."


@dataclass(frozen=True)
class Problem:
    """One problem of the training set."""

    id: str
    problem: str
    gold: str
    solution: str | None = None
    """A worked solution, where the problem set has one."""


@dataclass(frozen=True)
class Stored:
    """One attempt of the workspace's pool that the run was given (a line of `pool.jsonl`)."""

    problem: Problem
    solution: str
    answer: str | None
    verdict: str
    group: int | None
    """Attempts of one group were sampled together."""
    reflection: str | None
    """Analysis and corrected solution, where the recipe asked for one; a person's edit stands in it."""
    fixed: bool
    """The reflection's correction is right: by the grader, or accepted by a person."""
    attempt: int | None = None
    """Id in the workspace's pool."""
    wrong_line: str | None = None
    """Of an error: its first wrong line, where the editor has found it."""
    error_type: str | None = None
    """Of an error, where a person or a machine named it."""


@dataclass(frozen=True)
class Job:
    """Everything that a run is told."""

    folder: Path
    recipe: dict[str, Any]
    """Complete: every default of the schema is filled in."""
    problems: list[Problem]
    stored: list[Stored]
    """Of the workspace's pool, oldest first."""
    solve: Prompt
    reflect: Prompt
    model: str
    """Id of the base model."""
    trainable: Path
    grader: list[str] | None
    threads: int
    family: str | None
    """Prompt family of the base model, handed on to the new one."""

    @property
    def seeds(self) -> list[PoolError]:
        """Stored errors as the run's own pool begins with them."""
        right: dict[tuple[str, int | None], list[str]] = defaultdict(list)
        for s in self.stored:
            if s.verdict == "correct":
                right[s.problem.id, s.group].append(s.solution)
        out: list[PoolError] = []
        for s in self.stored:
            if s.verdict == "incorrect":
                line = s.wrong_line
                if line is None:
                    line = first_differing_line(s.solution, right[s.problem.id, s.group])
                problem = s.problem
                error = PoolError(problem.id, problem.problem, problem.gold, s.solution, s.answer, line)
                out.append(replace(error, error_type=s.error_type))
        return out

    def prompt(self, name: str) -> Prompt:
        """One of the run's prompt files: verify, look_again, retry, …"""
        return Prompt.read(self.folder / "prompts" / f"{name}.jinja")

    @property
    def cycle(self) -> tuple[int, int]:
        """Steps of trial and of correction in a cycle (ScRPO, reflect-retry-reward)."""
        trial, correction = self.recipe["correction"]["cycle"]
        return trial, correction


def load_job(folder: Path) -> Job:
    """Read and check a run's folder. Raises TrainerError naming the file, the line or the field."""
    launch = _json(folder / "launch.json")
    recipe = _json(folder / "recipe.json")
    check_recipe(recipe, Path(launch["schema"]) if launch.get("schema") else SCHEMA)
    trainable = Path(str(launch.get("trainable", "")))
    if not (trainable / "config.json").is_file():
        raise TrainerError(
            f"The model {launch.get('model')} has no trainable weights: {trainable} holds no config.json.",
            "Choose a model with a trainable folder beside it.",
        )
    problems = [
        Problem(str(r["id"]), str(r["problem"]), str(r["gold"]), r.get("solution"))
        for r in _lines(folder / "problems.jsonl")
    ]
    if not problems:
        raise TrainerError("The problem set is empty: problems.jsonl has no line.", "Choose another problem set.")
    job = Job(
        folder=folder,
        recipe=recipe,
        problems=problems,
        stored=[_stored(row) for row in _lines(folder / "pool.jsonl", required=False)],
        solve=Prompt.read(folder / "prompts" / "solve.jinja"),
        reflect=Prompt.read(folder / "prompts" / "reflect.jinja"),
        model=str(launch["model"]),
        trainable=trainable,
        grader=launch.get("grader"),
        threads=max(1, int(launch.get("threads") or 1)),
        family=launch.get("prompts") or _family(trainable),
    )
    if recipe["method"] in ("scrpo", "rrr") and sum(job.cycle) == 0:
        raise TrainerError("recipe.json: correction.cycle is [0, 0]: no step would be taken.", "Set one of them.")
    return job


def check_recipe(recipe: Any, schema: Path) -> None:
    """Hold a recipe against the schema: every field right, and every default filled in."""
    if not schema.is_file():
        raise TrainerError(f"The recipe's schema is missing: {schema}.", "Install Errata anew.")
    rules = _json(schema)
    validator = jsonschema.Draft7Validator(rules)
    faults = sorted(validator.iter_errors(recipe), key=lambda e: list(map(str, e.absolute_path)))
    if faults:
        field = ".".join(map(str, faults[0].absolute_path)) or "the recipe"
        raise TrainerError(f"recipe.json: {field}: {faults[0].message}.", "Mend the recipe and start the run anew.")
    missing = _unfilled(rules, recipe, "")
    if missing:
        raise TrainerError(f"recipe.json: {', '.join(missing)} missing.", ANEW)


def _unfilled(rules: dict[str, Any], value: dict[str, Any], path: str) -> list[str]:
    """Fields with a default that a complete recipe would hold."""
    out: list[str] = []
    for name, part in rules["properties"].items():
        if name not in value and ("default" in part or part.get("type") == "object"):
            out.append(path + name)
        elif part.get("type") == "object":
            out += _unfilled(part, value[name], f"{path}{name}.")
    return out


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainerError(f"{path.name} cannot be read: {error.strerror}.", ANEW) from error
    except ValueError as error:
        raise TrainerError(f"{path.name} is not JSON: {error}.", ANEW) from error


def _lines(path: Path, required: bool = True) -> list[dict[str, Any]]:
    if not required and not path.exists():
        return []
    out: list[dict[str, Any]] = []
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TrainerError(f"{path.name} cannot be read: {error.strerror}.", ANEW) from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            missing = [key for key in ("problem", "gold") if key not in row]
        except (ValueError, TypeError) as error:
            raise TrainerError(f"{path.name}, line {number}: {error}.", ANEW) from error
        if missing:
            raise TrainerError(f"{path.name}, line {number}: no {' and no '.join(missing)}.", ANEW)
        out.append(row)
    return out


def _stored(row: dict[str, Any]) -> Stored:
    return Stored(
        problem=Problem(str(row["problem_id"]), str(row["problem"]), str(row["gold"])),
        solution=str(row["solution"]),
        answer=row.get("answer"),
        verdict=str(row.get("verdict", "incorrect")),
        group=row.get("group"),
        reflection=row.get("reflection"),
        fixed=bool(row.get("fixed")),
        attempt=row.get("attempt_id"),
        wrong_line=row.get("wrong_line"),
        error_type=row.get("error_type"),
    )


def _family(trainable: Path) -> str | None:
    card = trainable.parent / "errata.json"
    if not card.is_file():
        return None
    family = _json(card).get("prompts")
    return family if isinstance(family, str) else None
