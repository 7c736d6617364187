"""Signs that a run goes wrong (docs/comparing.md, Alarms). Each is a small function of what was seen so far."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from errata_trainer.rollout import Rollout

WINDOW = 5
"""Steps of a stage that are averaged before two stretches are compared."""
REPEAT_AFTER = 10
"""Steps before the same alarm sounds again."""


@dataclass(frozen=True)
class StepFacts:
    """What the alarms look at in one step."""

    step: int
    stage: str
    accuracy: float
    zero_variance: float
    pool_size: int = 0
    pool_unique: float = 0.0
    analysis_length: float | None = None
    entropy: float | None = None
    changed: float | None = None
    """Share of second answers that differ from the first."""


def zero_variance(trials: Sequence[StepFacts]) -> str | None:
    """In nearly all groups of the last steps every rollout earned the same: nothing is learnt from them."""
    last = trials[-3:]
    share = mean(f.zero_variance for f in last) if last else 0.0
    if len(last) < 3 or share < 0.9:
        return None
    return f"In {share:.0%} of the groups all rollouts earn the same; choose problems nearer the edge of the model."


def saturation(corrections: Sequence[StepFacts]) -> str | None:
    """The pool's unique share and the success of stage 2 fall together."""
    if len(corrections) < 2 * WINDOW:
        return None
    before, now = corrections[-2 * WINDOW : -WINDOW], corrections[-WINDOW:]
    unique = mean(f.pool_unique for f in before), mean(f.pool_unique for f in now)
    success = mean(f.accuracy for f in before), mean(f.accuracy for f in now)
    if unique[1] > 0.9 * unique[0] or success[1] > 0.9 * success[0]:
        return None
    return (
        f"The pool repeats itself: unique problems {unique[0]:.0%} to {unique[1]:.0%}, "
        f"corrections right {success[0]:.0%} to {success[1]:.0%}. More problems or more trial steps would help."
    )


def collapse(corrections: Sequence[StepFacts]) -> str | None:
    """Analyses shrink to under half, or entropy does, while success stays flat."""
    if len(corrections) < 2 * WINDOW:
        return None
    start, now = corrections[:WINDOW], corrections[-WINDOW:]
    if mean(f.accuracy for f in now) > mean(f.accuracy for f in start) + 0.05:
        return None
    lengths = [[f.analysis_length for f in part if f.analysis_length is not None] for part in (start, now)]
    if all(lengths) and mean(lengths[1]) < mean(lengths[0]) / 2:
        return f"Analyses shrank from {mean(lengths[0]):.0f} to {mean(lengths[1]):.0f} tokens, success did not grow."
    entropies = [[f.entropy for f in part if f.entropy is not None] for part in (start, now)]
    if all(entropies) and mean(entropies[1]) < mean(entropies[0]) / 2:
        return f"Entropy fell from {mean(entropies[0]):.2f} to {mean(entropies[1]):.2f}, success did not grow."
    return None


def never_changed(steps: Sequence[StepFacts]) -> str | None:
    """The second answer is the first again: what is learnt is to repeat oneself."""
    shares = [f.changed for f in steps[-3:] if f.changed is not None]
    if len(shares) < 3 or mean(shares) > 0.05:
        return None
    return f"{1 - mean(shares):.0%} of the second answers are the first ones again: nothing is corrected."


def always_changed(steps: Sequence[StepFacts]) -> str | None:
    """Every answer is changed, right or wrong. Not for steps that ask about wrong solutions alone."""
    shares = [f.changed for f in steps[-3:] if f.changed is not None]
    if len(shares) < 3 or mean(shares) < 0.95:
        return None
    return f"{mean(shares):.0%} of the answers are changed at the second attempt, whether they were right or not."


def answer_in_analysis(rows: Sequence[Rollout]) -> str | None:
    r"""A final answer (`\boxed`) inside the analysis: the correction is copied, not reasoned."""
    analyses = [r.reflection.analysis for r in rows if r.reflection and r.reflection.analysis]
    share = sum(r"\boxed" in a for a in analyses) / len(analyses) if analyses else 0.0
    return f"{share:.0%} of the analyses hold a final answer." if share > 0.2 else None


def same_analysis(rows: Sequence[Rollout]) -> str | None:
    """One analysis is the commonest of many problems: it says nothing about any of them."""
    given: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.reflection and row.reflection.analysis:
            given[row.task.problem.id][row.reflection.analysis] += 1
    commonest = Counter(analyses.most_common(1)[0][0] for analyses in given.values())
    shared = max(commonest.values(), default=0)
    if shared < 4 or shared < 0.5 * len(given):
        return None
    return f"The same analysis is the commonest for {shared} of {len(given)} problems."


def unclosed(rows: Sequence[Rollout]) -> str | None:
    """An analysis that never comes to its corrected solution."""
    open_ = sum(1 for r in rows if r.reflection and r.reflection.start >= 0 and r.reflection.boundary < 0)
    share = open_ / len(rows) if rows else 0.0
    return f"{share:.0%} of the reflections never reach their corrected solution." if share > 0.3 else None


class Alarms:
    """Keeps what was seen, and says each alarm at most every 10 steps."""

    def __init__(self) -> None:
        self.facts: list[StepFacts] = []
        self.said: dict[str, int] = {}

    def observe(self, facts: StepFacts, rows: Sequence[Rollout]) -> list[tuple[str, str]]:
        """Take a step; return the alarms (kind, message) that it sets off."""
        self.facts.append(facts)
        stage = [f for f in self.facts if f.stage == facts.stage]
        found = {"zero-variance": zero_variance(stage), "never-changed": never_changed(stage)}
        if facts.stage in ("stage-1", "stage-2"):
            found["always-changed"] = always_changed(stage)
        if facts.stage == "correction":
            found |= {
                "saturation": saturation(stage),
                "collapse": collapse(stage),
                "answer-in-analysis": answer_in_analysis(rows),
                "same-analysis": same_analysis(rows),
                "unclosed": unclosed(rows),
            }
        out: list[tuple[str, str]] = []
        for kind, message in found.items():
            if message and facts.step - self.said.get(kind, -REPEAT_AFTER) >= REPEAT_AFTER:
                self.said[kind] = facts.step
                out.append((kind, message))
        return out

    def state(self) -> dict[str, Any]:
        """Everything, as JSON, for a checkpoint."""
        return {"facts": [asdict(f) for f in self.facts], "said": self.said}

    def load(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state."""
        self.facts = [StepFacts(**f) for f in state["facts"]]
        self.said = dict(state["said"])
