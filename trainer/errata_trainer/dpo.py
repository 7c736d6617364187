"""DPO (arXiv 2305.18290): right against wrong attempts of one group, on TRL's DPOTrainer."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from trl import DPOTrainer

from errata_trainer.config import dpo_config
from errata_trainer.filter import keeps
from errata_trainer.offline import Item, Offline
from errata_trainer.recipe import Stored
from errata_trainer.sampler import Sampler


@dataclass(frozen=True)
class Preference(Item):
    """A right and a wrong attempt at one problem, in tokens; the loss is on the attempts alone."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]


class PreferenceTrainer(Offline, DPOTrainer):
    """The right attempt is made more likely than the wrong one, as seen from the base model."""

    stage = "preference"
    item = Preference
    nothing = Preference("", "", [0], [0], [0])
    configure = staticmethod(dpo_config)

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        # TRL would tokenise a chat; ours are the very tokens that the model samples.
        return dataset

    def rows(self, items: list[Preference]) -> Dataset:
        """Tokens of prompt, right and wrong attempt."""
        names = {"prompt_ids": "prompt", "chosen_ids": "chosen", "rejected_ids": "rejected"}
        return Dataset.from_dict({name: [getattr(item, field) for item in items] for name, field in names.items()})

    def items(self) -> tuple[list[Preference], Counter[str]]:
        """Pairs of the stored attempts, whose groups have passed the filter, or of sampled ones."""
        recipe = self.job.recipe
        if recipe["data"]["examples"] != "sampled":
            return self.pairs(self.job.stored, {"kind": "all"})
        places = recipe["problems_per_step"] * recipe["max_steps"]

        def worth(found: list[Stored]) -> int:
            return len(self.pairs(found, recipe["filter"])[0])

        return self.pairs(Sampler.of(self).collect(worth, places), recipe["filter"])

    def pairs(self, attempts: list[Stored], filter_: dict[str, Any]) -> tuple[list[Preference], Counter[str]]:
        """At most `dpo.per_problem` pairs of a problem, and what was left out."""
        groups: dict[tuple[str, int | None], list[Stored]] = {}
        for attempt in attempts:
            groups.setdefault((attempt.problem.id, attempt.group), []).append(attempt)
        out: list[Preference] = []
        left_out: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        for (problem_id, _), group in groups.items():
            scored = [a for a in group if a.verdict != "unscored"]
            if not keeps(filter_, sum(a.verdict == "correct" for a in scored), len(scored)):
                left_out["groups that the filter leaves out"] += 1
                continue
            for right, wrong in pairs_of(group):
                pair = self.pair(right, wrong)
                if not self.words.fits(pair.prompt, max(pair.chosen, pair.rejected, key=len)):
                    left_out["pairs too long for the model's context"] += 1
                elif taken[problem_id] >= self.job.recipe["dpo"]["per_problem"]:
                    left_out["pairs more than dpo.per_problem"] += 1
                else:
                    taken[problem_id] += 1
                    out.append(pair)
        return out, left_out

    def pair(self, right: Stored, wrong: Stored) -> Preference:
        """In tokens."""
        prompt = self.words.prompt(self.job.solve.messages(problem=right.problem.problem))
        answers = self.words.answer(right.solution), self.words.answer(wrong.solution)
        return Preference("preference", right.problem.id, prompt, *answers)


def pairs_of(group: list[Stored]) -> list[tuple[Stored, Stored]]:
    """Each different right and wrong attempt of a group once, the fewer of them again and again."""
    different: dict[str, dict[str, Stored]] = {"correct": {}, "incorrect": {}}
    for attempt in group:
        if attempt.verdict in different:
            different[attempt.verdict].setdefault(attempt.solution, attempt)
    right, wrong = (list(attempts.values()) for attempts in different.values())
    if not right or not wrong:
        return []
    return [(right[i % len(right)], wrong[i % len(wrong)]) for i in range(max(len(right), len(wrong)))]
