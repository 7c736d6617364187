"""A run folder's inputs: recipe, problems, seeded errors, prompts and launch file."""

import json
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Job:
    """Everything that a run is told."""

    folder: Path
    recipe: dict[str, Any]
    """Complete: every default of the schema is filled in."""
    problems: list[Problem]
    seeds: list[PoolError]
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
    def cycle(self) -> tuple[int, int]:
        """Steps of trial and of correction in a cycle; GRPO never corrects."""
        if self.recipe["method"] == "grpo":
            return 1, 0
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
    problems = [Problem(str(r["id"]), str(r["problem"]), str(r["gold"])) for r in _lines(folder / "problems.jsonl")]
    if not problems:
        raise TrainerError("The problem set is empty: problems.jsonl has no line.", "Choose another problem set.")
    job = Job(
        folder=folder,
        recipe=recipe,
        problems=problems,
        seeds=[_seed(row) for row in _lines(folder / "pool.jsonl", required=False)],
        solve=Prompt.read(folder / "prompts" / "solve.jinja"),
        reflect=Prompt.read(folder / "prompts" / "reflect.jinja"),
        model=str(launch["model"]),
        trainable=trainable,
        grader=launch.get("grader"),
        threads=max(1, int(launch.get("threads") or 1)),
        family=launch.get("prompts") or _family(trainable),
    )
    if sum(job.cycle) == 0:
        raise TrainerError("recipe.json: correction.cycle is [0, 0]: no step would be taken.", "Set one of them.")
    return job


def check_recipe(recipe: Any, schema: Path) -> None:
    """Hold a recipe against the schema, when it is reachable, and against what the trainer reads."""
    if schema.is_file():
        validator = jsonschema.Draft7Validator(_json(schema))
        error = jsonschema.exceptions.best_match(validator.iter_errors(recipe))
        if error is not None:
            raise TrainerError(f"recipe.json: {error.json_path.removeprefix('$.')}: {error.message}.", ANEW)
    try:
        incomplete = [k for k in REQUIRED if k not in recipe]
        incomplete += [f"correction.{k}" for k in REQUIRED_CORRECTION if k not in recipe.get("correction", {})]
        incomplete += [f"pool.{k}" for k in REQUIRED_POOL if k not in recipe.get("pool", {})]
    except (TypeError, AttributeError) as error:
        raise TrainerError(f"recipe.json: not a recipe ({error}).", ANEW) from error
    if incomplete:
        raise TrainerError(f"recipe.json: {', '.join(incomplete)} missing.", ANEW)


REQUIRED = (
    "method", "seed", "max_steps", "problems_per_step", "num_generations", "max_completion_length",
    "temperature", "top_p", "top_k", "learning_rate", "beta", "epsilon", "epsilon_high", "adam_beta1",
    "adam_beta2", "weight_decay", "max_grad_norm", "checkpoint_every", "filter", "strip_thinking", "export",
)  # fmt: skip
REQUIRED_CORRECTION = ("cycle", "learning_rate", "beta", "mask", "kl_mask", "on_failure", "think_mask")
REQUIRED_POOL = ("max_size", "per_problem", "max_uses")


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


def _seed(row: dict[str, Any]) -> PoolError:
    solution = str(row["solution"])
    return PoolError(
        problem_id=str(row["problem_id"]),
        problem=str(row["problem"]),
        gold=str(row["gold"]),
        solution=solution,
        answer=row.get("answer"),
        wrong_line=first_differing_line(solution, ()),
    )


def _family(trainable: Path) -> str | None:
    card = trainable.parent / "errata.json"
    if not card.is_file():
        return None
    family = _json(card).get("prompts")
    return family if isinstance(family, str) else None
