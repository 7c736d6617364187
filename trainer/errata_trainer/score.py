"""SCoRe (arXiv 2409.12917): two attempts in one conversation, and a bonus for progress between them."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from statistics import mean, stdev
from typing import Any

import numpy as np
from accelerate.utils import gather_object

from errata_trainer.conversation import ConversationTrainer
from errata_trainer.errors import TrainerError
from errata_trainer.rollout import SOLUTION, Learning, Rollout, Task

STAGE_ONE, STAGE_TWO = "stage-1", "stage-2"
EPSILON = 1e-4
"""Added to a standard deviation, as TRL does."""

Rewards = tuple[float | None, float | None]


class SCoReTrainer(ConversationTrainer):
    """Stage I moves the second attempt while the first is held to the reference; stage II rewards both (section 5).

    The user's message between the attempts is the last one of look_again.jinja: it does not say whether the first
    was right. An episode whose first attempt leaves no room in the model's context for a whole second one ends
    there: its first attempt is treated as any other, its second has no reward and enters no baseline, it is left out
    of the metrics of two attempts, and `one_attempt` counts it.
    """

    _stage = STAGE_ONE

    def plan(self, step: int) -> tuple[str, list[Task]]:
        """Stage I for its steps, then stage II."""
        stage = STAGE_ONE if step <= self.job.recipe["score"]["stage_one_steps"] else STAGE_TWO
        return stage, self.next_problems()

    def settings(self, stage: str) -> tuple[float, float]:
        """One learning rate; the KL weight is the largest of the two turns'."""
        rate, _ = super().settings(stage)
        return rate, max(self._betas(stage))

    @cached_property
    def look_again(self) -> str:
        """What the user says between the attempts. Raises TrainerError when it depends on what was said before."""
        prompt = self.job.prompt("look_again")
        said = {prompt.messages(problem=word, solution=word)[-1]["content"] for word in ("a", "b")}
        if len(said) > 1:
            raise TrainerError(
                f"{prompt.name}: its last message depends on the problem or its solution.",
                "SCoRe says the same after every first attempt: take {{ problem }} and {{ solution }} out of it.",
            )
        return said.pop()

    def play(self, rows: list[Rollout]) -> None:
        """An attempt, the neutral message, and a second attempt where there is room for it."""
        self.say(rows, SOLUTION)
        self.say(self.tell(rows, self.look_again), SOLUTION)

    def credit(self, stage: str, rows: list[Rollout]) -> None:
        """Every turn's advantage comes from its own reward, against the same turn of its group."""
        options = self.job.recipe["score"]
        rewards = [turn_rewards(row, stage, options["alpha"]) for row in rows]
        # A group may lie on several ranks.
        everyone: list[tuple[int, Rewards]] = gather_object(list(zip((r.place for r in rows), rewards, strict=True)))
        groups: dict[tuple[int, int], list[float]] = defaultdict(list)
        for place, both in everyone:
            for turn, reward in enumerate(both):
                if reward is not None:
                    groups[place, turn].append(reward)
        for row, both in zip(rows, rewards, strict=True):
            for i, (turn, reward) in enumerate(zip(row.turns, both, strict=False)):
                turn.shaped = reward if reward is not None and i == 1 else None
                turn.advantage = advantage(reward, groups[row.place, i], options["baseline"])
            row.advantage = row.turns[-1].advantage

    def learning(self, row: Rollout) -> Learning:
        """Stage I: policy term on the second attempt alone. Each attempt's tokens have its own KL weight."""
        policy, kl = np.zeros(len(row.ids), dtype=bool), np.zeros(len(row.ids))
        for i, (turn, beta) in enumerate(zip(row.turns, self._betas(self._stage), strict=False)):
            policy[turn.start : turn.end] = i == 1 or self._stage == STAGE_TWO
            kl[turn.start : turn.end] = beta
        return Learning.of(policy, kl)

    def _betas(self, stage: str) -> tuple[float, float]:
        """KL weights of the first and the second attempt."""
        recipe = self.job.recipe
        return recipe["score"]["beta_first"] if stage == STAGE_ONE else recipe["beta"], recipe["beta"]

    def scored(self, stage: str, rows: list[Rollout]) -> dict[str, Any]:
        """The metrics of two attempts."""
        del stage
        return two_attempts(rows)


def turn_rewards(row: Rollout, stage: str, alpha: float) -> Rewards:
    """Rewards of the two attempts; None for what has none.

    Stage I: none, r2 (section 5.1). Stage II: r1, r2 + alpha (r2 - r1) (section 5.2). A second
    attempt after a first that nobody can judge has no bonus that could be known, and then no reward.
    """
    plain = [turn.plain for turn in row.turns]
    first, second = plain[0], plain[1] if len(plain) > 1 else None
    if stage == STAGE_ONE:
        return None, second
    if first is None or second is None:
        return first, None
    return first, second + alpha * (second - first)


def advantage(reward: float | None, group: Sequence[float], baseline: str) -> float:
    """A reward against those of its group, itself among them; 0 where there is nothing to compare it with.

    `leave-one-out`: less the mean of the others (arXiv 2402.14740). `group`: less the mean, over the standard
    deviation (unbiased, plus 1e-4), as GRPO.
    """
    if reward is None or len(group) < 2:
        return 0.0
    if baseline == "leave-one-out":
        return reward - (sum(group) - reward) / (len(group) - 1)
    return (reward - mean(group)) / (stdev(group) + EPSILON)


def two_attempts(rows: Sequence[Rollout]) -> dict[str, Any]:
    """Metrics of the intrinsic protocol, as shares of the episodes whose two attempts can both be judged.

    acc_t1, acc_t2: right at the first and the second attempt. delta_i2c: wrong, then right. delta_c2i: right, then
    wrong; acc_t2 - acc_t1 = delta_i2c - delta_c2i. changed: the second answer reads differently from the first.
    An attempt without an answer is wrong. one_attempt: share of all episodes that had no room for a second.
    """
    single = sum(len(row.turns) < 2 for row in rows)
    pairs = [row.turns[:2] for row in rows if len(row.turns) > 1 and all(t.plain is not None for t in row.turns)]
    out: dict[str, Any] = {"one_attempt": single / len(rows)}
    if not pairs:
        return out
    right = np.array([[turn.verdict == "correct" for turn in pair] for pair in pairs])
    first, second = right[:, 0], right[:, 1]
    return out | {
        "acc_t1": float(first.mean()),
        "acc_t2": float(second.mean()),
        "delta_i2c": float((~first & second).mean()),
        "delta_c2i": float((first & ~second).mean()),
        "changed": float(np.mean([a.answer != b.answer for a, b in pairs])),
    }
