"""DAPO's sampling, rewards and loss; its neighbours by configuration alone: Dr. GRPO and GRPO."""

import json

import numpy as np
import pytest
import torch
from conftest import problems_of
from probes import bare, batch_of, by_group, losses, said, token_gradients

PROBLEMS = problems_of(12)
GOLD = {p["problem"]: p["gold"] for p in PROBLEMS}
TEXTS = {"w": "$x=7$\n\\boxed{77}", "u": r"\boxed{x}", "t": "$x=7$\n$x=77$…"}
"""Wrong, cannot be judged, truncated; r is right."""


@pytest.fixture
def trainer_of(run_folder):
    """Each batch is a list of groups, each a letter for every rollout. The model says all of it, in order."""

    def make(*batches, method="dapo", length=40, **changes):
        folder = run_folder(
            method=method,
            problems=PROBLEMS,
            problems_per_step=len(batches[0]),
            num_generations=len(batches[0][0]),
            max_completion_length=length,
            max_steps=4,
            **changes,
        )
        trainer, answers = bare(folder), iter(batches)
        trainer.visited = []

        def sample(prompts, copies=1):
            problems = [trainer._tokenizer.decode(p).removeprefix("<q>").removesuffix("<a>") for p in prompts]
            letters = "".join(next(answers))
            assert (len(letters), copies) == (len(prompts), trainer.num_generations)
            trainer.visited += problems[::copies]
            texts = [TEXTS.get(x, f"\\boxed{{{GOLD[p]}}}") for x, p in zip(letters, problems, strict=True)]
            return [(said(trainer, text), None) for text in texts]

        trainer.sample = sample
        return trainer

    return make


def letters(trainer):
    """What stands in the step's places."""
    names = {"correct": "r", "incorrect": "w", "unscored": "u", "truncated": "t"}
    all_ = "".join(names[row.verdict] for row in trainer._rows)
    return [all_[i : i + trainer.num_generations] for i in range(0, len(all_), trainer.num_generations)]


BATCHES = [["rrrr", "rwww"], ["wwww", "rrrr"], ["rrww", "rrrw"]]


def test_it_samples_until_the_step_is_full_of_groups_that_the_filter_keeps(trainer_of):
    trainer = trainer_of(*BATCHES)
    batch_of(trainer)
    assert letters(trainer) == ["rwww", "rrww"]
    assert [row.place for row in trainer._rows] == [0] * 4 + [1] * 4
    # Problems come in the run's order, every one once; the next step goes on after them.
    assert len(set(trainer.visited)) == 6
    assert trainer.method_state() == {"visits": 6}
    assert trainer.next_problems()[0].problem.problem not in trainer.visited
    figures = trainer.figures[0]
    assert (figures["generation_batches"], figures["filled"]) == (3, 0)
    assert figures["discarded"] == pytest.approx(4 / 6)
    # Of everything sampled: the kept groups alone would tell about the filter.
    assert figures["accuracy"] == pytest.approx((4 + 1 + 0 + 4 + 2 + 3) / 24)
    assert figures["zero_variance"] == 0.5
    assert figures["unscored"] == figures["truncated"] == 0


def test_every_generated_token_counts(trainer_of):
    trainer = trainer_of(*BATCHES)
    batch_of(trainer)
    wrong, right = (len(said(trainer, text)) for text in (TEXTS["w"], r"\boxed{1}"))
    groups = [group for batch in BATCHES for group in batch]
    minus = sum("-" in GOLD[p] and group.count("r") for p, group in zip(trainer.visited, groups, strict=True))
    assert trainer.recorder.tokens == 10 * wrong + 14 * right + minus


