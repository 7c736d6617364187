"""docs/experiments.md from the raw results; nothing in it is written by hand but the plan and this page's frame."""

import hashlib
import json
import re
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from experiments.plan import CORE_SEEDS, EXPERIMENTS, TOKENS, Arm, Experiment

DOC = Path(__file__).resolve().parents[1] / "docs" / "experiments.md"
NOTES = Path(__file__).parent / "notes.md"

NAMES = {
    "pass_at_1": "pass@1", "pass_at_8": "pass@8", "retry": "plain retry", "fix": "fix", "fix_shuffled": "fix, shuffled",
    "diagnosis": "diagnosis", "fix_given_right": "fix given right", "fix_given_wrong": "fix given wrong",
    "acc_t2": "Acc@t2", "hard_t1": "hard: t1", "hard_t2": "hard: t2", "grad_norm": "gradient norm",
    "analysis_length": "analysis tokens", "pool_size": "pool", "pool_unique": "unique", "intrinsic_t2": "Acc@t2",
    "intrinsic_delta": "Δ", "intrinsic_i2c": "Δ i→c", "intrinsic_c2i": "Δ c→i", "same_solution": "same again",
    "zero_variance": "zero variance", "entropy": "entropy", "completion_length": "tokens", "steps": "steps",
    "parsed": "parsed", "alarms": "alarms", "verification_accuracy": "verification", "error_recall": "error recall",
    "heeded": "goes on when wrong", "checked": "checks itself", "correct_precision": "correct precision",
    "verification_parsed": "parsed",
}  # fmt: skip
COUNTS = {"steps", "alarms", "pool_size", "analysis_length", "completion_length"}


def key(arm: Arm) -> str:
    """Names the results of an arm by what it does: the same arm in two experiments is one."""
    other = [] if arm.base == "demo" else [arm.base]
    what = json.dumps([arm.changes, arm.tokens, arm.seeded, *other], sort_keys=True)
    return f"{arm.changes.get('method', 'scrpo')}-{hashlib.sha256(what.encode()).hexdigest()[:6]}"


def base_key(name: str) -> str:
    """Names the results of a base model."""
    return "base" if name == "demo" else f"base_{name}"


def figures_of(folder: Path, stem: str) -> list[dict[str, Any]]:
    """Results of one arm, by seed."""
    files = sorted(folder.glob(f"{stem}-[0-9]*.json"))
    return [json.loads(f.read_text()) for f in files if f.stem.rpartition("-")[0] == stem]


def cell(results: list[dict[str, Any]], name: str) -> str:
    """Mean, and its standard error where there are at least three seeds."""
    values = [r["figures"][name] for r in results if name in r["figures"]]
    if not values:
        return ""
    digits = 1 if name in COUNTS else 3
    average = f"{mean(values):.{digits}f}"
    text = average if name in COUNTS else bare(average)
    if len(values) >= CORE_SEEDS:
        text += " ± " + bare(f"{stdev(values) / sqrt(len(values)):.{digits}f}")
    return text.replace("-", "−")


def bare(number: str) -> str:
    """Without the zero before the point."""
    return re.sub(r"^(-?)0\.", r"\1.", number)


def table(experiment: Experiment, folder: Path) -> list[str]:
    """One line an arm."""
    shown = list(experiment.shows)
    lines = ["| arm | n | " + " | ".join(NAMES.get(n, n.removeprefix("injected_")) for n in shown) + " |"]
    lines.append("|" + "---|" * (len(shown) + 2))
    rows = [("base model", figures_of(folder, base_key(experiment.base)))]
    rows += [(arm.name, figures_of(folder, key(arm))) for arm in experiment.arms]
    for name, results in rows:
        cells = [cell(results, n) for n in shown]
        lines.append(f"| {name} | {len(results) or 'not run'} | " + " | ".join(cells) + " |")
    return lines


def notes() -> dict[str, str]:
    """What we make of the figures: sections of notes.md by experiment."""
    if not NOTES.exists():
        return {}
    parts = NOTES.read_text().split("\n## ")
    return {p.split("\n", 1)[0].strip(): p.split("\n", 1)[1].strip() for p in parts[1:] if "\n" in p}


def write(folder: Path) -> None:
    """The whole page."""
    said = notes()
    lines = [
        "# Experiments at small scale",
        "",
        "Written by `npm run experiments` from the raw results in `experiments/results/`; the plan, with what was "
        "expected, is `experiments/plan.py` and was written down before the runs.",
        "",
        "The model is the embedded one (0.2 M parameters, linear equations), measured on 240 held-out problems with 8 "
        "attempts each at temperature 1. **fix**: share of wrong first attempts that one reflection mends, the model "
        "being told that they are wrong (oracle-gated); **plain retry**: the same attempts' chance of being right when "
        "tried again, from their own group, unbiased; **diagnosis**: first wrong line and misconception both named; "
        "**Acc@t2**: first attempt right or mended; **hard**: problems in which two or more misconceptions can occur. "
        f"n is the number of seeds: figures are means, ± one standard error from {CORE_SEEDS} seeds on, none below. "
        f'"Equal tokens" is {TOKENS:,} generated tokens a run.',
        "",
        "What this scale can show: objectives, masks, filters, correction skill. What it cannot: the papers' gains at "
        "first attempts, which belong to models of 1.5 B to 7 B.",
    ]
    for experiment in EXPERIMENTS:
        lines += [
            "",
            f"## {experiment.id}: {experiment.title}",
            "",
            experiment.question,
            "",
            f"*Expected:* {experiment.expected}",
            "",
        ]
        lines += table(experiment, folder)
        if experiment.id in said:
            lines += ["", f"**What came out.** {said[experiment.id]}"]
    if "Tried" in said:
        lines += ["", "## What else was tried", "", said["Tried"]]
    DOC.write_text("\n".join(lines) + "\n")
