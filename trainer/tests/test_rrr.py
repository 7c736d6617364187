"""Reflect, retry, reward: the reflection alone learns, from a retry that stands apart."""

import json

import numpy as np
import pytest
import torch
from probes import PROBLEM, batch_of, by_group, given, losses, said, token_gradients
from test_scrpo import WRONG

from errata_trainer.recorder import median_analysis
from errata_trainer.rrr import marker_start
from errata_trainer.schedule import CORRECTION, TRIAL

SAID = "Analysis: Line 1, sign error: should be $2x=4$."
FREE = "Line 1, sign error: should be $2x=4$."
OPEN = "Analysis: Line 1, sign error: should be $2x…"
GOES_ON = f"{SAID}\nCorrected Solution:\n$2x=4$\n\\boxed{{5}}"
REFLECTIONS = [GOES_ON, f"{SAID}\n", FREE, OPEN]
RETRIES = [r"\boxed{2}", r"\boxed{5}", r"\boxed{2}", "$x=2$"]
REWARDS = [1, 0, 1, 0]


@pytest.fixture
def trainer_of(run_folder):
    def make(*turns, cycle=(0, 1), correction=None, length=40, **changes):
        folder = run_folder(
            method="rrr",
            pool=[WRONG],
            problems=[PROBLEM],
            problems_per_step=1,
            num_generations=len(turns[0]),
            max_steps=4,
            max_completion_length=length,
            correction={"cycle": list(cycle)} | (correction or {}),
            **changes,
        )
        return given(folder, *turns)

    return make


def test_the_retry_follows_the_reflection_and_stands_apart(trainer_of):
    trainer = trainer_of(REFLECTIONS, RETRIES)
    batch = batch_of(trainer)
    asked = f"<q>{WRONG['problem']}<a>{WRONG['solution']}<eos><r>"
    assert trainer.asked[0] == [asked] * 4
    texts = [SAID, SAID, FREE, OPEN.rstrip("…")]
    assert trainer.asked[1] == [f"{asked}{text}\nCorrected Solution:" for text in texts]
    assert [row.reward for row in trainer._rows] == REWARDS
    assert [row.turns[0].verdict for row in trainer._rows] == ["correct", "incorrect", "correct", "incorrect"]
    # The sequence that learns is the reflection, without what came after the marker.
    kept = [said(trainer, f"{SAID}\n…"), *(said(trainer, text) for text in REFLECTIONS[1:])]
    assert [row.ids for row in trainer._rows] == kept
    assert batch["completion_ids"].shape[1] == max(map(len, kept))


def test_both_turns_are_in_the_record(trainer_of):
    trainer = trainer_of(REFLECTIONS, RETRIES)
    batch_of(trainer)
    rows = [json.loads(line) for line in (trainer.job.folder / "rollouts" / "step-1.jsonl").read_text().splitlines()]
    retry = len(said(trainer, RETRIES[0]))
    first = rows[0]
    assert (first["completion"], first["analysis"], first["answer"]) == (RETRIES[0], SAID, "2")
    assert [turn["kind"] for turn in first["turns"]] == ["reflection", "solution"]
    assert [turn["tokens"] for turn in first["turns"]] == [len(trainer._rows[0].ids), retry]
    assert [turn["learning_tokens"] for turn in first["turns"]] == [len(trainer._rows[0].ids), 0]
    generated = sum(len(said(trainer, text)) for text in [*REFLECTIONS, *RETRIES])
    assert trainer.recorder.tokens == generated
    assert median_analysis(trainer._rows) == np.median([len(row.ids) for row in trainer._rows])


@pytest.mark.parametrize("beta", [0.0, 0.02])
@pytest.mark.parametrize("on_failure", ["skip", "signed", "all"])
def test_the_reflection_alone_learns(trainer_of, on_failure, beta):
    trainer = trainer_of(REFLECTIONS, RETRIES, correction={"on_failure": on_failure, "beta": beta})
    gradients = token_gradients(trainer, batch_of(trainer))
    for row, reward, gradient in zip(trainer._rows, REWARDS, gradients, strict=True):
        skipped = on_failure == "skip" and not reward
        assert ((gradient[: len(row.ids)] != 0) == (beta > 0 or not skipped)).all()
        assert (gradient[len(row.ids) :] == 0).all()
        assert row.learning_tokens == (0 if skipped else len(row.ids))


@pytest.mark.parametrize("kl_mask", ["mask", "all"])
@pytest.mark.parametrize("think_mask", [0, 1])
def test_thinking_goes_by_its_mask(trainer_of, monkeypatch, think_mask, kl_mask):
    # The embedded model's tokenizer cannot write `</think>`.
    monkeypatch.setattr("errata_trainer.reflection.THINK_END", "No error found.")
    thought = "$x=2$No error found."
    correction = {"think_mask": think_mask, "kl_mask": kl_mask, "beta": 0.02}
    trainer = trainer_of([f"{thought}{text}" for text in REFLECTIONS], RETRIES, correction=correction)
    gradients = token_gradients(trainer, batch_of(trainer))
    assert thought not in trainer.asked[1][0]
    tokens = len(said(trainer, f"{thought}…"))
    for row, gradient in zip(trainer._rows, gradients, strict=True):
        assert ((gradient[:tokens] != 0) == (think_mask == 1 or kl_mask == "all")).all()
        assert (gradient[tokens : len(row.ids)] != 0).all()
        assert row.learning_tokens == len(row.ids) - (0 if think_mask else tokens)


