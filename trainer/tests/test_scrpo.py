"""The loss and its gradients, on completions that the tests write themselves."""

from collections import Counter

import numpy as np
import pytest
import torch
from conftest import MODEL, events_of
from probes import bare, batch_of, logps_of, said, token_gradients

from errata_trainer.build import load_tokenizer
from errata_trainer.errors import TrainerError
from errata_trainer.recipe import load_job
from errata_trainer.rollout import Rollout
from errata_trainer.schedule import CORRECTION, TRIAL

WRONG = {
    "problem_id": "p0",
    "problem": "Solve for $x$: $2x+3=7$",
    "gold": "2",
    "solution": "$2x=10$\n$x=5$\n\\boxed{5}",
    "answer": "5",
}
ANALYSIS = "Analysis: Line 1, sign error: should be $2x=4$.\nCorrected Solution:"
RIGHT = f"{ANALYSIS}\n$2x=4$\n$x=2$\n\\boxed{{2}}"
STILL_WRONG = f"{ANALYSIS}\n$x=5$\n\\boxed{{5}}"
UNPARSED = "Line 1, sign error: should be $2x=4$.\n\\boxed{2}"
OPEN = "Analysis: Line 1, sign error: should be $2x=4$"
GROUP = [RIGHT, STILL_WRONG, RIGHT, UNPARSED]


@pytest.fixture
def trainer_of(run_folder):
    """A trainer whose completions are given; `cycle` (0, 1) corrects, (1, 0) tries."""

    def make(completions, pool=(WRONG,), problems=None, places=1, cycle=(0, 1), end=True, correction=None, **changes):
        folder = run_folder(
            pool=pool,
            problems=problems,
            problems_per_step=places,
            num_generations=len(completions) // places,
            max_steps=4,
            correction={"cycle": list(cycle)} | (correction or {}),
            **changes,
        )
        trainer = bare(folder)
        answers = [said(trainer, text if end else f"{text}…") for text in completions]
        trainer.sample = lambda *_, **__: [(row, None) for row in answers]
        return trainer

    return make


def marker_end(trainer, ids):
    """Tokens through the marker, found by its own token: independent of character offsets."""
    marker = trainer._tokenizer.convert_tokens_to_ids("Corrected Solution:")
    return ids.index(marker) + 1 if marker in ids else None


def expected_mask(trainer, row: Rollout, mask):
    length, end = len(row.ids), marker_end(trainer, row.ids)
    if mask == "all":
        return np.ones(length)
    analysis = np.zeros(length)
    analysis[: length if end is None else end] = 1
    if row.text == UNPARSED:
        analysis[:] = 1
    return analysis if mask == "analysis" else (1 - analysis)


@pytest.mark.parametrize("mask", ["analysis", "solution", "all"])
def test_the_record_says_what_of_the_analysis_learns(trainer_of, mask):
    trainer = trainer_of(GROUP, correction={"mask": mask, "on_failure": "signed"})
    batch_of(trainer)
    for row in trainer._rows:
        analysis = expected_mask(trainer, row, "analysis")
        learns = expected_mask(trainer, row, mask)
        record = row.record(CORRECTION)
        assert record["learning_analysis"] == (analysis * learns).sum()
        assert record["learning_tokens"] == learns.sum()


@pytest.mark.parametrize("kl_mask", ["mask", "all"])
@pytest.mark.parametrize("on_failure", ["skip", "signed", "all"])
@pytest.mark.parametrize("mask", ["analysis", "solution", "all"])
def test_masked_tokens_get_exactly_zero_gradient_and_the_rest_do_not(trainer_of, mask, on_failure, kl_mask):
    options = {"mask": mask, "on_failure": on_failure, "kl_mask": kl_mask, "beta": 0.0 if kl_mask == "mask" else 0.02}
    trainer = trainer_of(GROUP, correction=options)
    gradients = token_gradients(trainer, batch_of(trainer))
    for row, gradient in zip(trainer._rows, gradients, strict=True):
        policy = expected_mask(trainer, row, mask)
        if row.verdict != "correct":
            policy = {"skip": policy * 0, "signed": policy, "all": policy * 0 + 1}[on_failure]
        learns = policy if kl_mask == "mask" else np.ones(len(row.ids))
        expected = np.zeros(len(gradient))
        expected[: len(learns)] = learns
        assert ((gradient != 0) == (expected == 1)).all()
        assert row.learning_tokens == policy.sum()


