"""S²R's reinforcement learning (arXiv 2502.12853): solve, verify, solve again until a verification says right.

Stated in the paper: M = 4 trajectories a problem, temperature 0.7, rewards of ±1, the KL folded into the reward
(beta 0.05; 0.01 for Qwen2.5-Math), learning rate 5e-7, 500 steps, problems whose success rate is within [0.1, 0.7].

Ours where it says nothing: every solution is verified, the last one too; a verification without a verdict earns -1 in
process RL and ends the episode; the KL is the plain log ratio of the policy that sampled (k1), and rewards have it
folded in before the baseline is taken; actions are compared within their problem's group.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object
from trl.models.utils import disable_gradient_checkpointing

from errata_trainer.conversation import ConversationTrainer
from errata_trainer.prompts import Prompt
from errata_trainer.rollout import SOLUTION, VERIFICATION, Learning, Rollout, Task, Turn
from errata_trainer.verification import RIGHT, WRONG, parse_verification

OUTCOME, PROCESS = "outcome", "process"


class S2RTrainer(ConversationTrainer):
    """Outcome RL: the last solution's reward for every token. Process RL: every action's own reward for its tokens."""

    _drift: list[list[float]]
    """Of each rollout and turn: the sum over its tokens of log(policy / reference), times beta."""

    @cached_property
    def verify(self) -> Prompt:
        """Asks for a verification."""
        return self.job.prompt("verify")

    @cached_property
    def look_again(self) -> Prompt:
        """Asks for another solution."""
        return self.job.prompt("look_again")

    def plan(self, step: int) -> tuple[str, list[Task]]:
        """One stage all through: outcome or process."""
        del step
        return self.job.recipe["s2r"]["stage"], self.next_problems()

    # The episode

    def play(self, rows: list[Rollout]) -> None:
        """Solve and verify until a verification says right or nothing, `max_solutions`, or no room in the context."""
        solving = rows
        for last in range(self.job.recipe["s2r"]["max_solutions"], 0, -1):
            self.say(solving, SOLUTION)
            verifying = self.ask(solving, self.verify)
            self.say(verifying, VERIFICATION)
            for row in verifying:
                row.turns[-1].answer = parse_verification(row.turns[-1].text)
            unsure = [row for row in verifying if row.turns[-1].answer == WRONG]
            solving = self.ask(unsure, self.look_again) if last > 1 else []
            # Ranks ask a vLLM server together, or wait for each other forever.
            if not any(gather_object([bool(solving)])):
                return

    def ask(self, rows: list[Rollout], prompt: Prompt) -> list[Rollout]:
        """Tell every row the prompt's last message; returns, in order, the rows that have room for an answer."""
        words = [instruction(prompt, row.task.problem.problem, row.text) for row in rows]
        told: set[int] = set()
        for text in dict.fromkeys(words):
            told |= {id(r) for r in self.tell([r for r, w in zip(rows, words, strict=True) if w == text], text)}
        return [row for row in rows if id(row) in told]

    # Rewards

    def grade(self, rows: list[Rollout]) -> None:
        """Every solution by its answer, every verification by whether it tells the truth; rewards are ±1."""
        super().grade(rows)
        for row in rows:
            for turn, judged in verifications(row):
                turn.verdict = truth(turn, judged)
                if turn.answer is None and not self.ended(row, turn):
                    turn.verdict = "truncated"
            for turn in row.turns:
                turn.shaped = None if turn.plain is None else 2 * turn.plain - 1

    def batch_made(self, output: dict[str, Any]) -> None:
        """Measure how far each turn is from the reference under the policy that said it."""
        self._drift = [[0.0] * len(row.turns) for row in self._rows]
        reference = output.get("ref_per_token_logps")
        if reference is None:
            return
        apart = (self.policy_logps(output) - reference).double().cpu().numpy()
        for i, row in enumerate(self._rows):
            self._drift[i] = [self._beta * float(apart[i, turn.start : turn.end].sum()) for turn in row.turns]

    def policy_logps(self, output: dict[str, Any]) -> torch.Tensor:
        """[rollouts, tokens] log-probabilities of the batch under the policy as it sampled: no gradient, no dropout."""
        if "old_per_token_logps" in output:
            return output["old_per_token_logps"]
        ids = torch.cat([output["prompt_ids"], output["completion_ids"]], 1)
        mask = torch.cat([output["prompt_mask"], output["completion_mask"]], 1)
        pieces = {"batch_size": self.args.per_device_train_batch_size}
        training = self.model.training
        self.model.eval()
        with torch.no_grad(), disable_gradient_checkpointing(self.model, self.args.gradient_checkpointing_kwargs):
            logps, *_ = self._get_per_token_logps_and_entropies(
                self.model, ids, mask, output["completion_ids"].size(1), **pieces
            )
        self.model.train(training)
        return logps

    def credit(self, stage: str, rows: list[Rollout]) -> None:
        """Advantages of the whole episode (outcome) or of each action (process)."""
        if stage == PROCESS:
            keys = [[(row.place, context) for context in contexts(row)] for row in rows]
            worth = [folded(row, drift) for row, drift in zip(rows, self._drift, strict=True)]
            flat = relative([k for ks in keys for k in ks], [w for ws in worth for w in ws], leave_one_out=False)
            for turn, advantage in zip((t for row in rows for t in row.turns), flat, strict=True):
                turn.advantage = advantage
            for row in rows:
                row.advantage = row.last.advantage
            return
        whole = [
            None if row.reward is None else row.reward - sum(drift)
            for row, drift in zip(rows, self._drift, strict=True)
        ]
        for row, advantage in zip(rows, relative([r.place for r in rows], whole, leave_one_out=True), strict=True):
            row.advantage = advantage
            for turn in row.turns:
                turn.advantage = advantage

    def learning(self, row: Rollout) -> Learning:
        """All of the model's own tokens, and no KL in the loss: the reward has it."""
        said = self.said(row)
        return Learning.of(said, np.zeros(len(row.ids)), said)

    # Metrics

    def scored(self, stage: str, rows: list[Rollout]) -> dict[str, Any]:
        """First solutions, and how well the model judges its own (definitions: src/runs/metrics/verification.ts)."""
        firsts = [row.turns[0].verdict for row in rows if row.turns[0].verdict != "unscored"]
        said = [(turn, judged) for row in rows for turn, judged in verifications(row)]
        # (does it say right?, is it?) of the verifications with a verdict on a solution that could be scored.
        pairs = [
            (turn.answer == RIGHT, judged.verdict == "correct")
            for turn, judged in said
            if turn.answer is not None and judged.plain is not None
        ]
        # The last solutions' rewards are all that outcome RL compares.
        silent = {"zero_variance": silent_share(rows)} if stage == PROCESS else {}
        return silent | {
            "acc_t1": share([verdict == "correct" for verdict in firsts]),
            "solutions": sum(turn.kind == SOLUTION for row in rows for turn in row.turns) / len(rows),
            "verification_accuracy": share([says == is_so for says, is_so in pairs]),
            "error_recall": share([not says for says, is_so in pairs if not is_so]),
            "correct_precision": share([is_so for says, is_so in pairs if says]),
            "unparsed": share([turn.answer is None for turn, _ in said]),
        }