def test_signed_is_the_default(trainer_of):
    assert trainer_of(REFLECTIONS, RETRIES).job.recipe["correction"]["on_failure"] == "signed"


@pytest.mark.parametrize("on_failure", ["skip", "signed"])
def test_the_loss_is_the_formula(trainer_of, on_failure):
    trainer = trainer_of(REFLECTIONS, RETRIES, correction={"on_failure": on_failure, "beta": 0.03})
    batch = batch_of(trainer)
    worth = by_group(REWARDS)
    expected = [(a, r if on_failure == "skip" else 1, 0.03) for a, r in zip(worth, REWARDS, strict=True)]
    loss, formula = losses(trainer, batch, expected)
    assert loss == pytest.approx(formula, rel=1e-4)


def test_equal_rewards_give_zero_advantage(trainer_of):
    trainer = trainer_of(REFLECTIONS, [r"\boxed{2}"] * 4, correction={"beta": 0})
    batch = batch_of(trainer)
    assert (batch["advantages"] == 0).all()
    assert (token_gradients(trainer, batch) == 0).all()


def test_a_retry_that_nobody_can_judge_leaves_the_mean(trainer_of):
    trainer = trainer_of(REFLECTIONS, [r"\boxed{x}", *RETRIES[1:]])
    batch_of(trainer)
    assert [row.advantage for row in trainer._rows] == pytest.approx([0, *by_group([0, 1, 0])], rel=1e-4)


def test_a_reflection_that_leaves_no_room_for_a_retry_failed(trainer_of):
    long = "Analysis: " + "Line 1, sign error: should be $2x=4$. " * 12
    trainer = trainer_of([long, *REFLECTIONS[1:]], RETRIES[1:], length=110)
    batch_of(trainer)
    first = trainer._rows[0]
    assert (len(first.turns), first.verdict, first.reward) == (1, "truncated", 0)
    assert first.advantage < 0


def test_a_reflection_that_is_the_marker_keeps_a_token(trainer_of):
    trainer = trainer_of(["Corrected Solution:\n$x=2$\n\\boxed{2}", *REFLECTIONS[1:]], RETRIES)
    batch_of(trainer)
    assert len(trainer._rows[0].ids) == 1


def test_a_trial_step_fills_the_pool_and_changes_nothing(trainer_of):
    trials = [r"\boxed{2}", r"\boxed{5}", r"\boxed{2}", r"\boxed{7}"]
    trainer = trainer_of(trials, cycle=(1, 1), weight_decay=0.1)
    batch = batch_of(trainer)
    assert trainer._stage == TRIAL
    assert [e.answer for e in trainer.pool.errors][-2:] == ["5", "7"]
    assert all(row.advantage == row.learning_tokens == 0 for row in trainer._rows)
    assert batch["num_items_in_batch"] == 0
    # Moments of an earlier step would move the weights even where the gradient is zero.
    for weight in trainer.model.parameters():
        weight.grad = torch.ones_like(weight)
    trainer.optimizer.step()
    trainer.model.zero_grad()
    before = [weight.detach().clone() for weight in trainer.model.parameters()]
    moments = [state["exp_avg"].clone() for state in trainer.optimizer.state.values()]
    trainer.compute_loss(trainer.model, batch).backward()
    trainer.optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))
    after = [state["exp_avg"] for state in trainer.optimizer.state.values()]
    assert all(torch.equal(a, b) for a, b in zip(moments, after, strict=True))


def test_the_schedule_is_scrpo_s(trainer_of):
    trainer = trainer_of(REFLECTIONS, cycle=(1, 1), correction={"beta": 0.03, "learning_rate": 1e-4})
    assert [trainer.plan(step)[0] for step in (1, 2)] == [TRIAL, CORRECTION]
    assert trainer.settings(TRIAL) == (0, 0)
    assert trainer.settings(CORRECTION) == (1e-4, 0.03)


def test_no_prompt_holds_the_gold_answer(run_folder):
    wrong = WRONG | {"gold": "GOLD", "solution": "<think>GOLD?</think>\n$x=5$\n\\boxed{5}"}
    options = {"num_generations": 4, "problems_per_step": 1, "correction": {"cycle": [0, 1]}}
    folder = run_folder(method="rrr", pool=[wrong], **options)
    trainer = given(folder, REFLECTIONS, RETRIES)
    batch_of(trainer)
    assert "GOLD" not in str(trainer.asked)
    assert "$x=5$" in trainer.asked[1][0]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        (GOES_ON, f"{SAID}\n"),
        ("**Corrected Solution:**\n$x$", ""),
        ("<think>Corrected Solution: no</think>Analysis: a\n## Corrected Solution\nb", None),
        (SAID, None),
        ("<think>Analysis: a\nCorrected Solution:", None),
    ],
)
def test_where_the_marker_begins(text, before):
    if before is None and "##" in text:
        before = text[: text.index("##")]
    assert marker_start(text) == (-1 if before is None else len(before))
