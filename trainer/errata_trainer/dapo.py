"""DAPO (arXiv 2503.14476) on GRPO: dynamic sampling and a soft punishment of overlong answers.

The higher upper clip, the loss by token and the missing KL are the recipe's (`x-method-defaults` of its schema).
"""

from typing import Any

import numpy as np
from accelerate.utils import gather_object

from errata_trainer.filter import keeps
from errata_trainer.online import OnlineTrainer
from errata_trainer.recorder import mean_variance, verdict_shares, zero_variance_share
from errata_trainer.rollout import Group, Learning, Rollout, groups_of


class DAPOTrainer(OnlineTrainer):
    """Samples until a step holds as many groups that the filter keeps as it has places (section 3.2).

    A generation batch is `problems_per_step` problems, the next of the run's order, shared by all ranks; a step takes
    at most `max_batches`. Kept groups fill the places in the order in which they were sampled, whichever rank did it,
    so that the step is the same for any number of ranks; what is more is thrown away. Places that stay empty take
    the last groups that were not kept: they neither learn nor count in Z.
    """

    _filled: frozenset[int] = frozenset()
    """Places whose group the filter did not keep."""

    def play(self, rows: list[Rollout]) -> None:
        """Replace the rows' episodes by those of kept groups."""
        recipe = self.job.recipe
        places, dynamic = recipe["problems_per_step"], recipe["dapo"]["dynamic_sampling"]
        kept: list[Group] = []
        rest: list[Group] = []
        batch, batches = rows, 0
        while len(kept) < places and batches < (recipe["dapo"]["max_batches"] if dynamic else 1):
            if batches:
                batch = self._next_batch(rows)
            super().play(batch)
            self.grade(batch)
            batches += 1
            for group in groups_of(gather_object(batch)):
                (kept if not dynamic or self.keeps(group) else rest).append(group)
        missing = max(0, places - len(kept))
        chosen = kept[:places] + rest[len(rest) - missing :]
        self._filled = frozenset(range(places - missing, places))
        self._note([*kept, *rest], chosen, batches)
        for place, group in enumerate(chosen):
            for row in group:
                row.place = place
        # Ranks hold the places in their order, each as many rows.
        everyone = [row for group in chosen for row in group]
        first = self.accelerator.process_index * len(rows)
        rows[:] = everyone[first : first + len(rows)]

    def keeps(self, group: Group) -> bool:
        """The recipe's filter, on correctness."""
        scored = [row for row in group if row.verdict != "unscored"]
        return keeps(self.job.recipe["filter"], sum(row.verdict == "correct" for row in scored), len(scored))

    def _next_batch(self, rows: list[Rollout]) -> list[Rollout]:
        """Another generation batch: this rank's share of it."""
        tasks = self.next_problems()
        batch = [Rollout(row.place, tasks[row.place]) for row in rows]
        self.pose(batch)
        return batch

    def _note(self, groups: list[Group], chosen: list[Group], batches: int) -> None:
        """Metrics of the sampling, of all ranks.

        accuracy with what stands beside it, variance and zero_variance are of everything sampled: of the kept groups
        alone they would tell about the filter. generation_batches: how many. discarded: share of the groups that were
        thrown away. filled: share of the step's groups that the filter did not keep. overlong: share of the step's
        rollouts whose reward was lowered for their length.
        """
        for number, group in enumerate(groups):
            for row in group:
                row.place = number
        rows = [row for group in groups for row in group]
        used = [row for group in chosen for row in group]
        self.recorder.also_generated(sum(row.sampled for row in rows) - sum(row.sampled for row in used))
        self._figures = {
            **verdict_shares(rows),
            "variance": mean_variance(rows),
            "zero_variance": zero_variance_share(rows),
            "generation_batches": batches,
            "discarded": 1 - len(chosen) / len(groups),
            "filled": len(self._filled) / len(chosen),
            "overlong": sum(row.last.shaped is not None for row in used) / len(used),
        }

    # Rewards

    def correctness(self, completions: list[Any], **_: Any) -> list[float | None]:
        """TRL's reward function: the rows were graded when the filter looked at them."""
        del completions
        return [row.reward for row in self._rows]

    def grade(self, rows: list[Rollout]) -> None:
        """Verdicts, and rewards less the punishment."""
        super().grade(rows)
        for row in rows:
            lost, plain = self.overlong(row.sampled), row.last.plain
            if lost > 0 and plain is not None:
                row.last.shaped = plain - lost

    def overlong(self, tokens: int) -> float:
        """Soft overlong punishment (section 3.4) of an answer of so many tokens, as what it takes off the reward.

        0 until `overlong_buffer` tokens before `max_completion_length`, then linearly to `overlong_penalty`. Rewards
        are 0 and 1 here, in the paper -1 and 1: half of its penalty of 1 has the same weight.
        """
        options, longest = self.job.recipe["dapo"], self.job.recipe["max_completion_length"]
        buffer = min(options["overlong_buffer"], longest)
        over = tokens - (longest - buffer)
        return options["overlong_penalty"] * over / buffer if buffer and over > 0 else 0.0

    def credit(self, stage: str, rows: list[Rollout]) -> None:
        """TRL's group advantages; none for a group that only fills its place."""
        for row in rows:
            if row.place in self._filled:
                row.advantage = 0.0
        super().credit(stage, rows)

    def learning(self, row: Rollout) -> Learning:
        """As GRPO; a group that only fills its place has no KL either, and does not count in Z."""
        if row.place in self._filled:
            return Learning.of(np.zeros(len(row.ids)), np.zeros(len(row.ids)))
        return super().learning(row)

    def scored(self, stage: str, rows: list[Rollout]) -> dict[str, Any]:
        """What `play` found."""
        return self._figures