def instruction(prompt: Prompt, problem: str, solution: str) -> str:
    """What the user says at a prompt file's end, for the conversation whose beginning the file tells."""
    return prompt.messages(problem=problem, solution=solution)[-1]["content"]


def verifications(row: Rollout) -> list[tuple[Turn, Turn]]:
    """Each verification with the solution that it judges: the turn before it."""
    return [(turn, row.turns[i - 1]) for i, turn in enumerate(row.turns) if turn.kind == VERIFICATION]


def truth(verification: Turn, judged: Turn) -> str:
    """The verdict on a verification: `correct` when it tells the truth, `unscored` when nobody knows."""
    if verification.answer is None:
        return "incorrect"
    if judged.plain is None:
        return "unscored"
    return "correct" if (verification.answer == RIGHT) == (judged.verdict == "correct") else "incorrect"


def contexts(row: Rollout) -> list[tuple[float, ...]]:
    """Of each turn: the rewards of the turns before it, 0 where nobody knows (the paper's reward context)."""
    rewards = [turn.reward or 0.0 for turn in row.turns]
    return [tuple(rewards[:i]) for i in range(len(rewards))]


def silent_share(rows: Sequence[Rollout]) -> float:
    """Share of groups in which no action earns more than another after the same rewards: process RL learns nothing."""
    earned: dict[int, dict[tuple[float, ...], set[float]]] = {row.place: defaultdict(set) for row in rows}
    for row in rows:
        for turn, context in zip(row.turns, contexts(row), strict=True):
            if turn.reward is not None:
                earned[row.place][context].add(turn.reward)
    return sum(all(len(rewards) == 1 for rewards in own.values()) for own in earned.values()) / len(earned)


def folded(row: Rollout, drift: Sequence[float]) -> list[float | None]:
    """Every turn's reward with its KL in it; None where nobody knows the reward."""
    return [None if t.reward is None else t.reward - d for t, d in zip(row.turns, drift, strict=True)]


def relative(keys: Sequence[Hashable], worth: Sequence[float | None], *, leave_one_out: bool) -> list[float]:
    """Each value less the mean of its key's values on all ranks, without itself under `leave_one_out`.

    Unknown values leave the mean and get 0; so does one that stands alone.
    """
    total, count = defaultdict(float), defaultdict(int)
    for key, value in gather_object([(k, w) for k, w in zip(keys, worth, strict=True) if w is not None]):
        total[key] += value
        count[key] += 1
    out: list[float] = []
    for key, value in zip(keys, worth, strict=True):
        if value is None or count[key] < 2:
            out.append(0.0)
        elif leave_one_out:
            out.append(value - (total[key] - value) / (count[key] - 1))
        else:
            out.append(value - total[key] / count[key])
    return out


def share(values: Sequence[bool]) -> float | None:
    """Share of true ones; None of nothing."""
    return sum(values) / len(values) if values else None
