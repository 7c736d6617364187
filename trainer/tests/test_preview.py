"""What the preview says of a token is what the token's gradient does."""

import json
import sys
from itertools import product

import pytest
from conftest import MODEL
from probes import batch_of, token_gradients
from test_scrpo import RIGHT, STILL_WRONG, WRONG, trainer_of  # noqa: F401 (a fixture)
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from errata_trainer.preview import main, preview
from errata_trainer.recipe import load_job
from errata_trainer.token_text import pieces

ERROR = WRONG | {"attempt_id": 7, "verdict": "incorrect", "reflection": RIGHT}


def lines(folder, wanted=(), limit=12):
    """The preview's head and items."""
    head, *items = preview(load_job(folder), list(wanted), limit)
    return head, items


def case(part, when):
    """Classes under a verdict, those of the completion alone."""
    asked = sum(token["kind"] == "prompt" for token in part["tokens"])
    found = next(c["classes"] for c in part["cases"] if c["when"] in (when, "any"))
    assert set(found[:asked]) == {"t"}
    assert len(found) == len(part["tokens"])
    return found[asked:]


OPTIONS = [
    # Three that differ in all; every other one in the full tests.
    pytest.param(*options, marks=[] if i in (0, 9, 16) else pytest.mark.full)
    for i, options in enumerate(product(["analysis", "solution", "all"], ["skip", "signed", "all"], ["mask", "all"]))
]


@pytest.mark.parametrize(("mask", "on_failure", "kl_mask"), OPTIONS)
def test_tokens_are_coloured_as_their_gradient_is(trainer_of, run_folder, mask, on_failure, kl_mask):  # noqa: F811
    options = {"mask": mask, "on_failure": on_failure, "kl_mask": kl_mask}
    trainer = trainer_of([RIGHT, STILL_WRONG], correction=options)
    gradients = token_gradients(trainer, batch_of(trainer))
    correction = {"cycle": [0, 1]} | options
    folder = run_folder("preview", pool=[ERROR, ERROR | {"reflection": STILL_WRONG}], correction=correction)
    _, items = lines(folder)
    for row, item, gradient, verdict in zip(trainer._rows, items, gradients, ["correct", "incorrect"], strict=True):
        (part,) = item["parts"]
        said = [token["id"] for token in part["tokens"] if token["kind"] == "reflection"]
        assert said == row.ids
        letters = case(part, verdict)
        moved = (gradient[: len(said)] != 0).tolist()
        assert moved == [letter in "rkb" for letter in letters]
        assert letters.count("r") + letters.count("b") == row.learning_tokens


def test_without_a_kl_tokens_get_the_reward_or_nothing(run_folder):
    folder = run_folder(pool=[ERROR], correction={"cycle": [0, 1], "beta": 0})
    _, [item] = lines(folder)
    (part,) = item["parts"]
    assert set(case(part, "correct")) == {"r", "n"}
    assert set(case(part, "incorrect")) == {"n"}


def test_first_attempts_learn_whole_and_whatever_their_verdict(run_folder):
    folder = run_folder(pool=[ERROR], method="grpo", beta=0.04)
    head, [item] = lines(folder)
    (part,) = item["parts"]
    assert [c["when"] for c in part["cases"]] == ["any"]
    assert set(case(part, "any")) == {"b"}
    assert head["context"] == 256
    assert 0 < head["prompt"] < 60


RIGHT_ATTEMPT = "$2x=4$\n$x=2$\n\\boxed{2}"
GROUP = [
    ERROR | {"group": 5, "fixed": True},
    ERROR | {"attempt_id": 8, "verdict": "correct", "solution": RIGHT_ATTEMPT, "group": 5, "reflection": None},
]
EVERY_METHOD = [
    ("rrr", {"correction": {"cycle": [1, 1], "on_failure": "skip"}}, {"correction": "bk", "trial": "n"}),
    ("grpo", {"beta": 0}, {"trial": "r"}),
    ("dapo", {}, {"trial": "r"}),
    ("score", {"score": {"stage_one_steps": 2}, "beta": 0}, {"stage-1": "krt", "stage-2": "rt"}),
    ("s2r", {"s2r": {"stage": "outcome"}}, {"outcome": "rt"}),
    ("s2r", {"s2r": {"stage": "process"}}, {"process": "rt"}),
    ("s2r", {"s2r": {"stage": "initialise"}}, {"supervised": "nrt"}),
    ("sft", {"sft": {"examples": ["rejection"]}}, {"supervised": "r"}),
    ("sft", {"sft": {"examples": ["pairs"], "pairs_mask": "analysis"}}, {"supervised": "rn"}),
    ("sft", {"sft": {"examples": ["gold"]}}, {"supervised": "r"}),
    ("dpo", {}, {"preference": "r"}),
]


