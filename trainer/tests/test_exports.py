"""Files of `errata export` open in the tools they are for: datasets, pyarrow, TRL's own trainers."""

import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from conftest import MODEL, ROOT, problems_of
from offline_cases import solution

CLI = ROOT / "dist" / "cli.js"
built = CLI.is_file() and shutil.which("node") is not None
pytestmark = pytest.mark.skipif(not built, reason="the command line is not built (npm run build)")

FORMATS = ["sft", "dpo", "kto", "stepwise", "processbench", "prm800k", "label-studio", "parquet"]
ENDINGS = {"parquet": "parquet", "label-studio": "json"}
AT = "2026-01-01T00:00:{:02}.000Z"
SEED = {"temperature": 1, "topP": 1, "topK": 0, "maxTokens": 64, "seed": 1}


def lines_of(problems: int = 4, group: int = 4):
    """A pool as `errata import` takes it: half of each group is right, a person located and mended the rest."""
    yield {"type": "head", "format": "errata-pool", "version": 1, "counts": {}}
    yield {"type": "setting", "name": "filter", "value": {"kind": "all"}}
    rows = list(enumerate(problems_of(problems), 1))
    for ref, problem in rows:
        yield {"type": "problem", "ref": ref, "set": "x", **problem, "level": None, "kind": None, "topic": None}
    yield {
        "type": "sampling",
        "ref": 1,
        "key": "k",
        "modelId": "demo",
        "purpose": "sample",
        "group": group,
        "options": SEED,
        "prompt": "{{ problem }}",
        "createdAt": AT.format(0),
    }
    for ref, _ in rows:
        yield {"type": "group", "ref": ref, "sampling": 1, "problem": ref}
    wrong = []
    for ref, problem in rows:
        for sample in range(group):
            right = sample % 2 == 0
            answer = problem["gold"] if right else str(int(problem["gold"]) + sample)
            attempt = ref * 100 + sample
            if not right:
                wrong.append((attempt, problem))
            yield {
                "type": "attempt",
                "ref": attempt,
                "group": ref,
                "sample": sample,
                "text": solution(answer),
                "graded": "correct" if right else "incorrect",
                "answer": answer,
                "span": None,
                "reason": "numbers",
                "finish": "stop",
                "tokens": 3,
                "errorType": None,
                "errorTypeSource": None,
                "createdAt": AT.format(1),
                "ids": [1, 2],
                "logprobs": [-0.5, "-Infinity"],
            }
    for attempt, problem in wrong:
        yield {
            "type": "reflection",
            "ref": attempt,
            "attempt": attempt,
            "modelId": "demo",
            "settings": "",
            "sample": 0,
            "text": "Analysis",
            "analysis": "sign",
            "corrected": solution(problem["gold"]),
            "parsed": True,
            "verdict": "correct",
            "answer": problem["gold"],
            "reason": "",
            "finish": "stop",
            "tokens": 1,
            "createdAt": AT.format(2),
            "ids": [],
            "logprobs": [],
        }
    for n, (attempt, _) in enumerate(wrong):
        word = {"type": "annotation", "who": "Ann", "axis": "", "pass": 1, "sitting": None, "seconds": 2.5, "nth": 0}
        yield word | {
            "ref": 3 * n,
            "target": "attempt",
            "of": attempt,
            "at": AT.format(3),
            "kind": "firstWrongStep",
            "value": 1 if n % 2 else 2,
        }
        decided = {"kind": "decision", "value": "accepted" if n % 2 else "rejected", "at": AT.format(4)}
        yield word | decided | {"ref": 3 * n + 1, "target": "reflection", "of": attempt}
    yield {"type": "end"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every format, written by the real command line from an imported pool."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines_of()))
    imported = errata(folder, "import", "pool.jsonl")
    assert imported == {
        "format": "errata",
        "problems": 4,
        "attempts": 16,
        "reflections": 8,
        "annotations": 16,
        "opinions": 0,
        "skipped": 0,
        "reasons": {"known": 0, "contradicted": 0, "unusable": 0},
        "told": [],
    }
    for name in FORMATS:
        made = errata(folder, "export", name, "--out", f"pool-{name}.{ENDINGS.get(name, 'jsonl')}")
        assert made["rows"] > 0
    return folder


def errata(folder, *words):
    command = ["node", str(CLI), *words, "--json"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def examples() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "exports.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("code", examples(), ids=lambda code: code.splitlines()[0].strip("# "))
def test_the_documented_examples_run(folder, monkeypatch, tmp_path, code):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    names = {}
    exec(compile(code, "docs/exports.md", "exec"), names)
    if "by_people" in names:
        assert names["by_people"].num_rows == 8
    if "steps" in names:
        assert [label for _, label in names["steps"]] == [True, False, False] * 4
    if "who" in names:
        assert names["who"] == ["Ann"] * 8
        assert {row["label"] for row in names["bench"]} == {0, 1}
        assert all(row["label"]["finish_reason"] == "found_error" for row in names["prm"])
        assert all(row["label"]["total_time"] == 2500 for row in names["prm"])
    if "table" in names:
        assert names["table"].num_rows == 16
        assert names["wrong"].num_rows == 8


def rows_of(folder, name, tmp_path):
    from datasets import load_dataset

    file = str(folder / f"pool-{name}.jsonl")
    return load_dataset("json", data_files=file, split="train", cache_dir=str(tmp_path))


def settings(kind, tmp_path, **more):
    common = {"output_dir": str(tmp_path / "out"), "max_steps": 1, "per_device_train_batch_size": 2}
    quiet = {"report_to": "none", "save_strategy": "no", "disable_tqdm": True}
    return kind(**common, **quiet, use_cpu=True, bf16=False, learning_rate=1e-3, **more)


def trained(trainer):
    """One step, and whether it changed a weight."""
    before = {name: weight.detach().clone() for name, weight in trainer.model.named_parameters()}
    loss = trainer.train().training_loss
    changed = any(not weight.equal(before[name]) for name, weight in trainer.model.named_parameters())
    return loss, changed


def parts_of(name):
    import trl

    return {
        "sft": (trl.SFTTrainer, trl.SFTConfig),
        "dpo": (trl.DPOTrainer, trl.DPOConfig),
        "kto": (trl.KTOTrainer, trl.KTOConfig),
    }[name]


@pytest.mark.parametrize("name", ["sft", "dpo", "kto"])
def test_trl_learns_from_it(folder, tmp_path, name):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    trainer, config = parts_of(name)
    rows = rows_of(folder, name, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForCausalLM.from_pretrained(MODEL)
    args = settings(config, tmp_path)
    loss, changed = trained(trainer(model=model, args=args, train_dataset=rows, processing_class=tokenizer))
    assert loss > 0
    assert changed


def test_a_step_classifier_learns_from_stepwise(folder, tmp_path):
    """TRL has no PRM trainer any more: the same with transformers, a label at each step's last token."""
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
    )

    rows = rows_of(folder, "stepwise", tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    def encode(row):
        ids = tokenizer(row["prompt"])["input_ids"]
        labels = [-100] * len(ids)
        for step, label in zip(row["completions"], row["labels"], strict=True):
            more = tokenizer(step + "\n")["input_ids"]
            ids, labels = ids + more, labels + [-100] * (len(more) - 1) + [int(label)]
        return {"input_ids": ids, "labels": labels}

    model = AutoModelForTokenClassification.from_pretrained(MODEL, num_labels=2)
    trainer = Trainer(
        model=model,
        args=settings(TrainingArguments, tmp_path),
        train_dataset=rows.map(encode, remove_columns=rows.column_names),
        data_collator=DataCollatorForTokenClassification(tokenizer),
    )
    loss, changed = trained(trainer)
    assert loss > 0
    assert changed


def test_parquet_has_types_and_provenance(folder):
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "pool-parquet.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["problem"] == "string"
    assert kinds["first_wrong_step"] == "int32"
    assert kinds["in_pool"] == "bool"
    rows = table.to_pylist()
    wrong = [row for row in rows if row["verdict"] == "incorrect"]
    assert len(wrong) == 8
    assert {row["first_wrong_step_by"] for row in wrong} == {"Ann"}
    assert {row["decision"] for row in wrong} == {"accepted", "rejected"}
    assert {row["verdict_by"] for row in rows} == {"grader"}
    assert {row["correction_kind"] for row in wrong} == {"accepted", None}
    assert [word["kind"] for word in json.loads(wrong[0]["words"])] == ["firstWrongStep", "decision"]
    assert all(json.loads(row["conflicts"]) == [] for row in rows)


def test_datasets_reads_parquet(folder, tmp_path):
    from datasets import load_dataset

    rows = load_dataset(
        "parquet", data_files=str(folder / "pool-parquet.parquet"), split="train", cache_dir=str(tmp_path)
    )
    assert rows.num_rows == 16


def test_label_studio_tasks_name_what_their_configuration_has(folder):
    tasks = json.loads((folder / "pool-label-studio.json").read_text())
    assert len(tasks) == 16
    config = (folder / "pool-label-studio.json.config.xml").read_text()
    names = {tag.get("name") for tag in ElementTree.fromstring(config).iter() if tag.get("name")}
    for task in tasks:
        for said in task["annotations"] + task["predictions"]:
            assert {result["from_name"] for result in said["result"]} <= names
