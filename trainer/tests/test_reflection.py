import json

import pytest
from conftest import ROOT

from errata_trainer.reflection import parse_reflection, strip_thinking

CASES = json.loads((ROOT / "test" / "fixtures" / "reflections.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[c["why"] for c in CASES])
def test_sections(case):
    found = parse_reflection(case["text"])
    assert (found.analysis, found.corrected, found.parsed) == (case["analysis"], case["corrected"], case["parsed"])


def test_offsets_point_into_the_text():
    text = "<think>hm</think>\nSo. \n**Analysis:** sign.\nCorrected Solution:\n1"
    found = parse_reflection(text)
    assert text[found.start :].startswith("**Analysis:**")
    assert text[: found.boundary].endswith("Corrected Solution:")
    assert text[: found.think_end].endswith("</think>")


def test_thinking_is_cut_from_a_wrong_solution():
    assert strip_thinking("<think>7?</think>\n$x=2$") == "$x=2$"
    assert strip_thinking("$x=2$") == "$x=2$"
    assert strip_thinking("<think>never ends") == ""
