"""What is compared, written down before it is run: question, arms, seeds, and what would count as an answer.

An arm is what differs from the base recipe (16 problems a step, G = 8, at most 110 new tokens, KL 0.02).
"""

from dataclasses import dataclass, field
from typing import Any

BASE: dict[str, Any] = {
    "method": "scrpo",
    "model": "demo-base",
    "problems": "train.jsonl",
    "max_steps": 60,
    "problems_per_step": 16,
    "num_generations": 8,
    "max_completion_length": 110,
    "learning_rate": 3e-4,
    "beta": 0.02,
    "correction": {"cycle": [6, 4], "learning_rate": 1e-4, "beta": 0.02},
    "data": {"take": "none"},
    "checkpoint_every": 1000,
    "export": "none",
    "threads": 1,
}
CORE_SEEDS = 3
TOKENS = 400_000
"""Generated tokens of a run where arms are held to the same number."""


@dataclass(frozen=True)
class Arm:
    """One way to train."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    tokens: int | None = None
    """Stop after the step that reaches so many generated tokens."""
    seeded: bool = False
    """Begins with the errors of the base model on the training problems (mixed groups, two of each problem)."""
    base: str = "demo"
    """What it starts from: the embedded model, or `checked` (experiments/checked.py)."""


@dataclass(frozen=True)
class Experiment:
    """A question and its arms. `shows` names the figures of the table, in order."""

    id: str
    title: str
    question: str
    expected: str
    arms: tuple[Arm, ...]
    shows: tuple[str, ...]
    seeds: int = 1
    base: str = "demo"
    """The base model that the table begins with."""


def corrections(name: str, **correction: Any) -> Arm:
    """Stage 2 alone, 50 steps at 1e-4, on the seeded pool."""
    return Arm(name, {"max_steps": 50, "correction": {"cycle": [0, 4], **correction}}, seeded=True)


def tried(method: str, rate: float, **more: Any) -> Arm:
    """A method at a learning rate of its first attempts, to the same number of generated tokens."""
    name = f"{method} {rate:g}"
    return Arm(name, {"method": method, "learning_rate": rate, "max_steps": 400, **more}, tokens=TOKENS)


LONGER = {"max_completion_length": 166}
"""Room for checks and a corrected solution in the first attempt."""

SECOND = ("pass_at_1", "retry", "fix", "diagnosis", "fix_given_right", "fix_given_wrong")

EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        "E1",
        "Stage 2 alone: which tokens learn, and what a failure teaches",
        "Does the analysis mask lift the fix rate above its start and above a plain retry? How large are the "
        "gradients of success-only (`skip`) against signed advantages?",
        "Gate: fix of `analysis, skip` above the base's fix and above plain retry, by more than two standard errors. "
        "Success-only gradients should be about (1 − p̂) times the signed ones.",
        (
            corrections("analysis, skip", mask="analysis", on_failure="skip"),
            corrections("analysis, signed", mask="analysis", on_failure="signed"),
            corrections("all, skip", mask="all", on_failure="skip"),
            corrections("solution, skip", mask="solution", on_failure="skip"),
        ),
        (*SECOND, "grad_norm", "analysis_length", "fix_shuffled"),
        seeds=CORE_SEEDS,
    ),
    Experiment(
        "E2",
        "Analyses shuffled among problems",
        "Is it the analysis that mends? Each wrong attempt is corrected after the analysis of another problem's.",
        "The fix rate drops towards plain retry; where it does not, the analysis is a ritual.",
        (corrections("analysis, skip", mask="analysis", on_failure="skip"),),
        ("fix", "fix_shuffled", "retry"),
        seeds=CORE_SEEDS,
    ),
    Experiment(
        "E3",
        "Which groups' errors enter the pool",
        "Does the variance filter matter to what 60 alternating steps reach?",
        "Variance and mixed alike; without a filter the pool fills with problems that nothing can be learnt from.",
        (
            Arm("off", {"filter": {"kind": "all"}}),
            Arm("mixed", {"filter": {"kind": "mixed"}}),
            Arm("variance"),
            Arm("band", {"filter": {"kind": "band", "low": 0.1, "high": 0.7}}),
        ),
        (*SECOND, "acc_t2", "pool_size", "pool_unique"),
    ),
    Experiment(
        "E4",
        "Supervised pairs and SCoRe",
        "What do SFT on right attempts, SFT on wrong → right pairs, and SCoRe with and without its stage I and its "
        "bonus reach, in both protocols?",
        "Pairs lift the fix rate a little; SCoRe without stage I or bonus repeats its first attempt.",
        (
            Arm("SFT, right attempts", {"method": "sft", "max_steps": 40, "learning_rate": 3e-4,
                "sft": {"examples": ["rejection"]}, "data": {"examples": "sampled"}}),
            Arm("SFT, pairs", {"method": "sft", "max_steps": 40, "learning_rate": 3e-4,
                "sft": {"examples": ["pairs"]}, "data": {"examples": "sampled"}}),
            Arm("SCoRe", {"method": "score", "learning_rate": 3e-4, "score": {"stage_one_steps": 20}}),
            Arm("SCoRe without stage I", {"method": "score", "learning_rate": 3e-4, "score": {"stage_one_steps": 0}}),
            Arm("SCoRe without bonus", {"method": "score", "learning_rate": 3e-4,
                "score": {"stage_one_steps": 20, "alpha": 0}}),
        ),
        ("pass_at_1", "fix", "intrinsic_t2", "intrinsic_delta", "intrinsic_i2c", "intrinsic_c2i", "same_solution"),
    ),
    Experiment(
        "E5",
        "GRPO, DAPO, Dr. GRPO",
        "Which baseline gains most at first attempts, at 400,000 generated tokens?",
        "DAPO learns faster a step and pays with generation; at equal tokens the three are close.",
        (tried("grpo", 3e-4), tried("dapo", 3e-4), tried("dr_grpo", 3e-4)),
        ("pass_at_1", "pass_at_8", "zero_variance", "entropy", "completion_length", "steps"),
    ),
    Experiment(
        "E6",
        "ScRPO against GRPO at equal generated tokens",
        "First and second attempts, on all problems and on hard ones (two or more misconceptions possible), at two "
        "learning rates of the trial stage each; the correction stage of ScRPO at 1e-4 throughout.",
        "At this scale GRPO wins first attempts and ScRPO wins fix and diagnosis; second attempts on hard problems "
        "are ScRPO's.",
        tuple(tried(method, rate) for rate in (1e-4, 3e-4) for method in ("grpo", "scrpo")),
        ("pass_at_1", "acc_t2", "hard_t1", "hard_t2", "retry", "fix", "diagnosis", "steps"),
        seeds=CORE_SEEDS,
    ),
    Experiment(
        "E7",
        "Cycle and pool size",
        "How much does the ratio of trial to correction, and the size of the pool, matter?",
        "More correction, more fix and less pass@1; a pool of 32 is as good as one of 1024 at this length.",
        (
            Arm("9 : 1", {"correction": {"cycle": [9, 1]}}),
            Arm("6 : 4"),
            Arm("2 : 8", {"correction": {"cycle": [2, 8]}}),
            Arm("6 : 4, pool of 32", {"pool": {"max_size": 32}}),
        ),
        (*SECOND, "acc_t2", "pool_size"),
    ),
    Experiment(
        "E8",
        "One known error at a time",
        "Attempts with exactly one misconception put in by the generator: which kinds are found and mended, before "
        "and after ScRPO?",
        "Every kind gains; what shows as a single changed number (product) gains least.",
        (Arm("ScRPO"),),
        tuple(f"injected_{kind}" for kind in ("distribution", "sign", "x-term", "denominator", "product")),
    ),
    Experiment(
        "E9",
        "Without a KL",
        "Do the alarms sound where the KL is left out of stage 2?",
        "At KL 0 entropy falls faster and analyses grow alike; an alarm sounds before the fix rate falls.",
        (
            Arm("KL 0.02", {"max_steps": 80, "correction": {"cycle": [0, 4], "learning_rate": 3e-4, "beta": 0.02},
                "pool": {"max_uses": 4}}, seeded=True),
            Arm("KL 0", {"max_steps": 80, "correction": {"cycle": [0, 4], "learning_rate": 3e-4, "beta": 0.0},
                "pool": {"max_uses": 4}}, seeded=True),
        ),
        ("pass_at_1", "fix", "diagnosis", "entropy", "analysis_length", "parsed", "alarms"),
    ),
    Experiment(
        "E10",
        "S²R: outcome against process rewards",
        "Which lifts verification, and which the last solution?",
        "Process rewards lift verification accuracy more, outcome rewards the last solution.",
        (
            Arm("outcome", {"method": "s2r", "s2r": {"stage": "outcome"}, "learning_rate": 5e-4, "beta": 0.05,
                "max_steps": 50, "problems_per_step": 8, "max_completion_length": 70, "num_generations": 8,
                "temperature": 1.0}),
            Arm("process", {"method": "s2r", "s2r": {"stage": "process"}, "learning_rate": 5e-4, "beta": 0.05,
                "max_steps": 50, "problems_per_step": 8, "max_completion_length": 70, "num_generations": 8,
                "temperature": 1.0}),
        ),
        ("pass_at_1", "verification_accuracy", "error_recall", "correct_precision", "verification_parsed"),
    ),
    Experiment(
        "E11",
        "First attempts from the model's own corrections",
        "Can correction help first attempts? Problems that are rarely solved at first are solved after a reflection: "
        "do such corrections, learnt as first answers, teach what right attempts alone do not?",
        "Corrections reach problems that right attempts do not, so pass@1 and pass@8 rise more than with right "
        "attempts alone, on hard problems above all.",
        (
            Arm("SFT, right attempts", {"method": "sft", "max_steps": 40, "learning_rate": 3e-4,
                "sft": {"examples": ["rejection"]}, "data": {"examples": "sampled"}}),
            Arm("SFT, right corrections", {"method": "sft", "max_steps": 40, "learning_rate": 3e-4,
                "sft": {"examples": ["corrections"]}, "data": {"examples": "sampled"}}),
            Arm("SFT, both", {"method": "sft", "max_steps": 40, "learning_rate": 3e-4,
                "sft": {"examples": ["rejection", "corrections"]}, "data": {"examples": "sampled"}}),
        ),
        ("pass_at_1", "pass_at_8", "hard_t1", "retry", "fix", "diagnosis", "acc_t2"),
    ),
    Experiment(
        "E12",
        "Solutions that check themselves by substitution",
        "Solutions put their answer into the problem and into each of their lines, and some that fail go on to an "
        "analysis and a correction, in the words of the second turn (the embedded model, taught so by "
        "`experiments/checked.py`). Does learning to correct then lift first attempts?",
        "The checks say where the error is, so that diagnosis starts higher. Stage 2 alone, which never trains a first "
        "attempt, lifts pass@1 here by more than two points (in E1 it did not), since the same analysis stands in "
        "first attempts; at equal tokens ScRPO comes nearer to GRPO at first attempts than in E6.",
        (
            Arm("stage 2 alone", {**LONGER, "max_steps": 50, "correction": {"cycle": [0, 4], "mask": "analysis",
                "on_failure": "skip"}}, seeded=True, base="checked"),
            Arm("grpo 0.0003", {**LONGER, "method": "grpo", "max_steps": 400}, tokens=TOKENS, base="checked"),
            Arm("scrpo 0.0003", {**LONGER, "max_steps": 400}, tokens=TOKENS, base="checked"),
        ),
        ("pass_at_1", "hard_t1", "heeded", "checked", "retry", "fix", "diagnosis", "fix_shuffled", "acc_t2", "steps"),
        seeds=CORE_SEEDS,
        base="checked",
    ),
)  # fmt: skip
