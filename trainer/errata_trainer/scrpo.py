"""ScRPO (arXiv 2511.06065) on TRL's GRPOTrainer: trial steps fill the error pool, correction steps use it.

A step is planned from its number, the seed and the pool alone, and its random numbers are seeded by
both; a resumed run therefore repeats the run that was never stopped. GRPO is a cycle without corrections.
"""

import random
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import GRPOConfig, GRPOTrainer

from errata_trainer.decode import sample, warpers
from errata_trainer.errors import TrainerError
from errata_trainer.events import STATE_FILE, write_json
from errata_trainer.filter import keeps
from errata_trainer.grader import Grader
from errata_trainer.mask import correction_mask, find_edges
from errata_trainer.pool import ErrorPool, PoolError, first_differing_line
from errata_trainer.recipe import Job, Problem
from errata_trainer.recorder import Recorder
from errata_trainer.reflection import parse_reflection, strip_thinking
from errata_trainer.rollout import Rollout, Task
from errata_trainer.schedule import CORRECTION, TRIAL, planned_stage, visited


class ScRPOTrainer(GRPOTrainer):
    """GRPOTrainer whose batches are planned by stage and whose reflections learn on a mask."""

    def __init__(
        self,
        job: Job,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        args: GRPOConfig,
        grader: Grader,
        recorder: Recorder,
    ) -> None:
        self.job, self.grader, self.recorder = job, grader, recorder
        options = job.recipe["pool"]
        self.pool = ErrorPool(options["max_size"], options["per_problem"], options["max_uses"])
        self.visits = 0
        """Trial steps taken."""
        self._rows: list[Rollout] = []
        # A row of the data set is a place in a step; what stands there is planned when the step comes.
        places = list(range(job.recipe["problems_per_step"])) * job.recipe["max_steps"]
        super().__init__(
            model=model,
            reward_funcs=[self.correctness],
            args=args,
            train_dataset=Dataset.from_dict({"prompt": [""] * len(places), "place": places}),
            processing_class=tokenizer,
        )
        self.pool.admit(error for error in job.seeds if self._fits(error))

    # Planning

    def _plan(self, step: int) -> tuple[str, list[Task]]:
        """Stage and tasks of a step, the same on every rank."""
        recipe, seed = self.job.recipe, self.job.recipe["seed"]
        places = recipe["problems_per_step"]
        if planned_stage(step, self.job.cycle) == CORRECTION:
            drawn = self.pool.draw(places, random.Random(f"pool {seed} {step}"))
            if drawn:
                # A pool that is too small for the step has its errors repeated, each with a group of its own.
                tasks = [self._correction_task(error) for error in drawn]
                return CORRECTION, [tasks[i % len(tasks)] for i in range(places)]
            if self.job.cycle[0] == 0:
                raise TrainerError(
                    f"The error pool is empty at step {step}, and the recipe has no trial steps to fill it.",
                    "Seed it with more errors, or set correction.cycle to [6, 4].",
                )
        indices = visited(self.visits, places, len(self.job.problems), seed)
        self.visits += 1
        chosen = [self.job.problems[i] for i in indices]
        return TRIAL, [Task(p, self.job.solve.messages(problem=p.problem)) for p in chosen]

    def _correction_task(self, error: PoolError) -> Task:
        wrong = strip_thinking(error.solution) if self.job.recipe["strip_thinking"] else error.solution
        # The gold answer is not among the variables: no prompt file can give it away.
        messages = self.job.reflect.messages(problem=error.problem, solution=wrong)
        return Task(Problem(error.problem_id, error.problem, error.gold), messages, wrong)

    def _enter(self, stage: str, step: int) -> None:
        """Learning rate, KL weight and random numbers of a step."""
        recipe = self.job.recipe
        options = recipe["correction"] if stage == CORRECTION else recipe
        self.beta = options["beta"]
        for group in self.optimizer.param_groups:
            group["lr"] = options["learning_rate"]
        words = [recipe["seed"], step, self.accelerator.process_index]
        torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))

    # The batch

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        step = self.state.global_step + 1
        stage, tasks = self._plan(step)
        self._enter(stage, step)
        self._rows = [Rollout(row["place"], tasks[row["place"]]) for row in inputs]
        output = super()._generate_and_score_completions([{"prompt": r.task.messages} for r in self._rows])
        for row, advantage in zip(self._rows, output["advantages"].tolist(), strict=True):
            row.advantage = advantage
            row.learning_tokens = len(row.ids) if advantage else 0
        if stage == CORRECTION:
            self._mask(output)
        rows: list[Rollout] = gather_object(self._rows)
        evicted = self.pool.evicted
        admitted = self._admit(rows) if stage == TRIAL else 0
        rate = self.optimizer.param_groups[0]["lr"]
        self.recorder.scored(step, stage, rows, self.pool, admitted, self.pool.evicted - evicted, rate)
        return output

    def _generate_single_turn(self, prompt_ids: list[list[int]], *others: Any, **options: Any) -> Any:
        """TRL's generation of a batch: completion ids, and no log-probabilities."""
        if self.use_vllm or self.is_fsdp_enabled or self.is_deepspeed_enabled:
            return super()._generate_single_turn(prompt_ids, *others, **options)
        # The rows of a group lie side by side; a rank may hold a part of one.
        groups = [list(group) for _, group in groupby(self._rows, key=lambda row: row.place)]
        firsts = list(accumulate((len(g) for g in groups[:-1]), initial=0))
        counts = {len(g) for g in groups}
        if len(counts) > 1:
            firsts, counts = list(range(len(prompt_ids))), {1}
        with self.accelerator.autocast():
            completions = sample(
                self.accelerator.unwrap_model(self.model),
                [prompt_ids[i] for i in firsts],
                counts.pop(),
                max_new_tokens=self.max_completion_length,
                eos=self.eos_token_ids,
                pad=self._tokenizer.pad_token_id,
                warp=warpers(self.temperature, self.top_k, self.top_p),
            )
        return completions, None

    def correctness(
        self, completions: list[list[dict[str, str]]], completion_ids: list[list[int]], **_: Any
    ) -> list[float | None]:
        """TRL's reward function: 1 for a right answer, 0 for a wrong one, None where nobody can tell."""
        asked: list[Rollout] = []
        for row, completion, ids in zip(self._rows, completions, completion_ids, strict=True):
            row.text, row.ids = completion[0]["content"], ids
            if row.task.wrong is not None:
                row.reflection = parse_reflection(row.text)
            row.verdict = "incorrect"
            if row.reflection is None or row.reflection.parsed:
                asked.append(row)
        texts = [r.reflection.corrected if r.reflection else r.text for r in asked]
        golds = [r.task.problem.gold for r in asked]
        grades = self.grader.grade(list(zip(texts, golds, strict=True)))
        for row, grade in zip(asked, grades, strict=True):
            row.answer, row.verdict = grade.answer, grade.verdict
        for row in self._rows:
            if row.answer is None and row.ids[-1] not in self.eos_token_ids:
                row.verdict = "truncated"
        return [row.reward for row in self._rows]

    def _mask(self, output: dict[str, Any]) -> None:
        """Policy term on the mask alone, KL by `kl_mask`, Z the number of tokens that carry either.

        `advantages` becomes [rollouts, tokens]. Under on_failure `all` the mask of a failure is every token.
        """
        options = self.job.recipe["correction"]
        policy = torch.zeros(output["completion_ids"].shape, dtype=torch.long)
        mask = torch.zeros_like(policy)
        for i, row in enumerate(self._rows):
            failed = row.verdict != "correct"
            if row.reflection is None:
                raise AssertionError("a correction was not parsed")
            edges = find_edges(row.ids, row.reflection, self._text)
            row.analysis_tokens = edges.end - edges.start
            learns = correction_mask(len(row.ids), edges, options["mask"], options["think_mask"])
            if failed and options["on_failure"] == "all":
                learns = [1] * len(row.ids)
            mask[i, : len(learns)] = torch.tensor(learns)
            if not (failed and options["on_failure"] == "skip"):
                policy[i] = mask[i]
        completion_mask = output["completion_mask"]
        carries = completion_mask if options["kl_mask"] == "all" else mask.to(completion_mask.device)
        output["tool_mask"] = carries
        output["num_items_in_batch"] = self.accelerator.gather((carries * completion_mask).sum()).sum()
        output["advantages"] = output["advantages"].unsqueeze(1) * policy.to(completion_mask.device)
        for row, count in zip(self._rows, (output["advantages"] != 0).sum(1).tolist(), strict=True):
            row.learning_tokens = count

    def _text(self, ids: Any) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    # The pool

    def _admit(self, rows: list[Rollout]) -> int:
        """Wrong answers of the groups that pass the filter enter the pool; truncated ones never do."""
        groups: dict[int, list[Rollout]] = {}
        for row in rows:
            groups.setdefault(row.place, []).append(row)
        candidates: list[PoolError] = []
        for group in groups.values():
            scored = [r for r in group if r.verdict != "unscored"]
            right = [r.text for r in scored if r.verdict == "correct"]
            if keeps(self.job.recipe["filter"], len(right), len(scored)):
                candidates += [self._error(r, right) for r in scored if r.verdict == "incorrect"]
        return self.pool.admit(e for e in candidates if self._fits(e))

    @staticmethod
    def _error(row: Rollout, right: list[str]) -> PoolError:
        problem, line = row.task.problem, first_differing_line(row.text, right)
        return PoolError(problem.id, problem.problem, problem.gold, row.text, row.answer, line)

    def _fits(self, error: PoolError) -> bool:
        """Is there room in the model's context to reflect on it?"""
        messages = self._correction_task(error).messages
        ids = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        limit = getattr(self.model.config, "max_position_embeddings", None)
        return limit is None or len(ids) + self.max_completion_length <= limit

    # Checkpoints

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """A checkpoint is no publication: the run's folder already tells its story."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        self.recorder.log.emit("phase", phase="saving")
        super()._save_checkpoint(model, trial)
        name = f"checkpoint-{self.state.global_step}"
        if self.accelerator.is_main_process:
            state = {"visits": self.visits, "pool": self.pool.state(), "recorder": self.recorder.state()}
            # Written last: a checkpoint without it was cut short and is passed over on resume.
            write_json(Path(self.args.output_dir) / name / STATE_FILE, state)
        self.recorder.log.emit("checkpoint", step=self.state.global_step, path=f"checkpoints/{name}")
        self.recorder.log.emit("phase", phase="training")

    def load_state(self, state: dict[str, Any]) -> None:
        """Take our part of a checkpoint; TRL takes its own in `train`."""
        self.visits = state["visits"]
        self.pool.load(state["pool"])
        self.recorder.load(state["recorder"])
