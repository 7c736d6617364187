"""What a model can do on the held-out problems: first attempts, reflections, neutral second looks, verifications.

Figures over attempts are ratios of sums over all problems; the report adds what varies from seed to seed.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from demo.dialogue import ANALYSIS, Attempt, natural_errors, parse_reflection
from demo.problem_sets import problem_of, read_set
from demo.task import Problem, answer_of, solve
from demo.tokenizer import LOOK_AGAIN, REFLECT, VERIFY
from demo.truth import diagnose, is_right, lines_of
from errata_trainer.decode import sample, warpers
from transformers import AutoModelForCausalLM, AutoTokenizer

HELDOUT = Path("demo/problems/heldout.jsonl")
GROUP = 8
PROMPTS = 96
"""Prompts that are read together."""
SHUFFLED_SEED = 7


class Model:
    """A folder's weights, and the chat that they know."""

    def __init__(self, folder: Path, tokenizer: Path, longest: int) -> None:
        self.longest = longest
        self.net = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        # A tokenizer that was saved again may split digits: always the base's own.
        self.words = AutoTokenizer.from_pretrained(tokenizer, padding_side="left")

    def ids(self, *turns: str, begun: str = "") -> list[int]:
        """Turns of user, assistant, user … as a prompt; `begun` is how the answer begins."""
        roles = ("user", "assistant")
        messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
        text = self.words.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return self.words(text + begun, add_special_tokens=False)["input_ids"]

    def say(self, prompts: list[list[int]], copies: int = 1) -> list[list[str]]:
        """`copies` answers to each prompt at temperature 1, in order."""
        out: list[list[str]] = [[] for _ in prompts]
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        size = PROMPTS if copies > 1 else 4 * PROMPTS
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            found = sample(
                self.net, [prompts[i] for i in rows], copies, max_new_tokens=self.longest,
                eos=[self.words.eos_token_id], pad=self.words.pad_token_id, warp=warpers(1.0, 0, 1.0),
            )  # fmt: skip
            texts = [self.words.decode(ids, skip_special_tokens=True) for ids in found]
            for n, i in enumerate(rows):
                out[i] = texts[n * copies : (n + 1) * copies]
        return out

    def once(self, prompts: list[list[int]]) -> list[str]:
        """One answer to each prompt."""
        return [texts[0] for texts in self.say(prompts)]


def evaluate(model: Model, seed: int) -> dict[str, float]:
    """All figures, each a share unless its name says otherwise."""
    torch.manual_seed(seed)
    problems = [problem_of(row) for row in read_set(HELDOUT)]
    attempts = model.say([model.ids(p.text) for p in problems], GROUP)
    right = [[is_right(p, t) for t in texts] for p, texts in zip(problems, attempts, strict=True)]
    counts = [sum(row) for row in right]
    wrong = [(i, t) for i, texts in enumerate(attempts) for t, ok in zip(texts, right[i], strict=True) if not ok]
    hard = [i for i, p in enumerate(problems) if len(p.features) >= 2]
    out = {
        "pass_at_1": sum(counts) / (GROUP * len(problems)),
        "pass_at_8": mean(k > 0 for k in counts),
        "retry": sum((GROUP - k) * k / (GROUP - 1) for k in counts) / max(1, len(wrong)),
        "hard_t1": sum(counts[i] for i in hard) / (GROUP * len(hard)),
        **inline([(problems[i], t) for i, texts in enumerate(attempts) for t in texts]),
    }
    fixed, figures = reflections(model, problems, wrong)
    out |= figures
    mended = Counter(i for (i, _), ok in zip(wrong, fixed, strict=True) if ok)
    out["acc_t2"] = (sum(counts) + sum(mended.values())) / (GROUP * len(problems))
    out["hard_t2"] = sum(counts[i] + mended[i] for i in hard) / (GROUP * len(hard))
    return out | neutral(model, problems, attempts) | injected(model, problems)


def inline(attempts: list[tuple[Problem, str]]) -> dict[str, float]:
    """What first attempts do beside solving.

    `checked`: they put their answer into the problem; `heeded`: of those whose first solution is wrong, the share that
    goes on to an analysis.
    """
    first = [(p, text.partition(ANALYSIS)) for p, text in attempts]
    wrong = [bool(said) for p, (solution, said, _) in first if diagnose(p, solution)]
    checks = [any("x" not in line for line in lines_of(solution)) for _, (solution, _, _) in first]
    return {"heeded": mean(wrong) if wrong else 0.0, "checked": mean(checks)}


