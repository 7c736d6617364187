"""The task, its tokenizer and the committed files agree with each other (a few seconds)."""

import json
import random
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from demo.dialogue import (
    Attempt,
    parse_reflection,
    reflection,
    second_look,
    verification,
)
from demo.problem_sets import problem_of, read_set
from demo.task import draw_errors, draw_problem
from demo.tokenizer import UNK, build_tokenizer
from demo.truth import diagnose, first_wrong_line, is_right

HERE = Path(__file__).parent
TRAIN = read_set(HERE / "problems" / "train.jsonl")
HELDOUT = read_set(HERE / "problems" / "heldout.jsonl")
TURNS = [{"role": "user", "content": "Solve for $x$: $2x-4=-20$"}]
SECOND = [
    *TURNS,
    {"role": "assistant", "content": r"\boxed{3}"},
    {"role": "user", "content": "<r>"},
]


def attempts(number: int, seed: int = 0) -> list[Attempt]:
    """Natural attempts at fresh problems."""
    rng = random.Random(seed)
    problems = [draw_problem(rng) for _ in range(number)]
    return [Attempt(p, draw_errors(p, rng)) for p in problems]


def readers() -> list[PreTrainedTokenizerFast]:
    """The tokenizer as built, and as everyone loads it from the two folders."""
    return [
        build_tokenizer(),
        PreTrainedTokenizerFast.from_pretrained(HERE / "model" / "hf"),
        PreTrainedTokenizerFast.from_pretrained(HERE / "model"),
        AutoTokenizer.from_pretrained(HERE / "model" / "hf"),
    ]


@pytest.mark.parametrize("reader", range(4))
def test_round_trip_is_exact_and_digits_stay_together(reader: int) -> None:
    tokenizer, built = readers()[reader], build_tokenizer()
    for row in TRAIN[::5] + HELDOUT:
        ids = tokenizer.encode(row["problem"])
        assert tokenizer.decode(ids) == row["problem"]
        assert ids == built.encode(row["problem"])
        assert UNK not in tokenizer.convert_ids_to_tokens(ids)
    rng = random.Random(1)
    for attempt in attempts(100):
        texts = [attempt.text, verification(attempt, rng)[0]]
        if attempt.first_error:
            texts.append(reflection(attempt, rng))
        for text in texts:
            assert tokenizer.decode(tokenizer.encode(text)) == text
            assert tokenizer.encode(text) == built.encode(text)
    assert len(tokenizer.encode("$x=-12$")) == 6


@pytest.mark.parametrize("reader", range(4))
def test_chat_template(reader: int) -> None:
    tokenizer = readers()[reader]
    options = {"tokenize": False, "add_generation_prompt": True}
    assert tokenizer.apply_chat_template(TURNS, **options) == f"<q>{TURNS[0]['content']}<a>"
    rendered = tokenizer.apply_chat_template(SECOND, **options)
    assert rendered == f"<q>{TURNS[0]['content']}<a>\\boxed{{3}}<eos><r>"


def test_first_wrong_line_by_substitution_is_the_generators() -> None:
    for attempt in attempts(1500):
        error = attempt.first_error
        found = diagnose(attempt.problem, attempt.text)
        assert first_wrong_line(attempt.problem, attempt.text) == (error[0] if error else None)
        assert (found.line, found.kind) == error if found else error is None
        assert is_right(attempt.problem, attempt.text) == attempt.right


def test_split_is_disjoint_and_by_the_text() -> None:
    train, heldout = ({row["problem"] for row in rows} for rows in (TRAIN, HELDOUT))
    assert len(train) == len(TRAIN) and len(heldout) == len(HELDOUT)
    assert not train & heldout
    assert not any(problem_of(row).heldout for row in TRAIN)
    assert all(problem_of(row).heldout for row in HELDOUT)


def test_problem_rows_are_true() -> None:
    for row in TRAIN + HELDOUT:
        problem = problem_of(row)
        assert problem.text == row["problem"] and str(problem.x) == row["answer"]
        assert row["solution"] == Attempt(problem, frozenset()).text
        assert is_right(problem, row["solution"]) and diagnose(problem, row["solution"]) is None


def test_reflections_parse_and_are_half_right() -> None:
    rng, named, wrong = random.Random(2), 0, 0
    for attempt in attempts(1500):
        if attempt.first_error is None:
            continue
        parsed = parse_reflection(reflection(attempt, rng))
        assert parsed is not None
        wrong += 1
        named += (parsed.line, parsed.kind) == attempt.first_error
    assert 0.45 < named / wrong < 0.55


def test_sequences_fit_the_context() -> None:
    tokenizer, rng = build_tokenizer(), random.Random(3)
    for attempt in attempts(300):
        ask = reflection if attempt.first_error else second_look
        for second in (ask(attempt, rng), second_look(attempt, rng)):
            text = f"<q>{attempt.problem.text}<a>{attempt.text}<eos><r>{second}<eos>"
            assert len(tokenizer.encode(text)) <= 200


def test_the_model_folder_is_complete_and_small() -> None:
    card = json.loads((HERE / "model" / "errata.json").read_text())
    assert card["id"] == "demo-base" and (HERE / "model" / card["trainable"] / "config.json").exists()
    assert not (HERE / "model" / "STATUS").exists(), "the weights are provisional"
    assert sum(f.stat().st_size for f in HERE.rglob("*") if f.is_file()) < 12e6
