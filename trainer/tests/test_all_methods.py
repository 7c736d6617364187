"""What must hold for every method: a new one is a line in METHODS."""

import json
import subprocess
import sys

import pytest
import torch
from conftest import ROOT, events_of, problems_of, write_folder
from fixed_steps import steps_of
from offline_cases import pool_of
from safetensors.torch import load_file
from test_run import ENVIRONMENT, signals  # noqa: F401

from errata_trainer.run import run

STORED = {"pool": pool_of(8, right=2, wrong=2), "data": {"take": "all"}}
METHODS = {
    "scrpo": {"correction": {"cycle": [1, 1]}, "filter": {"kind": "mixed"}},
    "grpo": {},
    "dapo": {"dapo": {"overlong_buffer": 6, "max_batches": 3}},
    "dr_grpo": {"beta": 0.02},
    "score": {"score": {"stage_one_steps": 1, "beta_first": 0.1}},
    "rrr": {"correction": {"cycle": [1, 1]}, "filter": {"kind": "mixed"}},
    "s2r": {"s2r": {"stage": "process"}},
    "sft": STORED,
    "dpo": STORED,
}
FEW = ("scrpo", "grpo")
"""These in `npm test`, all in `npm run test:full`."""

each = pytest.mark.parametrize(
    "method", [name if name in FEW else pytest.param(name, marks=pytest.mark.full) for name in METHODS]
)


def recipe(method, **changes):
    """A short run of a method; its folder's `pool` is among it."""
    short = {
        "method": method,
        "problems": problems_of(12),
        "problems_per_step": 4,
        "num_generations": 4,
        "max_steps": 2,
        "checkpoint_every": 10,
        "export": "none",
    }
    return short | METHODS[method] | changes


def metrics_of(folder):
    clocks = ("time", "step_seconds", "tokens_per_second")
    return [{k: v for k, v in e.items() if k not in clocks} for e in events_of(folder, "metrics")]


@each
def test_stopped_and_resumed_is_the_run_that_never_stopped(run_folder, chance_grader, method):
    # Hot: groups of equal completions would teach nothing, whatever the model has learnt.
    options = recipe(method, temperature=4.0, max_completion_length=12, max_steps=3)
    whole, parts = (run_folder(name, launch={"grader": chance_grader}, **options) for name in ("whole", "parts"))
    assert run(whole, resume=False) == 0
    for stops in (1, 2):
        (parts / "control.json").write_text('{"command": "stop"}')
        assert run(parts, resume=stops > 1) == 0
        assert (events_of(parts)[-1]["reason"], metrics_of(parts)[-1]["step"]) == ("stopped", stops)
        assert not (parts / "control.json").exists()
    assert run(parts, resume=True) == 0
    assert [e["resumedFrom"] for e in events_of(parts, "start")] == [0, 1, 2]
    assert metrics_of(parts) == metrics_of(whole)
    assert any(m["loss"] for m in metrics_of(whole))
    weights = [load_file(f / "model" / "hf" / "model.safetensors") for f in (whole, parts)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    states = [json.loads((f / "checkpoints/checkpoint-3/errata_state.json").read_text()) for f in (whole, parts)]
    assert states[0] == states[1]


@pytest.fixture(scope="module")
def two_ranks(request, tmp_path_factory):
    """Folders of the chosen methods after their steps on two ranks: one start of torchrun for all of them."""
    chosen = [i.callspec.params["method"] for i in request.session.items if "two_ranks" in i.fixturenames]
    place = tmp_path_factory.mktemp("ranks")
    folders = {method: steps_folder(place / method, method) for method in chosen}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [*launch, "fixed_steps.py", *map(str, folders.values())]
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT / "trainer")}
    subprocess.run(command, cwd=ROOT / "trainer" / "tests", env=environment, check=True, timeout=600)
    return folders


def steps_folder(folder, method):
    # A rate at which the first step leaves the weights of the second as good as they were, and no clipping.
    given = {"learning_rate": 1e-12, "max_grad_norm": 1e9, "launch": {"grader": ["cat"]}}
    # Cut into pieces: at some steps one rank has a prompt in common in its piece, and the other has none.
    pieces = {"micro_batch": 2, "max_steps": 6} if method == "grpo" else {}
    return write_folder(folder, **recipe(method, **given, **pieces))


@each
def test_two_ranks_have_the_losses_and_gradients_of_one(two_ranks, tmp_path, method):
    folder = steps_folder(tmp_path / method, method)
    steps_of(folder)
    one, two = (torch.load(f / "steps.pt") for f in (folder, two_ranks[method]))
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-4, abs=1e-7)
    for a, b in zip(one["gradients"], two["gradients"], strict=True):
        assert torch.linalg.norm(a - b) <= 1e-4 * torch.linalg.norm(a)
    assert torch.linalg.norm(one["gradients"][-1]) > 0
    if METHODS[method] is not STORED:
        told = [[rollouts_of(f, step) for step in (1, 2)] for f in (folder, two_ranks[method])]
        # Advantages with a KL in them come from sums in another order.
        advantages = [[row.pop("advantage") for rows in steps for row in rows] for steps in told]
        assert advantages[0] == pytest.approx(advantages[1], rel=1e-4, abs=1e-6)
        assert told[0] == told[1]


def rollouts_of(folder, step):
    return [json.loads(line) for line in (folder / "rollouts" / f"step-{step}.jsonl").read_text().splitlines()]
