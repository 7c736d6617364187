"""Whole runs of S²R: several ranks, stopped and resumed."""

import subprocess
import sys

import pytest
import torch
from conftest import ROOT, events_of, problems_of
from offline_cases import stop_after_collecting
from safetensors.torch import load_file
from test_run import ENVIRONMENT, losses_of, signals  # noqa: F401
from test_s2r import GROUP
from test_scrpo import PROBLEM

from errata_trainer.run import run

SMALL = {
    "method": "s2r",
    "problems_per_step": 2,
    "num_generations": 4,
    "max_completion_length": 40,
    # Hot: groups of equal episodes would teach nothing, whatever the model has learnt.
    "temperature": 1.5,
    "max_steps": 3,
    "checkpoint_every": 5,
    "export": "none",
}


def test_a_run_tells_what_its_verifications_are_worth(run_folder, chance_grader):
    folder = run_folder(launch={"grader": chance_grader}, s2r={"stage": "process"}, **SMALL | {"max_steps": 1})
    assert run(folder, resume=False) == 0
    (metrics,) = events_of(folder, "metrics")
    assert metrics["stage"] == "process"
    assert {"acc_t1", "accuracy", "solutions", "verification_accuracy", "unparsed", "kl"} <= metrics.keys()
    assert -1 <= metrics["reward"] <= 1


@pytest.mark.full
@pytest.mark.parametrize("stage", ["initialise", "outcome", "process"])
def test_stopped_and_resumed_is_the_run_that_never_stopped(run_folder, chance_grader, monkeypatch, stage):
    options = {"s2r": {"stage": stage}, "problems": problems_of(8), "launch": {"grader": chance_grader}} | SMALL
    whole, parts = run_folder("whole", **options), run_folder("parts", **options)
    assert run(whole, resume=False) == 0
    for stops in (1, 2):
        if stage == "initialise":
            stop_after_collecting(monkeypatch, parts)
        else:
            (parts / "control.json").write_text('{"command": "stop"}')
        assert run(parts, resume=stops > 1) == 0
        assert losses_of(parts)[-1][0] == stops
    assert run(parts, resume=True) == 0
    assert losses_of(parts) == losses_of(whole)
    assert any(loss for _, _, loss, *_ in losses_of(whole))
    weights = [load_file(f / "model" / "hf" / "model.safetensors") for f in (whole, parts)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.full
@pytest.mark.parametrize("stage", ["outcome", "process"])
def test_two_ranks_have_the_loss_and_gradients_of_one(run_folder, tmp_path, stage):
    found = []
    for ranks in (1, 2):
        folder = run_folder(
            f"ranks{ranks}",
            problems=PROBLEM,
            method="s2r",
            s2r={"stage": stage},
            problems_per_step=1,
            num_generations=len(GROUP),
            max_completion_length=40,
        )
        out = tmp_path / f"{ranks}.pt"
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(ranks)]
        subprocess.run(
            [*launch, str(ROOT / "trainer/tests/ranks_s2r.py"), str(folder), str(out)],
            env=ENVIRONMENT,
            check=True,
            timeout=300,
        )
        found.append(torch.load(out))
    one, two = found
    assert one["loss"] != 0
    assert two["loss"].item() == pytest.approx(one["loss"].item(), rel=1e-5)
    for a, b in zip(one["gradients"], two["gradients"], strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-7)
    assert any(gradient.abs().max() > 0 for gradient in one["gradients"])
