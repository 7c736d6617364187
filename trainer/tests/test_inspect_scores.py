"""`errata export inspect-scores` opens in Inspect itself: runs where that and the built command line are there."""

import json

import pytest
from test_exports import AT, built, errata, lines_of

inspect_log = pytest.importorskip("inspect_ai.log")
pytestmark = pytest.mark.skipif(not built, reason="the command line is not built (npm run build)")


def graded():
    """Ann grades two attempts of each problem, Bo one of these otherwise."""
    *lines, end = lines_of()
    attempts = [line["ref"] for line in lines if line["type"] == "attempt"]
    word = {"type": "annotation", "axis": "", "pass": 1, "sitting": None, "seconds": 2.5, "nth": 0, "kind": "verdict"}
    for n, attempt in enumerate(attempts[::2]):
        about = {"ref": 900 + 2 * n, "target": "attempt", "of": attempt, "at": AT.format(5)}
        lines.append(word | about | {"who": "Ann", "value": "correct"})
        if n == 0:
            lines.append(word | about | {"ref": 901, "who": "Bo", "value": "incorrect"})
    return [*lines, end]


def test_inspect_reads_what_people_graded(tmp_path):
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in graded()))
    errata(tmp_path, "import", "pool.jsonl")
    name = "2026-01-01T00-00-00+00-00_human_errata.json"
    made = errata(tmp_path, "export", "inspect-scores", "--out", name)
    assert made["rows"] == 8
    log = inspect_log.read_eval_log(str(tmp_path / name))
    assert (log.status, log.eval.task, log.eval.model) == ("success", "x", "demo")
    assert len(log.samples) == 8
    scores = [sample.scores for sample in log.samples]
    assert [score["Ann"].value for score in scores] == ["C"] * 8
    assert scores[0]["Bo"].value == "I"
    assert "human" not in scores[0]
    assert scores[1]["human"].as_str() == "C"
    assert scores[1]["Ann"].metadata["by"] == "person"
    sample = log.samples[1]
    assert sample.output.completion == sample.messages[-1].text
    # What the viewer and the listing read: the head, summaries, one sample.
    head = inspect_log.read_eval_log(str(tmp_path / name), header_only=True)
    assert {score.name: score.metrics["accuracy"].value for score in head.results.scores}["human"] == 1
    assert len(inspect_log.read_eval_log_sample_summaries(str(tmp_path / name))) == 8
    one = inspect_log.read_eval_log_sample(str(tmp_path / name), id=sample.id, epoch=sample.epoch)
    assert one.scores["Ann"].value == "C"
    assert [log.name.rsplit("/", 1)[-1] for log in inspect_log.list_eval_logs(str(tmp_path))] == [name]
