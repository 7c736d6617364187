"""Every preset (recipes/*.json) runs on the embedded model."""

import json

import pytest
from conftest import ROOT, SCHEMA, events_of, problems_of, recipe_of
from offline_cases import pool_of
from test_run import signals  # noqa: F401

from errata_trainer.config import grpo_config
from errata_trainer.defaults import _over as over
from errata_trainer.recipe import check_recipe, load_job
from errata_trainer.run import run

PRESETS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "recipes").glob("*.json"))}
SHORT = {"max_steps": 2, "problems_per_step": 4, "max_completion_length": 24, "export": "none"}


def fields(preset, size):
    """What a preset writes into a recipe."""
    given = over(preset["large"], preset["full"]) if size == "full" else preset[size]
    return {"method": preset["method"]} | given


@pytest.mark.parametrize("size", ["small", "large", "full"])
@pytest.mark.parametrize("name", PRESETS)
def test_the_trainer_takes_it(name, size):
    check_recipe(recipe_of(**fields(PRESETS[name], size)), SCHEMA)


@pytest.mark.full
@pytest.mark.parametrize("name", PRESETS)
def test_it_runs_on_the_embedded_model(run_folder, chance_grader, name):
    given = fields(PRESETS[name], "small") | SHORT
    data = {"data": {"take": "all"}} if "data" in PRESETS[name]["sections"] else {}
    cycle = {"correction": {"cycle": [1, 1]}} if "correction" in PRESETS[name]["sections"] else {}
    folder = run_folder(
        problems=problems_of(12),
        pool=pool_of(8, right=2, wrong=2),
        launch={"grader": chance_grader},
        **over(over(given, data), cycle),
    )
    assert run(folder, resume=False) == 0, (events_of(folder) or [""])[-1]
    assert events_of(folder)[-1]["reason"] == "finished"
    assert [event["step"] for event in events_of(folder, "metrics")] == [1, 2]


@pytest.mark.parametrize("name", [n for n in PRESETS if n not in ("sft", "dpo", "s2r-initialise")])
def test_the_step_can_be_cut_into_its_pieces(run_folder, name):
    config = grpo_config(load_job(run_folder(**fields(PRESETS[name], "large"))), cuda=False)
    assert config.per_device_train_batch_size * config.gradient_accumulation_steps == (
        PRESETS[name]["large"]["problems_per_step"] * PRESETS[name]["large"]["num_generations"]
    )