def test_the_kl_stays_on_the_mask_of_failures_that_are_skipped(trainer_of):
    trainer = trainer_of(GROUP, correction={"on_failure": "skip", "beta": 0.02})
    gradients = token_gradients(trainer, batch_of(trainer))
    for row, gradient in zip(trainer._rows, gradients, strict=True):
        mask = expected_mask(trainer, row, "analysis")
        assert ((gradient[: len(mask)] != 0) == (mask == 1)).all()
        assert (gradient[len(mask) :] == 0).all()


def test_nothing_flows_into_the_model_from_masked_tokens(trainer_of):
    """The embeddings of the corrected solution are inputs of masked tokens alone: their gradient is exactly zero."""
    trainer = trainer_of([RIGHT, STILL_WRONG])
    kept = {}

    def keep(_module, _inputs, output):
        output.retain_grad()
        kept["embedded"] = output

    batch = batch_of(trainer)
    handle = trainer.model.get_input_embeddings().register_forward_hook(keep)
    trainer.compute_loss(trainer.model, batch).backward()
    handle.remove()
    said = batch["completion_ids"].size(1)
    for row, gradient in zip(trainer._rows, kept["embedded"].grad, strict=True):
        end = marker_end(trainer, row.ids)
        norms = gradient[-said:].norm(dim=-1)
        # The last analysis token is predicted from the one before it.
        assert (norms[end - 1 :] == 0).all()
        assert (norms[: end - 1] > 0).all()


@pytest.mark.parametrize("text", [RIGHT, STILL_WRONG])
def test_equal_rewards_give_zero_advantage(trainer_of, text):
    trainer = trainer_of([text] * 4, correction={"beta": 0.0, "on_failure": "signed"})
    batch = batch_of(trainer)
    assert (batch["advantages"] == 0).all()
    assert all(row.advantage == row.learning_tokens == 0 for row in trainer._rows)
    assert (token_gradients(trainer, batch) == 0).all()


@pytest.mark.parametrize("stage", [TRIAL, CORRECTION])
@pytest.mark.parametrize(("on_failure", "kl_mask"), [("skip", "mask"), ("signed", "all"), ("all", "mask")])
def test_the_loss_is_the_formula(trainer_of, stage, on_failure, kl_mask):
    completions = GROUP if stage == CORRECTION else [r"\boxed{2}", r"$x=5$" "\n" r"\boxed{5}", r"\boxed{4}", "$x=2$"]
    correction = {"on_failure": on_failure, "kl_mask": kl_mask, "beta": 0.03}
    problems = [{"id": "p0", "problem": WRONG["problem"], "gold": "2"}]
    cycle = (0, 1) if stage == CORRECTION else (1, 0)
    trainer = trainer_of(completions, cycle=cycle, correction=correction, beta=0.05, problems=problems)
    batch = batch_of(trainer)
    with torch.no_grad():
        policy, reference = (logps_of(model, batch) for model in (trainer.model, trainer.ref_model))
    # An older policy, so that the ratio leaves the clip range on both sides.
    old = policy + np.random.default_rng(0).normal(0, 0.3, policy.shape)
    batch["old_per_token_logps"] = torch.tensor(old, dtype=torch.float32)
    with torch.no_grad():
        loss = trainer.compute_loss(trainer.model, batch).item()

    recipe, beta = trainer.job.recipe, 0.03 if stage == CORRECTION else 0.05
    rewards = np.array([float(row.verdict == "correct") for row in trainer._rows])
    assert 0 < rewards.sum() < len(rewards)
    advantage = (rewards - rewards.mean()) / (rewards.std(ddof=1) + 1e-4)
    total, count = 0.0, 0.0
    for i, row in enumerate(trainer._rows):
        length = len(row.ids)
        m = expected_mask(trainer, row, "analysis") if stage == CORRECTION else np.ones(length)
        if stage == CORRECTION and not rewards[i] and on_failure == "all":
            m = np.ones(length)
        learns = m * (0 if stage == CORRECTION and not rewards[i] and on_failure == "skip" else 1)
        kl_tokens = np.ones(length) if stage == CORRECTION and kl_mask == "all" else m
        ratio = np.exp(policy[i, :length] - old[i, :length])
        clipped = np.clip(ratio, 1 - recipe["epsilon"], 1 + recipe["epsilon_high"])
        d = reference[i, :length] - policy[i, :length]
        k3 = np.exp(d) - d - 1
        total += (learns * np.minimum(ratio * advantage[i], clipped * advantage[i]) - beta * kl_tokens * k3).sum()
        count += kl_tokens.sum()
    assert loss == pytest.approx(-total / count, rel=1e-4)


