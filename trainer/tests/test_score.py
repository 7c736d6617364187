"""SCoRe: two attempts in one conversation, each with its own reward."""

import numpy as np
import pytest
from probes import PROBLEM, batch_of, by_group, given, losses, token_gradients

from errata_trainer.score import STAGE_ONE, STAGE_TWO, advantage, two_attempts

RIGHT, WRONG, OTHER, NONE = r"$x=2$" + "\n" + r"\boxed{2}", r"\boxed{5}", r"\boxed{7}", "$x=2$"
UNKNOWN = r"\boxed{x}"
FIRST = [RIGHT, RIGHT, WRONG, WRONG]
SECOND = [RIGHT, WRONG, RIGHT, OTHER]
STAGES = {STAGE_ONE: 4, STAGE_TWO: 0}


@pytest.fixture
def trainer_of(run_folder):
    def make(stage, first=FIRST, second=SECOND, score=None, beta=0.02, places=1, length=40, **changes):
        folder = run_folder(
            method="score",
            problems=[PROBLEM],
            problems_per_step=places,
            num_generations=len(first) // places,
            max_steps=4,
            max_completion_length=length,
            beta=beta,
            score={"stage_one_steps": STAGES[stage], "beta_first": 0.25} | (score or {}),
            **changes,
        )
        return given(folder, first, second)

    return make


def told(trainer, row):
    """[T]: tokens between the turns, found by the mark of the user's message."""
    mark = trainer._tokenizer.convert_tokens_to_ids("<l>")
    return np.array([token == mark for token in row.ids])


def attempts(trainer, row):
    """[T] masks of the first and the second attempt, around the mark."""
    mark = told(trainer, row)
    at = int(mark.argmax())
    index = np.arange(len(row.ids))
    return index < at, index > at


def leave_one_out(rewards):
    rewards = np.array(rewards, dtype=float)
    return np.array([r - np.delete(rewards, i).mean() for i, r in enumerate(rewards)])


R1, R2 = [1, 1, 0, 0], [1, 0, 1, 0]
BONUS = [1, 0 - 10, 1 + 10, 0]


def test_the_second_attempt_sees_the_first_and_a_neutral_message(trainer_of):
    trainer = trainer_of(STAGE_ONE)
    batch_of(trainer)
    assert trainer.asked[0] == [f"<q>{PROBLEM['problem']}<a>"] * 4
    assert trainer.asked[1] == [f"<q>{PROBLEM['problem']}<a>{text}<eos><l>" for text in FIRST]
    assert [len(row.turns) for row in trainer._rows] == [2] * 4
    assert [[turn.text for turn in row.turns] for row in trainer._rows] == [
        list(pair) for pair in zip(FIRST, SECOND, strict=True)
    ]


@pytest.mark.parametrize("beta", [0.0, 0.02])
@pytest.mark.parametrize("baseline", ["leave-one-out", "group"])
@pytest.mark.parametrize("stage", [STAGE_ONE, STAGE_TWO])
def test_gradients_reach_what_the_stage_says_and_nothing_else(trainer_of, stage, baseline, beta):
    trainer = trainer_of(stage, beta=beta, score={"beta_first": beta, "baseline": baseline})
    gradients = token_gradients(trainer, batch_of(trainer))
    for row, gradient in zip(trainer._rows, gradients, strict=True):
        one, two = attempts(trainer, row)
        expected = np.zeros(len(gradient), dtype=bool)
        expected[: len(row.ids)] = two if stage == STAGE_ONE and beta == 0 else one | two
        assert ((gradient != 0) == expected).all()
        assert [turn.learning_tokens for turn in row.turns] == [0 if stage == STAGE_ONE else one.sum(), two.sum()]


@pytest.mark.parametrize("baseline", ["leave-one-out", "group"])
@pytest.mark.parametrize("stage", [STAGE_ONE, STAGE_TWO])
def test_the_loss_is_the_formula(trainer_of, stage, baseline):
    trainer = trainer_of(stage, score={"baseline": baseline})
    batch = batch_of(trainer)
    worth = leave_one_out if baseline == "leave-one-out" else by_group
    first, second = worth(R1), worth(R2 if stage == STAGE_ONE else BONUS)
    expected = []
    for i, row in enumerate(trainer._rows):
        one, two = attempts(trainer, row)
        policy = two if stage == STAGE_ONE else one | two
        expected.append(
            (one * first[i] + two * second[i], policy, one * (0.25 if stage == STAGE_ONE else 0.02) + two * 0.02)
        )
    loss, formula = losses(trainer, batch, expected)
    assert loss == pytest.approx(formula, rel=1e-4)


def test_each_attempt_sees_its_own_reward_only(trainer_of):
    """With alpha 0, other second attempts change nothing for the first ones, and the other way round."""
    for k, (first, second) in enumerate([(FIRST, FIRST), (FIRST, SECOND), (SECOND, SECOND)]):
        trainer = trainer_of(STAGE_TWO, first, second, score={"alpha": 0}, name=f"run{k}")
        batch_of(trainer)
        for row, texts in enumerate(zip(first, second, strict=True)):
            rewards = [[text == RIGHT for text in column] for column in (first, second)]
            expected = [leave_one_out(column)[row] for column in rewards]
            assert [turn.advantage for turn in trainer._rows[row].turns] == pytest.approx(expected)
            assert [turn.reward for turn in trainer._rows[row].turns] == [text == RIGHT for text in texts]


