"""The tables of docs/experiments.md."""

import pytest
from conftest import ROOT


@pytest.fixture
def cell(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from experiments.report import cell

    return lambda name, *values: cell([{"figures": {name: value}} for value in values], name)


@pytest.mark.parametrize(
    ("name", "values", "written"),
    [
        # The standard error is the half-range of three even values over the square root of 3.
        ("fix", [0.25, 0.5, 0.75], ".500 ± .144"),
        ("intrinsic_delta", [-0.03, -0.02, -0.01], "−.020 ± .006"),
        ("steps", [82.2, 100.0, 117.8], "100.0 ± 10.3"),
        ("steps", [79.0, 80.0, 81.0], "80.0 ± .6"),
        ("fix", [0.5], ".500"),
        ("fix", [], ""),
    ],
)
def test_a_figure_and_its_standard_error(cell, name, values, written):
    assert cell(name, *values) == written
