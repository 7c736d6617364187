import json

import pytest
from conftest import ROOT

from errata_trainer.verification import parse_verification

CASES = json.loads((ROOT / "test" / "fixtures" / "verifications.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_verdicts(case):
    assert parse_verification(case["text"]) == case["claim"]
