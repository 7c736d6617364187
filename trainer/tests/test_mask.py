import pytest

from errata_trainer import mask as m
from errata_trainer.mask import find_edges, tokens_before, tokens_through
from errata_trainer.reflection import parse_reflection


def correction_mask(ids, reflection, decode, mask, think):
    return m.correction_mask(len(ids), find_edges(ids, reflection, decode), mask, think)


def words(*tokens):
    """Token ids 0, 1, … that spell `tokens`, and their decoder."""
    return list(range(len(tokens))), lambda ids: "".join(tokens[i] for i in ids)


PLAIN = ("Analysis: ", "sign", ".", "\n", "Corrected Solution:", "\n", r"\boxed{", "2", "}", "")


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("analysis", [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
        ("solution", [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]),
        ("all", [1] * 10),
    ],
)
def test_the_marker_belongs_to_the_analysis_and_the_end_token_to_the_solution(mask, expected):
    ids, decode = words(*PLAIN)
    assert correction_mask(ids, parse_reflection(decode(ids)), decode, mask, 0) == expected


def test_a_token_that_straddles_an_edge_belongs_to_the_analysis():
    # The first token also holds the end of what comes before, the marker's token also a line of the solution.
    ids, decode = words("So.", " \nAna", "lysis: sign.\n", "Corrected Solut", "ion:\nx", "=2", "\n")
    found = parse_reflection(decode(ids))
    assert found.parsed
    assert correction_mask(ids, found, decode, "analysis", 0) == [0, 1, 1, 1, 1, 0, 0]
    assert correction_mask(ids, found, decode, "solution", 0) == [0, 0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(("think", "expected"), [(0, [0, 0, 0, 1, 1, 0]), (1, [1, 1, 1, 1, 1, 0])])
def test_thinking_learns_by_option(think, expected):
    ids, decode = words("<think>", "hm", "</think>", "Analysis: sign.\n", "Corrected Solution:", "2")
    found = parse_reflection(decode(ids))
    assert correction_mask(ids, found, decode, "analysis", think) == expected
    assert correction_mask(ids, found, decode, "all", think) == [*expected[:5], 1]
    assert correction_mask(ids, found, decode, "solution", think) == [0, 0, 0, 0, 0, 1]


def test_without_a_marker_the_analysis_has_no_end_and_without_a_heading_it_starts_at_once():
    ids, decode = words("Analysis: ", "sign", " and")
    assert correction_mask(ids, parse_reflection(decode(ids)), decode, "analysis", 0) == [1, 1, 1]
    ids, decode = words("it is", "\n", "Corrected Solution:", "2")
    assert correction_mask(ids, parse_reflection(decode(ids)), decode, "analysis", 0) == [1, 1, 1, 0]


def test_a_character_of_several_tokens_does_not_move_the_boundary():
    raw = [b"Analysis: ", "✗".encode()[:1], "✗".encode()[1:], b"\nCorrected Solution:", b" 2"]
    ids, decode = list(range(5)), lambda ids: b"".join(raw[i] for i in ids).decode(errors="replace")
    assert correction_mask(ids, parse_reflection(decode(ids)), decode, "analysis", 0) == [1, 1, 1, 1, 0]


def test_edges_of_the_search():
    ids, decode = words("ab", "cd", "ef")
    assert [tokens_through(ids, n, decode) for n in (0, 1, 2, 3, 6)] == [0, 1, 1, 2, 3]
    assert [tokens_before(ids, n, decode) for n in (0, 1, 2, 3, 6)] == [0, 0, 1, 1, 3]
