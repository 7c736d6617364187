"""`errata export label-studio` against Label Studio's own parser of configurations, tasks, annotations and predictions:
runs where its SDK (label-studio-sdk) and the built command line are there."""

import json

import pytest
from test_exports import built, errata, lines_of

label_interface = pytest.importorskip("label_studio_sdk.label_interface")
pytestmark = pytest.mark.skipif(not built, reason="the command line is not built (npm run build)")


def test_label_studio_takes_configuration_and_tasks(tmp_path):
    (tmp_path / "pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines_of()))
    errata(tmp_path, "import", "pool.jsonl")
    made = errata(tmp_path, "export", "label-studio", "--out", "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert len(tasks) == made["rows"] > 0
    interface = label_interface.LabelInterface((tmp_path / "tasks.json.config.xml").read_text())
    interface.validate()
    said = 0
    for task in tasks:
        # The SDK (2.1.2) trips over its own check of a task's annotations: they are held against it one by one.
        assert interface.validate_task({"data": task["data"]})
        for annotation in task["annotations"]:
            assert interface.validate_annotation(annotation)
            said += len(annotation["result"])
        for prediction in task.get("predictions", []):
            assert interface.validate_prediction(prediction)
    assert said > 0