def test_what_is_missing_is_filled_and_neither_learns_nor_counts(trainer_of):
    trainer = trainer_of(["rrrr", "wwww"], ["wwww", "rwww"], beta=0.1, dapo={"max_batches": 2})
    batch = batch_of(trainer)
    assert letters(trainer) == ["rwww", "wwww"]
    assert trainer.figures[0]["filled"] == 0.5
    gradients = token_gradients(trainer, batch)
    for row, gradient in zip(trainer._rows, gradients, strict=True):
        assert ((gradient[: len(row.ids)] != 0) == (row.place == 0)).all()
        assert (gradient[len(row.ids) :] == 0).all()
    assert batch["num_items_in_batch"] == sum(len(row.ids) for row in trainer._rows[:4])


def test_a_group_that_fills_its_place_has_no_advantage_though_it_is_mixed(trainer_of):
    trainer = trainer_of(["rwww", "rrww"], dapo={"max_batches": 1}, filter={"kind": "band", "low": 0.4, "high": 0.6})
    batch = batch_of(trainer)
    assert letters(trainer) == ["rrww", "rwww"]
    assert [row.advantage != 0 for row in trainer._rows] == [True] * 4 + [False] * 4
    assert ((batch["advantages"] != 0).any(1) == torch.tensor([True] * 4 + [False] * 4)).all()


def test_without_dynamic_sampling_one_batch_is_taken_as_it_is(trainer_of):
    trainer = trainer_of(["rrrr", "rwww"], dapo={"dynamic_sampling": False})
    batch_of(trainer)
    assert letters(trainer) == ["rrrr", "rwww"]
    assert trainer.figures[0] | {"filled": 0, "discarded": 0, "generation_batches": 1} == trainer.figures[0]


def test_a_group_needs_four_that_can_be_judged(trainer_of):
    trainer = trainer_of(["rwwu", "rwww"], ["rtww", "rwww"])
    batch_of(trainer)
    assert letters(trainer) == ["rwww", "rtww"]


@pytest.mark.parametrize("shape", [lambda r: r, lambda r: 2 * r - 1, lambda r: r - 0.3])
def test_shaped_rewards_change_no_decision(trainer_of, shape):
    trainer = trainer_of(*BATCHES)
    grade = trainer.grade

    def shaped(rows):
        grade(rows)
        for row in rows:
            row.last.shaped = shape(row.last.plain)

    trainer.grade = shaped
    batch_of(trainer)
    assert letters(trainer) == ["rwww", "rrww"]
    expected = [*by_group([1, 0, 0, 0]), *by_group([1, 1, 0, 0])]
    assert [row.advantage for row in trainer._rows] == pytest.approx(expected, abs=2e-3)


def test_the_soft_punishment_is_a_ramp(trainer_of):
    trainer = trainer_of(["rwww"], length=40, dapo={"overlong_buffer": 10, "overlong_penalty": 0.5})
    assert [trainer.overlong(n) for n in (1, 30, 31, 35, 40)] == pytest.approx([0, 0, 0.05, 0.25, 0.5])
    trainer.job.recipe["dapo"]["overlong_buffer"] = 0
    assert trainer.overlong(40) == 0


OVERLONG = {"overlong_buffer": 6, "overlong_penalty": 0.5}


def test_long_answers_lose_reward_and_the_filter_does_not_mind(trainer_of):
    trainer = trainer_of(["wwtw", "rrtu"], ["rwtw", "rwww"], length=10, dapo=OVERLONG)
    batch_of(trainer)
    # All wrong, of different lengths: rewards differ, and the group is thrown away all the same.
    assert letters(trainer) == ["rwtw", "rwww"]
    for row in trainer._rows:
        lost = 0.5 * max(0, len(row.ids) - 4) / 6
        assert row.reward == pytest.approx((row.verdict == "correct") - lost)
    assert trainer.figures[0]["overlong"] == np.mean([len(row.ids) > 4 for row in trainer._rows])