def test_each_stage_has_its_own_rate_and_kl(trainer_of):
    options = {"learning_rate": 1e-4, "beta": 0.04}
    trainer = trainer_of(GROUP, correction=options, learning_rate=3e-4, beta=0.01)
    trainer._enter(TRIAL, 1)
    assert (trainer._beta, trainer.optimizer.param_groups[0]["lr"]) == (0.01, 3e-4)
    trainer._enter(CORRECTION, 1)
    assert (trainer._beta, trainer.optimizer.param_groups[0]["lr"]) == (0.04, 1e-4)


def test_verdicts_of_reflections(trainer_of):
    trainer = trainer_of([RIGHT, STILL_WRONG, UNPARSED, RIGHT.replace("{2}", "{x}")])
    batch_of(trainer)
    assert [row.verdict for row in trainer._rows] == ["correct", "incorrect", "incorrect", "unscored"]
    # The unscored one left the group's mean and learns nothing.
    assert trainer._rows[3].advantage == 0
    assert trainer._rows[0].advantage == pytest.approx((1 - 1 / 3) / (np.std([1, 0, 0], ddof=1) + 1e-4), rel=1e-5)


def test_no_prompt_of_a_reflection_holds_the_gold_answer(trainer_of):
    wrong = WRONG | {"gold": "GOLD", "solution": "<think>GOLD?</think>\n$x=5$\n\\boxed{5}"}
    trainer = trainer_of(GROUP, pool=(wrong,))
    batch_of(trainer)
    assert all("GOLD" not in str(row.task.messages) for row in trainer._rows)
    assert "$x=5$" in str(trainer._rows[0].task.messages)


TRIALS = [r"\boxed{2}", r"$x=5$" "\n" r"\boxed{5}", r"\boxed{2}", r"\boxed{7}", "$x=", r"\boxed{2}"]
PROBLEM = [{"id": "p0", "problem": WRONG["problem"], "gold": "2"}]


def test_wrong_answers_of_a_mixed_group_enter_the_pool(trainer_of):
    trainer = trainer_of(TRIALS, pool=(), problems=PROBLEM, cycle=(1, 1))
    batch_of(trainer)
    assert [(e.answer, e.wrong_line) for e in trainer.pool.errors] == [("5", "$x=5$"), ("7", r"\boxed{7}")]


def test_a_truncated_answer_is_a_failure_and_never_enters(trainer_of):
    trainer = trainer_of(TRIALS, pool=(), problems=PROBLEM, cycle=(1, 1), end=False, filter={"kind": "all"})
    batch_of(trainer)
    assert trainer._rows[4].verdict == "truncated"
    assert trainer._rows[4].reward == 0
    assert "$x=" not in [e.solution for e in trainer.pool.errors]


def test_shaped_rewards_change_no_decision_of_the_filter(trainer_of, monkeypatch):
    decisions = []
    for shape in (lambda r: r, lambda r: 2 * r - 1):
        monkeypatch.setattr(Rollout, "reward", property(lambda row, shape=shape: shape(row.verdict == "correct")))
        trainer = trainer_of(TRIALS, name=f"run{len(decisions)}", pool=(), problems=PROBLEM, cycle=(1, 1))
        batch = batch_of(trainer)
        decisions.append((trainer.pool.state(), batch["advantages"].numpy().round(3).tolist()))
    assert decisions[0] == decisions[1]
    assert decisions[0][0]["errors"]