def test_the_bonus_is_for_progress(trainer_of):
    trainer = trainer_of(STAGE_TWO)
    batch_of(trainer)
    assert [row.turns[1].reward for row in trainer._rows] == BONUS
    assert [row.turns[0].reward for row in trainer._rows] == R1
    assert [turn["reward"] for turn in trainer._rows[1].record(STAGE_TWO)["turns"]] == [1.0, -10.0]


@pytest.mark.parametrize("baseline", ["leave-one-out", "group"])
@pytest.mark.parametrize("stage", [STAGE_ONE, STAGE_TWO])
def test_equal_rewards_give_zero_advantage(trainer_of, stage, baseline):
    options = {"baseline": baseline, "beta_first": 0}
    trainer = trainer_of(stage, [WRONG] * 4, [RIGHT] * 4, beta=0.0, score=options)
    batch = batch_of(trainer)
    assert (batch["advantages"] == 0).all()
    assert (token_gradients(trainer, batch) == 0).all()


def test_groups_have_baselines_of_their_own(trainer_of):
    trainer = trainer_of(STAGE_ONE, FIRST * 2, [*SECOND, RIGHT, RIGHT, RIGHT, WRONG], places=2)
    batch_of(trainer)
    expected = [*leave_one_out(R2), *leave_one_out([1, 1, 1, 0])]
    assert [row.turns[1].advantage for row in trainer._rows] == pytest.approx(expected)


def test_what_nobody_can_judge_leaves_the_baseline_and_learns_nothing(trainer_of):
    trainer = trainer_of(STAGE_TWO, [UNKNOWN, RIGHT, WRONG, WRONG], [RIGHT, UNKNOWN, RIGHT, WRONG], score={"alpha": 1})
    batch_of(trainer)
    first, second = ([row.turns[i].advantage for row in trainer._rows] for i in (0, 1))
    assert first == pytest.approx([0, *leave_one_out([1, 0, 0])])
    # The first one's bonus cannot be known, so that its second attempt has no reward either.
    assert second == pytest.approx([0, 0, *leave_one_out([2, 0])])
    metrics = two_attempts(trainer._rows)
    assert (metrics["acc_t1"], metrics["acc_t2"]) == (0, 0.5)


def test_no_answer_is_a_failure(trainer_of):
    trainer = trainer_of(STAGE_TWO, [NONE, RIGHT, NONE + "…", RIGHT], [RIGHT, NONE, NONE, NONE + "…"])
    batch_of(trainer)
    assert [row.turns[1].reward for row in trainer._rows] == [11, -10, 0, -10]
    assert [row.turns[0].verdict for row in trainer._rows] == ["incorrect", "correct", "truncated", "correct"]


def test_a_first_attempt_that_leaves_no_room_ends_the_episode(trainer_of):
    long = "$x=2$\n" * 30 + r"\boxed{5}"
    trainer = trainer_of(STAGE_TWO, [long, RIGHT, WRONG, WRONG], SECOND[1:], score={"alpha": 1}, length=80)
    gradients = token_gradients(trainer, batch_of(trainer))
    alone = trainer._rows[0]
    assert len(alone.turns) == 1
    assert alone.turns[0].advantage == pytest.approx(leave_one_out([0, 1, 0, 0])[0])
    assert (gradients[0, : len(alone.ids)] != 0).all()
    assert [row.turns[1].advantage for row in trainer._rows[1:]] == pytest.approx(leave_one_out([-1, 2, 0]))
    assert trainer.figures[0]["one_attempt"] == 0.25
    assert trainer.figures[0]["acc_t1"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", range(3))
def test_the_difference_is_what_was_mended_less_what_was_spoilt(trainer_of, seed):
    rng = np.random.default_rng(seed)
    first, second = ([str(rng.choice([RIGHT, WRONG, OTHER, NONE])) for _ in range(8)] for _ in range(2))
    trainer = trainer_of(STAGE_ONE, first, second)
    batch_of(trainer)
    m = two_attempts(trainer._rows)
    assert m["acc_t1"] == np.mean([t == RIGHT for t in first])
    assert m["acc_t2"] - m["acc_t1"] == pytest.approx(m["delta_i2c"] - m["delta_c2i"])
    assert m["changed"] == np.mean([a != b for a, b in zip(first, second, strict=True)])
    assert m["one_attempt"] == 0


def test_stages_follow_their_steps(trainer_of):
    trainer = trainer_of(STAGE_ONE, score={"stage_one_steps": 2})
    assert [trainer.plan(step)[0] for step in (1, 2, 3, 4)] == [STAGE_ONE] * 2 + [STAGE_TWO] * 2
    assert trainer.settings(STAGE_ONE)[1] == 0.25
    assert trainer.settings(STAGE_TWO)[1] == 0.02


def test_a_message_that_depends_on_the_solution_is_refused(trainer_of):
    trainer = trainer_of(STAGE_ONE)
    path = trainer.job.folder / "prompts" / "look_again.jinja"
    path.write_text(
        "{# user #}\n{{ problem }}\n{# assistant #}\n{{ solution }}\n{# user #}\nIs {{ solution }} right?\n"
    )
    with pytest.raises(Exception, match=r"look_again\.jinja"):
        batch_of(trainer)


def test_alone_in_its_group_nothing_is_compared():
    assert (
        advantage(1.0, [1.0], "leave-one-out")
        == advantage(1.0, [1.0], "group")
        == advantage(None, [1, 0], "group")
        == 0
    )
