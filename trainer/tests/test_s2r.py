"""S²R's reinforcement learning, on episodes that the tests write themselves."""

import numpy as np
import pytest
import torch
from probes import Boxed, batch_of, token_gradients
from test_scrpo import PROBLEM

from errata_trainer.build import build_trainer
from errata_trainer.conversation import between
from errata_trainer.events import EventLog
from errata_trainer.recipe import load_job
from errata_trainer.rollout import SOLUTION, VERIFICATION
from errata_trainer.s2r import OUTCOME, PROCESS

RIGHT, WRONG = "$2x=4$\n$x=2$\n\\boxed{2}", "$2x=10$\n$x=5$\n\\boxed{5}"
YES, NO, MUMBLE = "Line 1 right.\nVerdict: right", "Line 1 wrong.\nVerdict: wrong", "Line 1 right.\nLine 2"
GROUP = [[WRONG, NO, RIGHT, YES], [WRONG, YES], [RIGHT, YES], [WRONG, NO, WRONG, MUMBLE]]
"""Rewards -1 1 1 1, -1 -1, 1 1, -1 1 -1 -1."""


@pytest.fixture
def trainer_of(run_folder):
    """A trainer whose model says what `episodes` holds, in turn; all are tries at one problem."""

    def make(episodes, stage=OUTCOME, end=True, s2r=None, **changes):
        options = {"num_generations": len(episodes), "problems_per_step": 1, "max_completion_length": 40} | changes
        folder = run_folder(
            f"run-{stage}-{len(episodes)}",
            problems=PROBLEM,
            method="s2r",
            s2r={"stage": stage} | (s2r or {}),
            max_steps=4,
            **options,
        )
        job = load_job(folder)
        trainer = build_trainer(job, EventLog(folder), cuda=False)
        trainer.grader = Boxed()
        script(trainer, episodes, end)
        trainer.create_optimizer()
        trainer.current_gradient_accumulation_steps = 1
        scatter(trainer)
        return trainer

    return make


def script(trainer, episodes, end=True):
    """Every rollout says its episode's turns."""
    say, speaking, tokenizer = trainer.say, [], trainer._tokenizer
    stop = [tokenizer.eos_token_id] if end else []

    def listen(rows, kind):
        speaking[:] = rows
        say(rows, kind)

    def sample(prompts, copies=1):
        places = [next(i for i, row in enumerate(trainer._rows) if row is one) for one in speaking]
        texts = [episodes[i][len(trainer._rows[i].turns)] for i in places]
        return [(tokenizer(text)["input_ids"] + stop, None) for text in texts]

    trainer.say, trainer.sample = listen, sample


def scatter(trainer):
    """Random weights, the policy off the reference (test_scrpo.py says why)."""
    torch.manual_seed(1)
    references = trainer.ref_model.parameters() if trainer.ref_model else trainer.model.parameters()
    with torch.no_grad():
        for weight, reference in zip(trainer.model.parameters(), references, strict=True):
            reference.normal_(0, 0.2)
            weight.copy_(reference + 0.02 * torch.randn_like(weight))
    trainer.model.train()


def advantages_of(trainer):
    return [[turn.advantage for turn in row.turns] for row in trainer._rows]