def test_a_pool_that_cannot_fill_a_step_means_trial_or_an_end(trainer_of):
    trainer = trainer_of(TRIALS, pool=(), problems=PROBLEM, cycle=(1, 1))
    assert trainer.plan(2)[0] == TRIAL
    trainer = trainer_of(GROUP, name="alone", pool=(WRONG,), cycle=(0, 1))
    assert [trainer.plan(step)[0] for step in (1, 2)] == [CORRECTION, CORRECTION]
    with pytest.raises(TrainerError, match=r"cannot fill step 3.* have 0 uses left"):
        trainer.plan(3)


def test_each_place_in_a_step_is_a_use_of_its_error(trainer_of):
    two = (WRONG, WRONG | {"problem_id": "p1"})
    trainer = trainer_of(GROUP * 3, places=3, pool=two, cycle=(1, 3))
    stage, tasks = trainer.plan(2)
    assert stage == CORRECTION
    assert sorted(Counter(t.problem.id for t in tasks).values()) == [1, 2]
    # One use is left, and a step takes three.
    assert trainer.plan(3)[0] == TRIAL
    assert trainer.pool.uses_left == 1


def test_what_leaves_no_room_to_reflect_does_not_enter(trainer_of):
    long = "$x=5$\n" * 30 + r"\boxed{5}"
    completions = [r"\boxed{2}", long, r"\boxed{2}", r"\boxed{7}"]
    trainer = trainer_of(completions, pool=(), problems=PROBLEM, cycle=(1, 1))
    batch_of(trainer)
    assert [e.answer for e in trainer.pool.errors] == ["7"]


def test_errors_given_are_told_apart_by_their_first_wrong_line(trainer_of):
    marked = [WRONG | {"wrong_line": line} for line in ("$2x=10$", "$x=5$", "$x=5$")]
    trainer = trainer_of(GROUP, pool=marked, name="marked")
    assert [e.wrong_line for e in trainer.pool.errors] == ["$2x=10$", "$x=5$"]
    # Without the editor's word: against the right attempts that stand beside, else the first line.
    right = {"verdict": "correct", "solution": "$2x=4$\n$x=2$", "answer": "2", "group": 1}
    opening = [WRONG | {"group": group, "solution": f"$2x=4$\n$x={5 - group}$\n\\boxed{{5}}"} for group in (1, 2)]
    trainer = trainer_of(GROUP, pool=[*opening, WRONG | right], name="beside")
    assert [e.wrong_line for e in trainer.pool.errors] == ["$x=4$", "$2x=4$"]


def test_the_figures_tell_of_the_error_types_of_what_was_given(trainer_of):
    given = [WRONG | {"problem_id": f"p{i}", "error_type": t} for i, t in enumerate(["sign", "copy", None, None])]
    trainer = trainer_of(GROUP, pool=given, name="typed")
    batch_of(trainer)
    assert (trainer.figures[0]["pool_type_entropy"], trainer.figures[0]["pool_typed"]) == (1, 0.5)
    trainer = trainer_of(GROUP, pool=(WRONG,), name="bare")
    batch_of(trainer)
    assert (trainer.figures[0]["pool_type_entropy"], trainer.figures[0]["pool_typed"]) == (None, None)


def test_errors_given_that_leave_no_room_to_reflect_are_counted_and_told(trainer_of):
    long = WRONG | {"problem_id": "p1", "solution": "$x=5$\n" * 30 + r"\boxed{5}"}
    trainer = trainer_of(GROUP, pool=(WRONG, long), name="long")
    assert [e.problem_id for e in trainer.pool.errors] == ["p0"]
    (alarm,) = [e for e in events_of(trainer.job.folder, "alarm") if e["kind"] == "too-long"]
    assert alarm["message"].startswith("1 of the 2 errors that the run was given leave no room")
    trainer = trainer_of(GROUP, pool=(WRONG,), name="short")
    assert not [e for e in events_of(trainer.job.folder, "alarm") if e["kind"] == "too-long"]


def test_the_tokenizer_reads_a_number_as_one_token(run_folder):
    tokenizer = load_tokenizer(load_job(run_folder()))
    assert len(tokenizer("12")["input_ids"]) == 1
    assert tokenizer.decode(tokenizer(RIGHT)["input_ids"]) == RIGHT
    assert (MODEL / "tokenizer.json").is_file()
