"""What methods share that learn from examples which are all there before their first step: SFT and DPO.

The examples stand in the run's folder (`examples.jsonl`), in their tokens; a resumed run reads them there. Which of
them a step takes follows from its number and the seed alone.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainingArguments

from errata_trainer.checkpoint import Checkpoints
from errata_trainer.errors import TrainerError
from errata_trainer.grader import Grader
from errata_trainer.prompts import Messages, chat_ids
from errata_trainer.recipe import Job
from errata_trainer.recorder import Recorder
from errata_trainer.schedule import rate_factor, seed_step, visited

EXAMPLES_FILE = "examples.jsonl"


class Words:
    """Texts as tokens, by the base model's tokenizer and chat template."""

    def __init__(self, tokenizer: Any, context: int | None) -> None:
        """`context` is how many tokens the model can hold; None where it does not say."""
        self.tokenizer, self.context = tokenizer, context

    def prompt(self, messages: Messages) -> list[int]:
        """A chat as tokens, ready for the model's turn."""
        return chat_ids(self.tokenizer, messages)

    def answer(self, text: str) -> list[int]:
        """What a model would have said, with the end token after it."""
        return [*self.tokenizer(text, add_special_tokens=False)["input_ids"], self.tokenizer.eos_token_id]

    def read(self, ids: Any) -> str:
        """Tokens as text."""
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    def fits(self, *parts: list[int]) -> bool:
        """Is there room in the model's context for all of it?"""
        return self.context is None or sum(map(len, parts)) <= self.context


@dataclass(frozen=True)
class Item:
    """One thing to learn from; a method's own has its tokens beside."""

    kind: str
    problem_id: str


class Offline(Checkpoints):
    """Mixed in before one of TRL's trainers. A method says what it learns from (`items`), and as what (`rows`)."""

    stage: ClassVar[str]
    item: ClassVar[type[Item]]
    nothing: ClassVar[Item]
    """Stands in until the model is where it samples: examples may have to be sampled first."""
    _entered = -1

    def __init__(
        self,
        job: Job,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        args: TrainingArguments,
        grader: Grader,
        recorder: Recorder,
        peft_config: Any = None,
    ) -> None:
        self.job, self.grader, self.recorder = job, grader, recorder
        self.words = Words(tokenizer, getattr(model.config, "max_position_embeddings", None))
        trl: dict[str, Any] = {
            "model": model,
            "args": args,
            "train_dataset": self.rows([self.nothing]),
            "processing_class": tokenizer,
            "peft_config": peft_config,
        }
        super().__init__(**trl)
        self.prepare()

    def items(self) -> tuple[list[Any], Counter[str]]:
        """Everything that there is to learn from, in an order of its own, and what was left out by reason."""
        raise NotImplementedError

    def rows(self, items: list[Any]) -> Dataset:
        """As TRL's trainer reads them."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Gather the examples, or read those that the run began with, and put them in the order of the steps."""
        trainer: Any = self
        file = self.job.folder / EXAMPLES_FILE
        known = file.is_file()
        trainer.accelerator.wait_for_everyone()
        if known:
            lines = file.read_text(encoding="utf-8").splitlines()
            found = [self.item(**json.loads(line)) for line in lines]
        else:
            found, left_out = self.items()
            if trainer.accelerator.is_main_process:
                self._tell(found, left_out)
        if not found:
            raise TrainerError(
                "There is nothing to learn from: no example was left.",
                "Let the recipe's data take more, set data.examples to sampled, or choose other examples.",
            )
        recipe = self.job.recipe
        places = recipe["problems_per_step"] * recipe["max_steps"]
        trainer.train_dataset = self.rows(found).select(visited(0, places, len(found), recipe["seed"]))

    def _tell(self, items: list[Item], left_out: Counter[str]) -> None:
        """Write what is used, and say how much of it there is."""
        counts = Counter(item.kind for item in items)
        print("examples:", ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "none", flush=True)
        for why, count in left_out.most_common():
            print(f"left out: {count} {why}", flush=True)
        if items:
            lines = (json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in items)
            scratch = self.job.folder / f"{EXAMPLES_FILE}.tmp"
            scratch.write_text("".join(lines), encoding="utf-8")
            scratch.replace(self.job.folder / EXAMPLES_FILE)
        self.recorder.log.emit("examples", counts=dict(counts), left_out=dict(left_out), file=EXAMPLES_FILE)

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """A step's first piece sets its learning rate and random numbers."""
        trainer: Any = self
        step = trainer.state.global_step + 1
        if step != self._entered:
            self._entered = step
            rate = self.job.recipe["learning_rate"] * rate_factor(self.job.recipe, step)
            for group in trainer.optimizer.param_groups:
                group["lr"] = rate
            seed_step(self.job.recipe["seed"], step, trainer.accelerator.process_index)
            self.recorder.began(step, self.stage, learning_rate=rate)
        return super().training_step(*args, **kwargs)  # type: ignore[misc]