def test_an_episode_ends_where_a_verification_says_right_or_nothing(trainer_of):
    trainer = trainer_of([*GROUP, [WRONG, NO, WRONG, NO, WRONG, NO, RIGHT, YES]], s2r={"max_solutions": 3})
    batch_of(trainer)
    counts = [len(row.turns) for row in trainer._rows]
    assert counts == [4, 2, 2, 4, 6]
    for row in trainer._rows:
        assert [turn.kind for turn in row.turns] == [SOLUTION, VERIFICATION] * (len(row.turns) // 2)


def test_an_episode_ends_where_the_context_does(trainer_of):
    trainer = trainer_of([[WRONG, NO] * 4] * 2, max_completion_length=205)
    batch_of(trainer)
    for row in trainer._rows:
        told = len(between(trainer._tokenizer, "<v>")[0])
        assert [turn.kind for turn in row.turns] == [SOLUTION, VERIFICATION, SOLUTION]
        assert len(row.prompt_ids) + row.turns[2].start + 205 <= trainer.context
        assert len(row.prompt_ids) + row.turns[2].end + told + 205 > trainer.context


def test_the_conversation_is_the_chat_template_s(trainer_of):
    trainer = trainer_of(GROUP)
    batch_of(trainer)
    row = trainer._rows[0]
    problem = row.task.problem.problem
    said = trainer._tokenizer.decode(row.prompt_ids + row.ids)
    assert said == f"<q>{problem}<a>{WRONG}<eos><v>{NO}<eos><l>{RIGHT}<eos><v>{YES}<eos>"


@pytest.mark.parametrize(
    ("episodes", "silent"),
    [
        # The last solutions are all wrong, and a verification tells the truth of it or not.
        ([[WRONG, YES], [WRONG, YES], [WRONG, MUMBLE], [WRONG, NO, WRONG, YES]], 0),
        ([[WRONG, YES]] * 4, 1),
        ([[RIGHT, YES]] * 4, 1),
        (GROUP, 0),
    ],
)
def test_process_rl_learns_where_one_action_earns_more_than_another(trainer_of, episodes, silent):
    trainer = trainer_of(episodes, PROCESS, beta=0)
    figures = []
    record = trainer.recorder.scored
    trainer.recorder.scored = lambda *args: (figures.append(args[-1]), record(*args))
    batch_of(trainer)
    assert figures[0]["zero_variance"] == silent
    assert any(any(turns) for turns in advantages_of(trainer)) == (silent == 0)


def test_outcome_rl_looks_at_last_solutions(trainer_of):
    trainer = trainer_of([[WRONG, YES], [WRONG, NO, WRONG, YES]])
    batch_of(trainer)
    assert trainer.recorder._metrics["zero_variance"] == 1


def test_a_turn_that_ran_into_its_limit_is_ended_for_it(trainer_of):
    trainer = trainer_of([[RIGHT, YES]] * 2, end=False)
    batch_of(trainer)
    row = trainer._rows[0]
    gap = row.ids[row.turns[0].end : row.turns[1].start]
    assert gap[0] == trainer._tokenizer.eos_token_id
    assert [turn.text for turn in row.turns] == [RIGHT, YES]


def test_verdicts_and_rewards_of_every_turn(trainer_of):
    trainer = trainer_of([*GROUP, ["\\boxed{x}", YES]])
    batch_of(trainer)
    assert [[turn.reward for turn in row.turns] for row in trainer._rows] == [
        [-1, 1, 1, 1],
        [-1, -1],
        [1, 1],
        [-1, 1, -1, -1],
        [None, None],
    ]
    assert trainer._rows[3].turns[3].verdict == "incorrect"
    record = trainer._rows[3].record(OUTCOME)
    assert [turn["reward"] for turn in record["turns"]] == [-1, 1, -1, -1]
    assert (record["verdict"], record["reward"]) == ("incorrect", -1)


def test_outcome_advantages_leave_one_out(trainer_of):
    trainer = trainer_of([*GROUP, ["\\boxed{x}", YES]], beta=0)
    batch_of(trainer)
    # Last solutions: 1, -1, 1, -1, and one that nobody knows: it leaves the mean.
    expected = [4 / 3, -4 / 3, 4 / 3, -4 / 3, 0]
    for advantages, value in zip(advantages_of(trainer), expected, strict=True):
        assert advantages == [pytest.approx(value)] * len(advantages)


def test_process_advantages_compare_actions_of_one_context(trainer_of):
    trainer = trainer_of([*GROUP, ["\\boxed{x}", YES]], stage=PROCESS, beta=0)
    batch_of(trainer)
    # First solutions: mean -1/2. Verifications after -1: 1, -1, 1, mean 1/3. Solutions after (-1, 1): 1 and -1.
    # The others stand alone, and what nobody knows counts nowhere.
    expected = [[-0.5, 2 / 3, 1, 0], [-0.5, -4 / 3], [1.5, 0], [-0.5, 2 / 3, -1, 0], [0, 0]]
    for advantages, values in zip(advantages_of(trainer), expected, strict=True):
        assert advantages == pytest.approx(values)


@pytest.mark.parametrize("stage", [OUTCOME, PROCESS])
def test_exactly_the_model_s_own_tokens_learn(trainer_of, stage):
    trainer = trainer_of(GROUP, stage=stage)
    gradients = token_gradients(trainer, batch_of(trainer))
    told = 0
    for row, gradient in zip(trainer._rows, gradients, strict=True):
        expected = np.zeros(len(gradient), dtype=bool)
        for turn in row.turns:
            expected[turn.start : turn.end] = turn.advantage != 0
            assert turn.learning_tokens == (turn.end - turn.start) * (turn.advantage != 0)
        assert ((gradient != 0) == expected).all()
        told += len(row.ids) - row.sampled
    assert told == sum(len(episode) - 1 for episode in GROUP)


@pytest.mark.parametrize("stage", [OUTCOME, PROCESS])
@pytest.mark.parametrize("episode", [[WRONG, NO, RIGHT, YES], [WRONG, YES]])
def test_equal_rewards_give_zero_advantage(trainer_of, stage, episode):
    trainer = trainer_of([episode] * 4, stage=stage, beta=0)
    batch = batch_of(trainer)
    assert (batch["advantages"] == 0).all()
    assert (token_gradients(trainer, batch) == 0).all()


def logps_of(model, batch, temperature):
    """Log-probabilities of the completion tokens from plain logits."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    attention = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    with torch.no_grad():
        logits = (model(input_ids=ids, attention_mask=attention).logits[:, :-1] / temperature).log_softmax(-1)
    return logits.gather(-1, ids[:, 1:, None]).squeeze(-1)[:, -batch["completion_ids"].size(1) :].double().numpy()


@pytest.mark.parametrize("stage", [OUTCOME, PROCESS])
def test_the_loss_is_the_formula(trainer_of, stage):
    beta = 0.05
    trainer = trainer_of(GROUP, stage=stage, beta=beta)
    batch = batch_of(trainer)
    recipe = trainer.job.recipe
    policy, reference = (logps_of(m, batch, recipe["temperature"]) for m in (trainer.model, trainer.ref_model))
    # An older policy, so that the ratio leaves the clip range on both sides.
    old = policy + np.random.default_rng(0).normal(0, 0.3, policy.shape)
    batch["old_per_token_logps"] = torch.tensor(old, dtype=torch.float32)
    with torch.no_grad():
        loss = trainer.compute_loss(trainer.model, batch).item()

    rewards = [[-1, 1, 1, 1], [-1, -1], [1, 1], [-1, 1, -1, -1]]
    spans = [[(turn.start, turn.end) for turn in row.turns] for row in trainer._rows]
    apart = [[(policy - reference)[i, a:b].sum() for a, b in row] for i, row in enumerate(spans)]
    if stage == OUTCOME:
        last = [1, -1, 1, -1]
        whole = [r - beta * sum(kl) for r, kl in zip(last, apart, strict=True)]
        worth = [[w - (sum(whole) - w) / 3] * len(row) for w, row in zip(whole, spans, strict=True)]
    else:
        folded = [[r - beta * k for r, k in zip(rs, ks, strict=True)] for rs, ks in zip(rewards, apart, strict=True)]
        worth = [
            [value - np.mean([f[k] for rs, f in zip(rewards, folded, strict=True) if rs[:k] == mine[:k] and k < len(f)])
             for k, value in enumerate(values)]
            for mine, values in zip(rewards, folded, strict=True)
        ]  # fmt: skip
    total, count = 0.0, 0
    for i, row in enumerate(spans):
        for (a, b), advantage in zip(row, worth[i], strict=True):
            ratio = np.exp(policy[i, a:b] - old[i, a:b])
            clipped = np.clip(ratio, 1 - recipe["epsilon"], 1 + recipe["epsilon_high"])
            total += np.minimum(ratio * advantage, clipped * advantage).sum()
            count += b - a
    assert loss == pytest.approx(-total / count, rel=1e-4)
    assert abs(sum(map(sum, apart))) * beta > 0.01


def test_metrics_of_the_verifications(trainer_of):
    trainer = trainer_of([*GROUP, ["\\boxed{x}", YES], [RIGHT, NO, RIGHT, MUMBLE]])
    batch_of(trainer)
    found = trainer.scored(OUTCOME, trainer._rows)
    # Parsed, on solutions that can be scored: NO on wrong, YES on right; YES on wrong; YES on right; NO on wrong;
    # NO on right.
    assert found == pytest.approx(
        {
            "acc_t1": 2 / 5,
            "solutions": (2 + 1 + 1 + 2 + 1 + 2) / 6,
            "verification_accuracy": 4 / 6,
            "error_recall": 2 / 3,
            "correct_precision": 2 / 3,
            "unparsed": 2 / 9,
        }
    )


@pytest.mark.parametrize(("rank", "counts"), [(0, [(2, 2), (3, 1)]), (1, [(3, 3), (0, 1)]), (0, [(2, 2), (2, 2)])])
def test_ranks_ask_a_server_for_alike_many_answers(trainer_of, monkeypatch, rank, counts):
    trainer = trainer_of(GROUP)
    seen = []

    def generate(prompts, _images, _fields, copies):
        seen.append((len(prompts), copies))
        return [[i] for i in range(len(prompts))], [[-1.0]] * len(prompts)

    monkeypatch.setattr("errata_trainer.online.gather_object", lambda _: counts)
    monkeypatch.setattr(type(trainer.accelerator), "process_index", property(lambda _: rank))
    monkeypatch.setattr(trainer, "_generate_single_turn", generate)
    own, copies = counts[rank]
    found = trainer._ask_vllm([[5]] * own, copies)
    assert found == [([i], [-1.0]) for i in range(own)]
    alike = counts[0] == counts[1]
    assert seen == [counts[0] if alike else (max(n for n, _ in counts), 1)]