@pytest.mark.parametrize("buffer", [0, 6])
def test_the_loss_of_dapo_is_the_formula(trainer_of, buffer):
    trainer = trainer_of(
        ["rwtw", "rrwu"], dapo=OVERLONG | {"overlong_buffer": buffer, "dynamic_sampling": False}, length=10
    )
    batch = batch_of(trainer)
    assert (trainer.epsilon_low, trainer.epsilon_high, trainer.beta) == (0.2, 0.28, 0)
    assert trainer.ref_model is None
    assert letters(trainer) == ["rwtw", "rrwu"]
    rewards = [
        (letter == "r") - (0.5 * max(0, len(row.ids) - 4) / 6 if buffer else 0)
        for letter, row in zip("rwtwrrwu", trainer._rows, strict=True)
    ]
    advantages = [*by_group(rewards[:4]), *by_group(rewards[4:7]), 0]
    loss, formula = losses(trainer, batch, [(a, 1, 0) for a in advantages])
    assert loss == pytest.approx(formula, rel=1e-4)


@pytest.mark.parametrize("method", ["dapo", "dr_grpo", "grpo"])
def test_equal_rewards_give_zero_advantage_and_every_token_learns_otherwise(trainer_of, method):
    trainer = trainer_of(["rwww", "rrrr"], method=method, beta=0.0, dapo={"dynamic_sampling": False})
    batch = batch_of(trainer)
    for row, gradient in zip(trainer._rows, token_gradients(trainer, batch), strict=True):
        assert ((gradient[: len(row.ids)] != 0) == (row.place == 0)).all()
        assert (gradient[len(row.ids) :] == 0).all()
        assert row.learning_tokens == (len(row.ids) if row.place == 0 else 0)


@pytest.mark.parametrize("beta", [0.0, 0.04])
@pytest.mark.parametrize("method", ["dr_grpo", "grpo"])
def test_the_loss_is_the_formula(trainer_of, method, beta):
    trainer = trainer_of(["rwwu", "rrwt"], method=method, beta=beta)
    rewards = [1, 0, 0], [1, 1, 0, 0]
    if method == "dr_grpo":
        advantages = [*(np.array(rewards[0]) - 1 / 3), 0, *(np.array(rewards[1]) - 0.5)]
    else:
        advantages = [*by_group(rewards[0]), 0, *by_group(rewards[1])]
    loss, formula = losses(
        trainer,
        batch_of(trainer),
        [(a, 1, beta) for a in advantages],
        constant=8 * 40 if method == "dr_grpo" else None,
    )
    assert loss == pytest.approx(formula, rel=1e-4)


def gradient_of(trainer, batch, pieces):
    """Of the weights, after a step cut into pieces, as TRL's trainer adds them up."""
    trainer.model.zero_grad()
    total, size = 0.0, batch["completion_ids"].size(0) // pieces
    for i in range(pieces):
        cut = {k: v if v.dim() == 0 else v[i * size : (i + 1) * size] for k, v in batch.items()}
        loss = trainer.compute_loss(trainer.model, cut)
        loss.backward()
        total += loss.item()
    return total, torch.cat([p.grad.flatten() for p in trainer.model.parameters()])


@pytest.mark.parametrize("method", ["dapo", "dr_grpo"])
def test_pieces_of_a_batch_add_up_to_it(trainer_of, method):
    """TRL's constant is a piece's rollouts times the length, then over the number of pieces, which are equal."""
    found = []
    for micro in (8, 2):
        options = {"method": method, "micro_batch": micro, "dapo": {"dynamic_sampling": False}, "name": f"run{micro}"}
        trainer = trainer_of(["rwww", "rrtw"], **options)
        found.append(gradient_of(trainer, batch_of(trainer), 8 // micro))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-4)
    assert torch.allclose(found[1][1], found[0][1], rtol=1e-3, atol=1e-6)
    assert found[0][1].norm() > 0


def test_its_rollouts_are_the_step_s_own(trainer_of):
    trainer = trainer_of(*BATCHES)
    batch_of(trainer)
    rows = [json.loads(line) for line in (trainer.job.folder / "rollouts" / "step-1.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in rows] == [row.verdict for row in trainer._rows]
    assert [row["advantage"] for row in rows] == pytest.approx([row.advantage for row in trainer._rows])