def reflections(
    model: Model, problems: list[Problem], wrong: list[tuple[int, str]]
) -> tuple[list[bool], dict[str, float]]:
    """Oracle-gated: every wrong attempt reflected on once, then corrected again after another problem's analysis."""
    texts = model.once([model.ids(problems[i].text, t, REFLECT) for i, t in wrong])
    fixed, named, analyses, lengths = [], [], [], []
    for (i, attempt), text in zip(wrong, texts, strict=True):
        said, truth = parse_reflection(text), diagnose(problems[i], attempt)
        fixed.append(bool(said and is_right(problems[i], said.solution)))
        named.append(bool(said and truth and (said.line, said.kind) == (truth.line, truth.kind)))
        analyses.append(text.partition("Corrected Solution:")[0].rstrip())
        lengths.append(len(model.words(analyses[-1])["input_ids"]))
    right = [f for f, n in zip(fixed, named, strict=True) if n]
    missed = [f for f, n in zip(fixed, named, strict=True) if not n]
    strangers = shuffled([i for i, _ in wrong], random.Random(SHUFFLED_SEED))
    prompts = [
        model.ids(problems[i].text, t, REFLECT, begun=f"{analyses[j]}\nCorrected Solution:")
        for (i, t), j in zip(wrong, strangers, strict=True)
    ]
    misled = [is_right(problems[i], text) for (i, _), text in zip(wrong, model.once(prompts), strict=True)]
    return fixed, {
        "fix": mean(fixed),
        "fix_shuffled": mean(misled),
        "diagnosis": mean(named),
        "fix_given_right": mean(right) if right else 0.0,
        "fix_given_wrong": mean(missed) if missed else 0.0,
        "parsed": mean(parse_reflection(t) is not None for t in texts),
        "analysis_length": mean(lengths),
        "wrong": float(len(wrong)),
    }


def shuffled(owners: list[int], rng: random.Random) -> list[int]:
    """For each row another row, of another problem, each used about once."""
    order = list(range(len(owners)))
    rng.shuffle(order)
    for n in range(len(order)):
        if owners[order[n]] == owners[n]:
            swap = next(m for m in range(len(order)) if owners[order[m]] != owners[n] and owners[order[n]] != owners[m])
            order[n], order[swap] = order[swap], order[n]
    return order


def neutral(model: Model, problems: list[Problem], attempts: list[list[str]]) -> dict[str, float]:
    """Intrinsic: a neutral second look at two attempts of each problem, and a verification of the same."""
    rows = [(p, text) for p, texts in zip(problems, attempts, strict=True) for text in texts[:2]]
    looks = model.once([model.ids(p.text, text, LOOK_AGAIN) for p, text in rows])
    checks = model.once([model.ids(p.text, text, VERIFY) for p, text in rows])
    first = [is_right(p, text) for p, text in rows]
    second = [is_right(p, text) for (p, _), text in zip(rows, looks, strict=True)]
    verdicts = [text.rpartition("Verdict: ")[2].strip() for text in checks]
    judged = [(f, v) for f, v in zip(first, verdicts, strict=True) if v in ("right", "wrong")]
    pairs = list(zip(first, second, strict=True))
    return {
        "intrinsic_t1": mean(first),
        "intrinsic_t2": mean(second),
        "intrinsic_delta": mean(second) - mean(first),
        "intrinsic_i2c": mean(not f and s for f, s in pairs),
        "intrinsic_c2i": mean(f and not s for f, s in pairs),
        "same_solution": mean(lines_of(a) == lines_of(b) for (_, a), b in zip(rows, looks, strict=True)),
        "verification_parsed": len(judged) / len(rows),
        "verification_accuracy": share(judged, lambda f, v: (v == "right") == f),
        "error_recall": share([r for r in judged if not r[0]], lambda _, v: v == "wrong"),
        "correct_precision": share([r for r in judged if r[1] == "right"], lambda f, _: f),
    }


def share(rows: Iterable[tuple[bool, str]], holds: Callable[[bool, str], bool]) -> float:
    """Of rows; 0 where there are none."""
    found = [holds(*row) for row in rows]
    return mean(found) if found else 0.0


def injected(model: Model, problems: list[Problem]) -> dict[str, float]:
    """Fix rate on attempts with one misconception of the generator's, by its kind."""
    rows: list[tuple[Problem, str, str]] = []
    for problem in problems:
        for kind, _ in natural_errors(problem):
            lines = solve(problem, frozenset((kind,)))
            if lines and answer_of(lines) != problem.x:
                rows.append((problem, kind, Attempt(problem, frozenset((kind,))).text))
    texts = model.once([model.ids(p.text, t, REFLECT) for p, _, t in rows])
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for (problem, kind, _), text in zip(rows, texts, strict=True):
        said = parse_reflection(text)
        by_kind[kind].append(bool(said and is_right(problem, said.solution)))
    return {f"injected_{kind}": mean(found) for kind, found in sorted(by_kind.items())}


def training_figures(events: list[dict[str, Any]]) -> dict[str, float]:
    """Of the run itself: means of the last ten steps, sums, alarms."""
    metrics = [e for e in events if e["type"] == "metrics"]
    last = metrics[-10:]
    out: dict[str, float] = {"steps": float(len(metrics)), "tokens": float(metrics[-1].get("tokens", 0))}
    for name in ("grad_norm", "entropy", "kl", "zero_variance", "completion_length", "pool_size", "pool_unique"):
        values = [m[name] for m in (metrics if name == "grad_norm" else last) if name in m]
        if values:
            out[name] = mean(values)
    out["seconds"] = sum(m.get("step_seconds", 0.0) for m in metrics)
    out["alarms"] = float(sum(e["type"] == "alarm" and e["kind"] != "grader" for e in events))
    return out
