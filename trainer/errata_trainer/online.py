"""What every method that samples shares, on TRL's GRPOTrainer. One file a method says what is its own.

A step is planned from its number, the seed and the pool alone, and its random numbers are seeded by
both; a resumed run therefore repeats the run that was never stopped.

A method says: which tasks a step has (`plan`), how an episode is played (`play`), what its turns are
worth (`credit`), and what each token receives (`learning`). TRL does the rest: rewards over ranks, group
statistics, reference model, clipping, KL, optimiser.
"""

from itertools import accumulate, groupby
from typing import Any, Self

import numpy as np
import torch
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import GRPOConfig

from errata_trainer.checkpoint import Checkpoints
from errata_trainer.config import grpo_config
from errata_trainer.decode import sample, warpers
from errata_trainer.grader import Grader
from errata_trainer.prompts import Messages, chat_ids
from errata_trainer.recipe import Job
from errata_trainer.recorder import Recorder
from errata_trainer.reflection import parse_reflection
from errata_trainer.rollout import REFLECTION, SOLUTION, Learning, Rollout, Task, Turn
from errata_trainer.schedule import TRIAL, rate_factor, seed_step, visited
from errata_trainer.shared_prompts import SharedPrompts
from errata_trainer.token_beta import TokenBeta


class OnlineTrainer(Checkpoints, SharedPrompts):
    """GRPO on first attempts, planned by step; the base of all methods that sample."""

    configure = staticmethod(grpo_config)
    _stage = TRIAL

    def __init__(
        self,
        job: Job,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        args: GRPOConfig,
        grader: Grader,
        recorder: Recorder,
        peft_config: Any = None,
    ) -> None:
        self.job, self.grader, self.recorder = job, grader, recorder
        self.visits = 0
        """Visits to the problem set so far: problems of the trial steps."""
        self._rows: list[Rollout] = []
        self._beta = args.beta
        # A row of the data set is a place in a step; what stands there is planned when the step comes.
        places = list(range(job.recipe["problems_per_step"])) * job.recipe["max_steps"]
        super().__init__(
            model=model,
            reward_funcs=[self.correctness],
            args=args,
            train_dataset=Dataset.from_dict({"prompt": [""] * len(places), "place": places}),
            processing_class=tokenizer,
            rollout_func=self._roll,
            peft_config=peft_config,
        )

    @classmethod
    def reader(cls, job: Job, tokenizer: PreTrainedTokenizerBase, ends: list[int]) -> Self:
        """The method without model, optimiser and grader: it writes prompts and says what tokens would receive."""
        out = cls.__new__(cls)
        out.job, out.processing_class, out._tokenizer, out.eos_token_ids = job, tokenizer, tokenizer, ends
        out._beta = 0.0
        return out

    # What a method says

    def plan(self, step: int) -> tuple[str, list[Task]]:
        """Stage and tasks of a step, one a place; the same on every rank."""
        del step
        return TRIAL, self.next_problems()

    def settings(self, stage: str) -> tuple[float, float]:
        """Learning rate (before warm-up and schedule) and KL weight of a stage."""
        del stage
        return self.job.recipe["learning_rate"], self.job.recipe["beta"]

    def play(self, rows: list[Rollout]) -> None:
        """Sample every row's episode: one turn, a solution or a reflection, unless a method does more."""
        self.say(rows, self.kind_of(rows))

    def kind_of(self, rows: list[Rollout]) -> str:
        """What one-turn episodes consist of."""
        return REFLECTION if rows and rows[0].task.wrong is not None else SOLUTION

    def batch_made(self, output: dict[str, Any]) -> None:
        """Look at TRL's batch of the graded rollouts before the credit is given."""

    def credit(self, stage: str, rows: list[Rollout]) -> None:
        """Give every turn its advantage. TRL's group advantage of the rollout stands in `row.advantage`."""
        del stage
        for row in rows:
            for turn in row.turns:
                turn.advantage = row.advantage

    def learning(self, row: Rollout) -> Learning:
        """What each token of a graded rollout receives; a function of the row and the stage's KL weight alone."""
        said = self.said(row)
        return Learning.of(said, said * self._beta, said)

    def scored(self, stage: str, rows: list[Rollout]) -> dict[str, Any]:
        """Look at the graded rollouts of all ranks; returns the method's own metrics of the step."""
        del stage, rows
        return {}

    # Planning

    def next_problems(self, count: int | None = None) -> list[Task]:
        """The next problems of the set in the run's order, every problem once an epoch."""
        job = self.job
        count = count or job.recipe["problems_per_step"]
        indices = visited(self.visits, count, len(job.problems), job.recipe["seed"])
        self.visits += count
        chosen = [job.problems[i] for i in indices]
        return [Task(p, job.solve.messages(problem=p.problem)) for p in chosen]

    def _enter(self, stage: str, step: int) -> None:
        """Learning rate, KL weight and random numbers of a step."""
        rate = self.enter_stage(stage)
        # Without a KL the reference model need not be asked.
        self.beta = self.args.beta if self._beta > 0 else 0.0
        factor = rate_factor(self.job.recipe, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * factor
        seed_step(self.job.recipe["seed"], step, self.accelerator.process_index)

    def enter_stage(self, stage: str) -> float:
        """Take a stage and its KL weight, on which depends what a token receives; returns its learning rate."""
        self._stage = stage
        rate, self._beta = self.settings(stage)
        return rate

    # The batch

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        step = self.state.global_step + 1
        stage, tasks = self.plan(step)
        self._enter(stage, step)
        self._rows = [Rollout(row["place"], tasks[row["place"]]) for row in inputs]
        output = super()._generate_and_score_completions([{"prompt": r.task.messages} for r in self._rows])
        for row, advantage in zip(self._rows, output["advantages"].tolist(), strict=True):
            row.advantage = advantage
        self.batch_made(output)
        self.credit(stage, self._rows)
        self._shape(output)
        rows: list[Rollout] = gather_object(self._rows)
        rate = self.optimizer.param_groups[0]["lr"]
        self.recorder.scored(step, stage, rows, rate, self.scored(stage, rows))
        return output

    def _shape(self, output: dict[str, Any]) -> None:
        """`advantages` becomes [rollouts, tokens]; the mask becomes what counts in Z; the KL gets weights.

        The KL's weights travel with the batch: TRL cuts it into pieces and shuffles them.
        """
        shape, device = output["completion_ids"].shape, output["completion_ids"].device
        advantages, kl, counted = (torch.zeros(shape) for _ in range(3))
        for i, row in enumerate(self._rows):
            learning = self.learning(row)
            worth = np.zeros(len(row.ids))
            for turn in row.turns:
                worth[turn.start : turn.end] = turn.advantage
            learns = learning.policy & (worth != 0)
            for turn in row.turns:
                turn.learning_tokens = int(learns[turn.start : turn.end].sum())
            row.learning_tokens = sum(t.learning_tokens for t in row.turns)
            row.learning_analysis = int(learns[slice(*row.analysis_at)].sum())
            advantages[i, : len(row.ids)] = torch.from_numpy(worth * learning.policy)
            kl[i, : len(row.ids)] = torch.from_numpy(learning.kl)
            counted[i, : len(row.ids)] = torch.from_numpy(learning.counted.astype(float))
        output["advantages"], output["tool_mask"] = advantages.to(device), counted.long().to(device)
        output["num_items_in_batch"] = self.accelerator.gather(output["tool_mask"].sum()).sum()
        if "ref_per_token_logps" in output:
            output["token_beta"] = kl.to(device)

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        weights = inputs.get("token_beta")
        self.beta = 0.0 if weights is None else TokenBeta(self.args.beta, weights)
        return super()._compute_loss(model, inputs)

    def said(self, row: Rollout) -> np.ndarray:
        """[T] bool: the tokens that the model said itself."""
        out = np.zeros(len(row.ids), dtype=bool)
        for turn in row.turns:
            out[turn.start : turn.end] = True
        return out

    # Sampling

    def _roll(self, _prompts: list[Any], _trainer: Any) -> dict[str, Any]:
        """TRL's rollout function: plays the step's rows."""
        self.pose(self._rows)
        self.play(self._rows)
        whole = all(self.said(row).all() for row in self._rows)
        # TRL asks the flag of every rank, and a rank may have no row with two turns: the hook overwrites the mask.
        return {
            "prompt_ids": [row.prompt_ids for row in self._rows],
            "completion_ids": [row.ids for row in self._rows],
            "logprobs": [row.logprobs for row in self._rows] if self.use_vllm else None,
            **({} if whole else {"env_mask": [self.said(row).astype(int).tolist() for row in self._rows]}),
        }

    def pose(self, rows: list[Rollout]) -> None:
        """Give every row its prompt. Rows of a place share their task, and a chat template takes its time."""
        known: dict[int, list[int]] = {}
        for row in rows:
            if row.place not in known:
                known[row.place] = self.prompt_ids(row.task.messages)
            row.prompt_ids = known[row.place]

    def prompt_ids(self, messages: Messages) -> list[int]:
        """A chat as tokens, ready for the model's turn."""
        return chat_ids(self._tokenizer, messages)

    def say(self, rows: list[Rollout], kind: str) -> None:
        """Let every row's model speak once after what stands there, and add the turn."""
        prompts = [row.prompt_ids + row.ids for row in rows]
        # Rows that were asked the same share one reading of it.
        groups = [list(group) for _, group in groupby(range(len(rows)), key=lambda i: (rows[i].place, prompts[i]))]
        sizes = {len(group) for group in groups}
        copies = sizes.pop() if len(sizes) == 1 else 1
        for row, (ids, logprobs) in zip(rows, self.sample(prompts, copies), strict=True):
            start = len(row.ids)
            row.ids = row.ids + ids
            if logprobs is not None:
                told = [0.0] * (start - len(row.logprobs or ()))
                row.logprobs = [*(row.logprobs or ()), *told, *logprobs]
            row.turns.append(Turn(kind, start, len(row.ids), self._text(ids)))

    def sample(self, prompts: list[list[int]], copies: int = 1) -> list[tuple[list[int], list[float] | None]]:
        """Completions of prompts, in order, each repeated `copies` times side by side: (ids, log-probabilities).

        Log-probabilities come from vLLM alone, whose rounding is not the trainer's.
        """
        if self.use_vllm:
            return self._ask_vllm(prompts, copies)
        if not prompts:
            return []
        firsts = list(accumulate([copies] * (len(prompts) // copies - 1), initial=0))
        model = self.accelerator.unwrap_model(self.model)
        # A training model with gradient checkpointing keeps no cache: what it generates then is garbage.
        training = model.training
        model.eval()
        try:
            with self.accelerator.autocast():
                found = sample(
                    model,
                    [prompts[i] for i in firsts],
                    copies,
                    max_new_tokens=self.max_completion_length,
                    eos=self.eos_token_ids,
                    pad=self._tokenizer.pad_token_id,
                    warp=warpers(self.temperature, self.top_k, self.top_p),
                )
        finally:
            model.train(training)
        return [(ids, None) for ids in found]

    def _ask_vllm(self, prompts: list[list[int]], copies: int) -> list[tuple[list[int], list[float] | None]]:
        """A server deals its answers out in equal parts: ranks that have unlike many prompts ask for some in vain."""
        asked: list[tuple[int, int]] = gather_object([(len(prompts), copies)])
        most = max(count for count, _ in asked)
        if most == 0:
            return []
        if len(set(asked)) > 1:
            vain = prompts[0] if prompts else [self.eos_token_ids[0]]
            prompts, copies = [*prompts, *[vain] * (most - len(prompts))], 1
        nothing: dict[str, Any] = {}
        ids, logprobs = self._generate_single_turn(prompts, None, nothing, copies)
        own = asked[self.accelerator.process_index][0]
        return list(zip(ids, logprobs, strict=True))[:own]

    @property
    def context(self) -> int | None:
        """Tokens that the model can hold; None when it does not say."""
        return getattr(self.accelerator.unwrap_model(self.model).config, "max_position_embeddings", None)

    def has_room(self, length: int) -> bool:
        """Does a whole turn fit into the context after so many tokens?"""
        return self.context is None or length + self.max_completion_length <= self.context

    # Grading

    def correctness(self, completions: list[Any], **_: Any) -> list[float | None]:
        """TRL's reward function: grades every turn; 1 for a right answer, 0 for a wrong one, None for nobody knows."""
        del completions
        self.grade(self._rows)
        return [row.reward for row in self._rows]

    def grade(self, rows: list[Rollout]) -> None:
        """Give every solution and reflection its verdict."""
        turns = [(row, turn) for row in rows for turn in row.turns if turn.kind in (SOLUTION, REFLECTION)]
        asked: list[tuple[Rollout, Turn]] = []
        for row, turn in turns:
            turn.verdict = "incorrect"
            if turn.kind == REFLECTION:
                turn.reflection = parse_reflection(turn.text)
            if turn.reflection is None or turn.reflection.parsed:
                asked.append((row, turn))
        pairs = [(t.reflection.corrected if t.reflection else t.text, r.task.problem.gold) for r, t in asked]
        for (_, turn), grade in zip(asked, self.grader.grade(pairs), strict=True):
            turn.answer, turn.verdict = grade.answer, grade.verdict
        for row, turn in turns:
            if turn.answer is None and not self.ended(row, turn):
                turn.verdict = "truncated"

    def ended(self, row: Rollout, turn: Turn) -> bool:
        """Did the model end the turn itself?"""
        ids = row.ids[turn.start : turn.end] if turn.apart is None else turn.apart
        return bool(ids) and ids[-1] in self.eos_token_ids

    def _text(self, ids: Any) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    # Checkpoints

    def method_state(self) -> dict[str, Any]:
        """The method's part of a checkpoint."""
        return {"visits": self.visits}

    def load_method_state(self, state: dict[str, Any]) -> None:
        """Take the method's part of a checkpoint; TRL takes its own in `train`."""
        self.visits = state["visits"]