@pytest.mark.parametrize(("method", "options", "letters"), EVERY_METHOD)
def test_every_method_shows_what_each_of_its_stages_gives(run_folder, method, options, letters):
    problems = [{"id": "p0", "problem": WRONG["problem"], "gold": "2", "solution": RIGHT_ATTEMPT}]
    _, items = lines(run_folder(method=method, pool=GROUP, problems=problems, **options))
    shown = {}
    for part in items[0]["parts"]:
        found = "".join(case(part, c["when"]) for c in part["cases"])
        shown[part["stage"]] = shown.get(part["stage"], "") + found
    assert {stage: set(found) for stage, found in shown.items()} == {s: set(w) for s, w in letters.items()}
    for item in items:
        for part in item["parts"]:
            text = "".join(token["text"] for token in part["tokens"])
            assert WRONG["problem"] in text
            # What the model is told is never its own, and never learns.
            for token, letter in zip(part["tokens"], part["cases"][0]["classes"], strict=True):
                assert (letter == "t") == (token["kind"] in ("prompt", "told"))


def test_the_prompt_of_a_retry_holds_a_whole_reflection(run_folder):
    long = ERROR | {"solution": "$x=5$\n" * 12 + "\\boxed{5}"}
    options = {"pool": [long], "max_completion_length": 60, "correction": {"cycle": [1, 1]}}
    reflect, _ = lines(run_folder("scrpo", method="scrpo", **options))
    retry, _ = lines(run_folder("rrr", method="rrr", **options))
    assert reflect["prompt"] + 60 < retry["prompt"] < reflect["prompt"] + 60 + 10
    folder = run_folder("thought", **options | {"pool": [long | {"solution": "<think>" + "1" * 99 + "</think>5"}]})
    assert lines(folder)[0]["prompt"] < reflect["prompt"]


def test_chosen_attempts_come_alone_and_what_has_a_reflection_comes_first(run_folder):
    rows = [ERROR | {"attempt_id": i, "reflection": RIGHT if i == 3 else None} for i in range(1, 5)]
    folder = run_folder(pool=rows, correction={"cycle": [0, 1]})
    assert [item["attempt"] for item in lines(folder)[1]] == [3, 1, 2, 4]
    assert [item["attempt"] for item in lines(folder, limit=2)[1]] == [3, 1]
    _, [item] = lines(folder, wanted=[2])
    assert item["attempt"] == 2
    assert item["parts"][0]["made"] == "missing"
    assert {token["kind"] for token in item["parts"][0]["tokens"]} == {"prompt"}


def test_the_texts_of_the_tokens_are_the_text(run_folder):
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    ids = tokenizer(RIGHT)["input_ids"]
    assert "".join(piece.text for piece in pieces(tokenizer, ids)) == tokenizer.decode(ids)


def test_a_character_of_several_tokens_is_shown_whole_at_its_last():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    raw = Tokenizer(models.BPE(vocab=letters, merges=[]))
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw)
    shown = pieces(tokenizer, tokenizer("a√b")["input_ids"])
    assert [(piece.text, piece.bytes) for piece in shown] == [
        ("a", ""),
        ("", "E2"),
        ("", "88"),
        ("√", "9A"),
        ("b", ""),
    ]


def test_the_answer_stands_alone_on_standard_output(run_folder, monkeypatch, capsys):
    folder = run_folder(pool=[ERROR], correction={"cycle": [0, 1]})
    monkeypatch.setattr(sys, "argv", ["preview", str(folder), "--attempts", "7"])
    monkeypatch.setattr("errata_trainer.preview.fit", lambda *_: print("noise") or {})
    assert main() == 0
    said, noise = capsys.readouterr()
    assert [json.loads(line)["type"] for line in said.splitlines()] == ["head", "item"]
    assert noise == "noise\n"
    (folder / "recipe.json").write_text("{}")
    assert main() == 1
    assert "recipe.json" in json.loads(capsys.readouterr().out)["message"]
