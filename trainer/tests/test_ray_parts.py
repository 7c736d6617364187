"""The cluster's side of a run, without a cluster (test/unit/runs-ray.test.ts has a real one)."""

import json
from importlib import metadata
from pathlib import Path

from errata_trainer import ray_worker
from errata_trainer.events import STATE_FILE
from errata_trainer.ray_outbox import Outbox, Publisher, record


def records(part: bytes) -> list[tuple[dict, bytes]]:
    out, at = [], 0
    while at < len(part):
        end = part.index(b"\n", at)
        entry = json.loads(part[at:end])
        size = entry.get("size", 0)
        out.append((entry, part[end + 1 : end + 1 + size]))
        at = end + 1 + size
    return out


def emit(folder: Path, **event) -> None:
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\n")


def test_parts_are_numbered_and_whole(tmp_path):
    outbox = Outbox(tmp_path / "errata" / "job")
    for number in range(101):
        outbox.put(record("note", text=str(number)))
    assert sorted(p.name for p in (tmp_path / "errata" / "job" / "1").iterdir()) == ["00000100.part"]
    assert len(list((tmp_path / "errata" / "job" / "0").iterdir())) == 100
    assert b'"text": "7"' in (tmp_path / "errata" / "job" / "0" / "00000007.part").read_bytes()


def test_what_an_event_speaks_of_comes_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr("errata_trainer.ray_outbox.PART", 8)
    sent = []
    publisher = Publisher(tmp_path, lambda part: sent.extend(records(part)))
    assert not publisher.look()
    emit(tmp_path, type="start")
    (tmp_path / "rollouts").mkdir()
    (tmp_path / "rollouts" / "step-1.jsonl").write_text("0123456789")
    emit(tmp_path, type="rollouts", step=1, file="rollouts/step-1.jsonl")
    monkeypatch.setattr("errata_trainer.ray_outbox.PART", 1000)
    publisher.look()
    assert [(e["file"], e["at"], len(d)) for e, d in sent] == [
        ("events.jsonl", 0, 18),
        ("rollouts/step-1.jsonl", 0, 10),
        ("events.jsonl", 18, sent[2][0]["size"]),
    ]
    sent.clear()
    checkpoint = tmp_path / "checkpoints" / "checkpoint-1"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_bytes(b"x" * 2500)
    (checkpoint / "empty").touch()
    emit(tmp_path, type="checkpoint", step=1, path="checkpoints/checkpoint-1")
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"type": "end"')  # still being written
    publisher.look()
    assert [(e["op"], e.get("file") or e.get("folder"), e.get("at")) for e, _ in sent] == [
        ("bytes", "checkpoints/checkpoint-1/empty", 0),
        *(("bytes", "checkpoints/checkpoint-1/weights", at) for at in (0, 1000, 2000)),
        ("done", "checkpoints/checkpoint-1", None),
        ("bytes", "events.jsonl", sent[-1][0]["at"]),
    ]
    assert not publisher.ended


def test_checkpoints_that_are_too_large_or_kept_there_stay(tmp_path, monkeypatch):
    folder = tmp_path / "checkpoints" / "checkpoint-1"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"x" * 50)
    emit(tmp_path, type="checkpoint", step=1, path="checkpoints/checkpoint-1")
    for limit, keeps, ops in ((49, False, ["bytes"]), (50, True, ["bytes"]), (50, False, ["bytes", "done", "bytes"])):
        monkeypatch.setattr("errata_trainer.ray_outbox.TRAVELS", limit)
        sent = []
        Publisher(tmp_path, lambda part, to=sent: to.extend(records(part)), keeps_checkpoints=keeps).look()
        assert [entry["op"] for entry, _ in sent] == ops


def test_packages_that_are_missing_are_named(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# ours\ntorch>=2.0\nno-such-package[extra]==1.2\ntrl==0.0.1\n")
    assert ray_worker.wrong_packages(file) == ["no-such-package 1.2", f"trl 0.0.1 (it has {metadata.version('trl')})"]


def test_a_run_folder_is_made_of_the_upload(tmp_path, monkeypatch):
    root = tmp_path / "upload"
    (root / "run" / "prompts").mkdir(parents=True)
    (root / "run" / "launch.json").write_text(json.dumps({"run": "r-01", "threads": 0, "grader": ["here"]}))
    monkeypatch.setattr(ray_worker, "package_root", lambda: root)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    (tmp_path / "a").mkdir()
    folder = ray_worker.prepare(tmp_path / "a", {"weights": None, "storage": None})
    launch = json.loads((folder / "launch.json").read_text())
    assert folder == tmp_path / "a" / "r-01"
    assert (launch["trainable"], launch["threads"]) == (str(root / "weights"), 3)
    assert launch["grader"] is None  # the bundle did not travel: math-verify
    (tmp_path / "b").mkdir()
    shared = tmp_path / "shared"
    kept = ray_worker.prepare(tmp_path / "b", {"weights": "/models/m", "storage": str(shared)})
    assert json.loads((kept / "launch.json").read_text())["trainable"] == "/models/m"
    (kept / "checkpoints" / "checkpoint-3").mkdir()
    assert (shared / "r-01" / "checkpoints" / "checkpoint-3").is_dir()


def test_runs_of_one_id_do_not_share_their_checkpoints(tmp_path, monkeypatch):
    root = tmp_path / "upload"
    (root / "run").mkdir(parents=True)
    monkeypatch.setattr(ray_worker, "package_root", lambda: root)
    shared = tmp_path / "shared"

    def prepare(name, uuid, step):
        launch = {"run": "scrpo-01", "uuid": uuid, "threads": 1, "resume_from": step}
        (root / "run" / "launch.json").write_text(json.dumps(launch))
        (tmp_path / name).mkdir()
        return ray_worker.prepare(tmp_path / name, {"weights": None, "storage": str(shared)})

    for name, uuid, step in (("old", "u-1", 60), ("new", "u-2", 5)):
        checkpoint = prepare(name, uuid, None) / "checkpoints" / f"checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / STATE_FILE).write_text("{}")
    folder = prepare("again", "u-2", 5)
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["checkpoint-5"]
    assert ray_worker.resumed(folder, True) == ["--resume", "5"]
    assert ray_worker.resumed(folder, False) == []


def test_last_words(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("fine\nTraceback (most recent call last):\n  File x\nValueError: no such thing\n\n")
    assert ray_worker.last_words(log) == "ValueError: no such thing"
    assert ray_worker.ended_with(-9).startswith("SIGKILL")
    assert ray_worker.ended_with(1) == "status 1"
