"""Supervised fine-tuning on chosen tokens, on TRL's SFTTrainer: the base of SFT and of S²R's initialisation."""

from collections.abc import Sequence
from dataclasses import dataclass

from datasets import Dataset
from trl import SFTTrainer

from errata_trainer.config import sft_config
from errata_trainer.offline import Item, Offline

IGNORED = -100
"""A label that has no loss."""


@dataclass(frozen=True)
class Example(Item):
    """One text and what is learnt of it. `kind` and `problem_id` are counted and kept beside."""

    ids: list[int]
    """The whole sequence: what the model was asked, and what it should have said."""
    mask: list[int]
    """1 for each token that learns; 0 on everything that it was asked."""
    asked: int = 0
    """How many tokens of a single turn's sequence are its prompt, for those who show it."""

    @classmethod
    def of(cls, kind: str, problem_id: str, prompt: list[int], answer: list[int], mask: Sequence[int]) -> "Example":
        """A single turn; `mask` is the answer's."""
        return cls(kind, problem_id, prompt + answer, [0] * len(prompt) + list(mask), len(prompt))


class SupervisedTrainer(Offline, SFTTrainer):
    """The mean of -log p over the tokens of a step's masks. A method says what its examples are (`items`)."""

    stage = "supervised"
    item = Example
    nothing = Example("", "", [0, 0], [0, 0])
    configure = staticmethod(sft_config)

    def rows(self, items: list[Example]) -> Dataset:
        """Tokens and labels."""
        pairs = [zip(e.ids, e.mask, strict=True) for e in items]
        labels = [[token if learns else IGNORED for token, learns in pair] for pair in pairs]
        return Dataset.from_dict({"input_ids": [e.ids for e in items], "labels": labels})
