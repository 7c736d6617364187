"""DPO: which attempts make a pair, and the loss on them."""

import json

import numpy as np
import pytest
import torch
from conftest import events_of, problems_of
from offline_cases import attempts_of, pool_of, solution, stop_after_collecting
from safetensors.torch import load_file

from errata_trainer.build import build_trainer
from errata_trainer.dpo import pairs_of
from errata_trainer.events import EventLog
from errata_trainer.recipe import Problem, Stored, load_job
from errata_trainer.run import run

SMALL = {"method": "dpo", "problems_per_step": 4, "max_steps": 6, "checkpoint_every": 2, "export": "none"}


@pytest.fixture
def trainer_of(run_folder):
    """A trainer on stored attempts; its weights are random and have left the reference."""

    def make(pool=None, **changes):
        pool = pool_of(4, right=2, wrong=2) if pool is None else pool
        folder = run_folder(pool=pool, problems=problems_of(4), **SMALL | changes)
        trainer = build_trainer(load_job(folder), EventLog(folder), cuda=False)
        torch.manual_seed(1)
        with torch.no_grad():
            for weight, reference in zip(trainer.model.parameters(), trainer.ref_model.parameters(), strict=True):
                reference.normal_(0, 0.2)
                weight.copy_(reference + 0.02 * torch.randn_like(weight))
        trainer.current_gradient_accumulation_steps = 1
        return trainer

    return make


def examples_of(folder):
    return [json.loads(line) for line in (folder / "examples.jsonl").read_text().splitlines()]


def stored(text: str, verdict: str) -> Stored:
    return Stored(Problem("p", "?", "1"), text, "1", verdict, 0, None, False)


def test_each_attempt_of_a_group_is_in_a_pair_once_and_the_fewer_again():
    right = [stored(t, "correct") for t in ("r1", "r2", "r1")]
    wrong = [stored(t, "incorrect") for t in ("w1", "w2", "w3")]
    others = [stored("t", "truncated"), stored("u", "unscored")]
    pairs = [(r.solution, w.solution) for r, w in pairs_of([*right, *others, *wrong])]
    assert pairs == [("r1", "w1"), ("r2", "w2"), ("r1", "w3")]
    assert pairs_of(right) == pairs_of(wrong) == []


def test_pairs_are_a_right_and_a_wrong_attempt_of_one_group(trainer_of):
    first, second = problems_of(2)
    pool = attempts_of(first, right=1, wrong=3, group=1) + attempts_of(first, right=1, wrong=0, group=2)
    pool += attempts_of(second, right=0, wrong=1, group=3)
    trainer = trainer_of(pool=pool, dpo={"per_problem": 2})
    rows = examples_of(trainer.job.folder)
    read = trainer._tokenizer.decode
    assert [read(r["prompt"]) for r in rows] == [f"<q>{first['problem']}<a>"] * 2
    assert [read(r["chosen"]) for r in rows] == [solution(first["gold"]) + "<eos>"] * 2
    gold = int(first["gold"])
    assert [read(r["rejected"]) for r in rows] == [solution(str(gold + i)) + "<eos>" for i in (1, 2)]
    (event,) = events_of(trainer.job.folder, "examples")
    assert event["counts"] == {"preference": 2}
    assert event["left_out"] == {"pairs more than dpo.per_problem": 1}


def logps_of(model, batch):
    """Summed log-probabilities of the completions, from plain logits: [2 pairs] in float64."""
    ids, mask = batch["input_ids"], batch["completion_mask"][:, 1:].numpy()
    logits = model(input_ids=ids, attention_mask=batch["attention_mask"]).logits[:, :-1].double().numpy()
    logits = logits - logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    picked = np.take_along_axis(logits, ids[:, 1:, None].numpy(), -1)[..., 0]
    return (picked * mask).sum(1), mask.sum(1)


@pytest.mark.parametrize("beta", [0.1, 0.5])
@pytest.mark.parametrize("loss", ["sigmoid", "ipo"])
def test_the_loss_is_the_formula(trainer_of, loss, beta):
    trainer = trainer_of(beta=beta, dpo={"loss": loss})
    batch = next(iter(trainer.get_train_dataloader()))
    with torch.no_grad():
        found = trainer.compute_loss(trainer.model, dict(batch)).item()
        policy, lengths = logps_of(trainer.model, batch)
        reference, _ = logps_of(trainer.ref_model, batch)
    ratios = policy - reference
    if loss == "ipo":
        # TRL's, agreed with IPO's authors: log-ratios by token.
        right, wrong = np.split(ratios / lengths, 2)
        expected = ((right - wrong - 1 / (2 * beta)) ** 2).mean()
    else:
        right, wrong = np.split(ratios, 2)
        expected = np.log1p(np.exp(-beta * (right - wrong))).mean()
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_prompt_gets_exactly_zero_gradient_and_the_attempts_do_not(trainer_of):
    trainer = trainer_of()
    batch = next(iter(trainer.get_train_dataloader()))
    kept = {}

    def keep(_module, _inputs, output):
        output.retain_grad()
        kept["last"] = output

    handle = trainer.model.model.norm.register_forward_hook(keep)
    trainer.compute_loss(trainer.model, dict(batch)).backward()
    handle.remove()
    norms = kept["last"].grad.norm(dim=-1)[:, :-1]
    assert ((norms != 0) == (batch["completion_mask"][:, 1:] == 1)).all()
    assert (batch["completion_mask"] == 0).any()


def metrics_of(folder):
    keys = ("step", "stage", "loss", "chosen_logp", "rejected_logp", "margin", "margin_accuracy", "learning_rate")
    return [tuple(e[k] for k in keys) for e in events_of(folder, "metrics")]


HOT = {"temperature": 4.0, "max_completion_length": 12, "num_generations": 8, "data": {"examples": "sampled"}}


@pytest.mark.parametrize("how", [{}, pytest.param(HOT, marks=pytest.mark.full)])
def test_stopped_and_resumed_is_the_run_that_never_stopped(run_folder, chance_grader, monkeypatch, how):
    given = {"launch": {"grader": chance_grader}, "problems": problems_of(6), "pool": pool_of(6)}
    changes = SMALL | how | {"lr_schedule": "cosine", "learning_rate": 1e-3}
    whole = run_folder("whole", **given, **changes)
    assert run(whole, resume=False) == 0
    parts = run_folder("parts", **given, **changes)
    for stops in (1, 2):
        stop_after_collecting(monkeypatch, parts)
        assert run(parts, resume=stops > 1) == 0
        assert events_of(parts)[-1]["reason"] == "stopped"
    assert run(parts, resume=True) == 0
    assert metrics_of(parts) == metrics_of(whole)
    assert [m[:2] for m in metrics_of(whole)] == [(step, "preference") for step in range(1, 7)]
    # From the base model itself: nothing is preferred yet.
    assert metrics_of(whole)[0][2] == pytest.approx(np.log(2))
    assert metrics_of(whole)[-1][5] > 0
    weights = [load_file(f / "model" / "hf" / "model.safetensors") for f in (whole, parts)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_sampled_groups_pass_the_filter(run_folder, chance_grader):
    counts = []
    for i, kept in enumerate(({"kind": "mixed"}, {"kind": "band", "low": 0.5, "high": 0.5})):
        changes = SMALL | HOT | {"max_steps": 1, "filter": kept, "problems_per_step": 24, "dpo": {"per_problem": 1}}
        folder = run_folder(f"run{i}", launch={"grader": chance_grader}, **changes)
        assert run(folder, resume=False) == 0
        counts.append(len(examples_of(folder)))
    assert counts[0] > counts[1] > 0
