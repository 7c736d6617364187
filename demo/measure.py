"""Measures the base model on the held-out problems; every figure carries a 95 % interval.

Intervals are percentile bootstraps over problems (the attempts at one problem are not
independent), 2000 resamples. Sampling is at temperature 1 without top-k or top-p.
"""

import random
from collections import Counter
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

from demo.dialogue import parse_reflection
from demo.problem_sets import problem_of
from demo.task import Problem
from demo.tokenizer import EOS, LOOK_AGAIN, REFLECT, VERIFY
from demo.truth import boxed_answer, diagnose, is_right, lines_of

GROUP = 8
MAX_NEW_TOKENS = 110
RESAMPLES = 2000
ROWS = 256  # sequences sampled together


@dataclass(frozen=True)
class Sample:
    """One first attempt."""

    index: int  # of the problem
    text: str
    tokens: int
    right: bool


@torch.no_grad()
def sample(
    model: Qwen2ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompts: list[str],
    temperature: float = 1.0,
) -> list[str]:
    """One continuation of each rendered prompt, without its <eos>; greedy at temperature 0."""
    model.eval()
    eos = tokenizer.convert_tokens_to_ids(EOS)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out = [""] * len(prompts)
    for start in range(0, len(order), ROWS):
        rows = order[start : start + ROWS]
        batch = tokenizer([prompts[i] for i in rows], return_tensors="pt", padding=True)
        ids = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=MAX_NEW_TOKENS,
            do_sample=temperature > 0,
            **({"temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}),
        )[:, batch["input_ids"].shape[1] :].tolist()
        for i, row in zip(rows, ids, strict=True):
            out[i] = tokenizer.decode(row[: row.index(eos)] if eos in row else row)
    return out


def chat(tokenizer: PreTrainedTokenizerFast, *turns: str) -> str:
    """Turns of user, assistant, user … rendered by the chat template, ready to go on."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def ratio(pairs: dict[int, list[tuple[float, float]]], seed: int = 0) -> dict[str, object]:
    """Σ numerator / Σ denominator with a bootstrap over problems; keys are problems.

    `n` is the denominator's sum.
    """
    sums = [(sum(a for a, _ in v), sum(b for _, b in v)) for v in pairs.values()]
    top, bottom = (torch.tensor(column, dtype=torch.float64) for column in zip(*sums, strict=True))
    if bottom.sum() == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    generator = torch.Generator().manual_seed(seed)
    pick = torch.randint(len(sums), (RESAMPLES, len(sums)), generator=generator)
    draws = top[pick].sum(1) / bottom[pick].sum(1).clamp(min=1e-9)
    low, high = draws.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    value = (top.sum() / bottom.sum()).item()
    figures = {"value": value, "low": low, "high": high}
    return {k: round(v, 4) for k, v in figures.items()} | {"n": round(bottom.sum().item())}


def first_attempts(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, problems: list[Problem]
) -> list[Sample]:
    """GROUP attempts at each problem."""
    prompts = [chat(tokenizer, p.text) for p in problems for _ in range(GROUP)]
    texts = sample(model, tokenizer, prompts)
    return [
        Sample(i // GROUP, text, len(tokenizer.encode(text)), is_right(problems[i // GROUP], text))
        for i, text in enumerate(texts)
    ]


def by_problem(rows: list[tuple[int, float, float]]) -> dict[int, list[tuple[float, float]]]:
    """(problem, numerator, denominator) grouped by problem."""
    out: dict[int, list[tuple[float, float]]] = {}
    for index, top, bottom in rows:
        out.setdefault(index, []).append((top, bottom))
    return out


def measure(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: list[dict], seed: int) -> dict:
    """All figures of report.json that come from sampling."""
    torch.manual_seed(seed)
    problems = [problem_of(row) for row in rows]
    attempts = first_attempts(model, tokenizer, problems)
    successes = Counter(s.index for s in attempts if s.right)
    counts = [successes[i] for i in range(len(problems))]
    greedy = sample(model, tokenizer, [chat(tokenizer, p.text) for p in problems], 0)
    report: dict = {
        "problems": len(problems),
        "group": GROUP,
        "pass_at_1": ratio(by_problem([(s.index, s.right, 1) for s in attempts])),
        "pass_at_8": ratio(by_problem([(i, k > 0, 1) for i, k in enumerate(counts)])),
        "greedy": ratio(by_problem([(i, is_right(problems[i], t), 1) for i, t in enumerate(greedy)])),
        "successes": [counts.count(k) for k in range(GROUP + 1)],
        "mixed_groups": sum(0 < k < GROUP for k in counts),
        "kept_groups": sum(2 <= k <= 6 for k in counts),
    }
    report["by_level"] = {
        f"L{level}": ratio(by_problem([(s.index, s.right, 1) for s in attempts if problems[s.index].level == level]))
        for level in sorted({p.level for p in problems})
    }
    report["by_features"] = {
        str(n): ratio(
            by_problem([(s.index, s.right, 1) for s in attempts if min(2, len(problems[s.index].features)) == n])
        )
        for n in (0, 1, 2)
    }
    report["chance"] = _chance(problems, attempts)
    wrong = [s for s in attempts if not s.right]
    mixed = {i for i, k in enumerate(counts) if 0 < k < GROUP}
    report["retry"] = _retry(counts, range(len(problems)))
    report["retry_mixed"] = _retry(counts, mixed)
    report["tokens"] = {"attempt": _lengths([s.tokens for s in attempts])}
    report["error_kinds"] = dict(
        Counter(t.kind if (t := diagnose(problems[s.index], s.text)) else "none" for s in wrong)
    )
    report |= _reflections(model, tokenizer, problems, wrong, mixed, report["tokens"])
    report |= _other_turns(model, tokenizer, problems, attempts)
    report["examples"] = report.pop("examples")
    return report


def _chance(problems: list[Problem], attempts: list[Sample]) -> dict[str, object]:
    """How often an answer is right for another problem of the same level (answers shuffled)."""
    rng = random.Random(0)
    rows = []
    for s in attempts:
        level = problems[s.index].level
        others = [p for i, p in enumerate(problems) if p.level == level and i != s.index]
        rows.append((s.index, is_right(rng.choice(others), s.text), 1))
    return ratio(by_problem(rows))


def _retry(counts: list[int], which: object) -> dict[str, object]:
    """P(another attempt is right | this one is wrong), from the other 7 of the group.

    The unbiased estimate of a fresh sample's success, averaged over the wrong attempts.
    """
    rows = [(i, (GROUP - counts[i]) * counts[i] / (GROUP - 1), GROUP - counts[i]) for i in which]
    return ratio(by_problem(rows))


def _lengths(values: list[int]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "mean": round(sum(ordered) / len(ordered), 1),
        "p95": ordered[int(0.95 * (len(ordered) - 1))],
        "max": ordered[-1],
    }


def _reflections(
    model: Qwen2ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    wrong: list[Sample],
    mixed: set[int],
    tokens: dict,
) -> dict:
    """Oracle-gated second turn on every wrong attempt: fix and diagnosis."""
    texts = sample(model, tokenizer, [chat(tokenizer, problems[s.index].text, s.text, REFLECT) for s in wrong])
    rows, examples = [], []
    for s, text in zip(wrong, texts, strict=True):
        problem, truth = problems[s.index], diagnose(problems[s.index], s.text)
        parsed = parse_reflection(text)
        fixed = parsed is not None and is_right(problem, parsed.solution)
        named = bool(parsed and truth and (parsed.line, parsed.kind) == (truth.line, truth.kind))
        line_right = bool(parsed and truth and named and parsed.should_be == truth.should_be)
        rows.append((s.index, parsed is not None, fixed, named, line_right))
        examples.append(
            {"problem": problem.text, "answer": str(problem.x), "attempt": s.text,
             "reflection": text, "truth": f"line {truth.line}, {truth.kind}" if truth else "none",
             "fixed": fixed, "diagnosis": named}
        )  # fmt: skip
    tokens["reflection"] = _lengths([len(tokenizer.encode(t)) for t in texts])
    tokens["sequence"] = _lengths(
        [len(tokenizer.encode(chat(tokenizer, problems[s.index].text, s.text, REFLECT) + t))
         for s, t in zip(wrong, texts, strict=True)]
    )  # fmt: skip
    return {
        "fix": ratio(by_problem([(i, f, 1) for i, _, f, *_ in rows])),
        "fix_mixed": ratio(by_problem([(i, f, 1) for i, _, f, *_ in rows if i in mixed])),
        "reflection_parsed": ratio(by_problem([(i, p, 1) for i, p, *_ in rows])),
        "diagnosis": ratio(by_problem([(r[0], r[3], 1) for r in rows])),
        "should_be_right": ratio(by_problem([(r[0], r[4], r[3]) for r in rows])),
        "fix_given_right": ratio(by_problem([(r[0], r[2] and r[3], r[3]) for r in rows])),
        "fix_given_wrong": ratio(by_problem([(r[0], r[2] and not r[3], not r[3]) for r in rows])),
        "examples": _pick(examples),
    }


def _pick(examples: list[dict]) -> list[dict]:
    """Six to read: fixed, not fixed though diagnosed, misdiagnosed; of different kinds."""
    chosen: list[dict] = []
    for fixed, named in ((True, True), (False, False), (True, True), (False, True), (False, False)):
        seen = {e["truth"].split(", ")[-1] for e in chosen}
        fits = [e for e in examples if e["fixed"] == fixed and e["diagnosis"] == named]
        fresh = [e for e in fits if e["truth"].split(", ")[-1] not in seen and e["truth"] != "none"]
        chosen += (fresh or fits)[:1]
    return chosen


def _other_turns(
    model: Qwen2ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    attempts: list[Sample],
) -> dict:
    """Intrinsic protocol (the neutral second look) and verification, on two attempts a problem."""
    attempts = [s for n, s in enumerate(attempts) if n % GROUP < 2]
    looks = sample(
        model, tokenizer,
        [chat(tokenizer, problems[s.index].text, s.text, LOOK_AGAIN) for s in attempts],
    )  # fmt: skip
    checks = sample(
        model, tokenizer,
        [chat(tokenizer, problems[s.index].text, s.text, VERIFY) for s in attempts],
    )  # fmt: skip
    second = [is_right(problems[s.index], t) for s, t in zip(attempts, looks, strict=True)]
    pairs = list(zip(attempts, second, strict=True))
    verdicts = [t.rsplit("Verdict: ", 1)[-1] for t in checks]
    judged = [(s, v) for s, v in zip(attempts, verdicts, strict=True) if v in ("right", "wrong")]
    return {
        "intrinsic": {
            "acc_t1": ratio(by_problem([(s.index, s.right, 1) for s in attempts])),
            "acc_t2": ratio(by_problem([(s.index, r, 1) for s, r in pairs])),
            "delta_i_to_c": ratio(by_problem([(s.index, r and not s.right, 1) for s, r in pairs])),
            "delta_c_to_i": ratio(by_problem([(s.index, s.right and not r, 1) for s, r in pairs])),
            "same_solution": ratio(
                by_problem(
                    [(s.index, lines_of(s.text) == lines_of(t), 1)
                     for s, t in zip(attempts, looks, strict=True)]
                )
            ),
        },
        "verification": {
            "parsed": ratio(
                by_problem(
                    [(s.index, v in ("right", "wrong"), 1)
                     for s, v in zip(attempts, verdicts, strict=True)]
                )
            ),
            "accuracy": ratio(by_problem([(s.index, (v == "right") == s.right, 1) for s, v in judged])),
            "error_recall": ratio(
                by_problem([(s.index, v == "wrong", 1) for s, v in judged if not s.right])
            ),
            "correct_precision": ratio(
                by_problem([(s.index, s.right, 1) for s, v in judged if v == "right"])
            ),
        },
        "boxed": ratio(by_problem([(s.index, boxed_answer(s.text) is not None, 1) for s in attempts])),
    }  # fmt: skip
