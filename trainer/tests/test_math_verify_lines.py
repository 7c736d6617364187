"""math-verify as a grader that speaks JSON lines."""

import io
import json

import pytest

from errata_trainer.math_verify_lines import grade, serve, span_of


@pytest.mark.parametrize(
    ("gold", "text", "verdict", "answer"),
    [
        ("1/2", r"so $\boxed{0.5}$", "correct", r"\frac{1}{2}"),
        ("7", r"so \boxed{8}", "incorrect", "8"),
        ("7", "no idea", "unscored", None),
        ("", r"\boxed{8}", "unscored", "8"),
    ],
)
def test_says_what_it_read_and_whether_it_is_right(gold, text, verdict, answer):
    said = grade(gold, text)
    assert (said["verdict"], said["answer"]) == (verdict, answer)
    assert said["reason"]


def test_gives_up_in_time():
    said = grade("7", r"\boxed{9^{9^{9}}}")
    assert said["verdict"] == "unscored"
    assert "time" in said["reason"]


def test_spans_are_in_utf_16_and_only_where_nothing_else_can_be_meant():
    assert span_of("😀 7", "7") == [3, 4]
    assert span_of("7 and 7", "7") is None
    assert span_of("x", "7") is None
    assert span_of("x", "") is None


def test_answers_line_by_line_with_the_ids():
    rows = [{"id": 5, "gold": "1", "text": r"\boxed{1}"}, {"id": 3, "gold": "1", "text": "\ud800"}]
    source = io.StringIO("\n".join(json.dumps(row) for row in rows) + "\n\n")
    sink = io.StringIO()
    serve(source, sink)
    replies = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert [(reply["id"], reply["verdict"]) for reply in replies] == [(5, "correct"), (3, "unscored")]
