"""Whole runs, from a folder to its `end` event."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT, events_of, problems_of
from safetensors.torch import load_file

from errata_trainer.errors import TrainerError
from errata_trainer.run import find_checkpoint, run

SMALL = {
    "problems_per_step": 2,
    "num_generations": 4,
    "max_completion_length": 12,
    # Hot: groups of equal completions would teach nothing, whatever the model has learnt.
    "temperature": 4.0,
    "max_steps": 6,
    "checkpoint_every": 2,
    "export": "none",
    "correction": {"cycle": [2, 1]},
    "filter": {"kind": "mixed"},
}


@pytest.fixture(autouse=True)
def signals():
    """A run listens to signals; the test process gets its own back."""
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    torch.set_num_threads(1)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def end_of(folder: Path) -> dict:
    return events_of(folder)[-1]


def losses_of(folder: Path) -> list[tuple]:
    keys = ("step", "stage", "loss", "reward", "kl", "pool_size", "tokens")
    return [tuple(e.get(k) for k in keys) for e in events_of(folder, "metrics")]


def test_a_run_tells_its_story(run_folder, chance_grader):
    folder = run_folder(launch={"grader": chance_grader}, **SMALL)
    assert run(folder, resume=False) == 0
    events = events_of(folder)
    assert [e["type"] for e in events[:3]] == ["start", "phase", "phase"]
    assert events[0] | {"time": 0, "pid": 0} == {
        "type": "start",
        "time": 0,
        "run": "run",
        "method": "scrpo",
        "steps": 6,
        "resumedFrom": 0,
        "device": "CPU, 1 thread",
        "model": "demo-base",
        "pid": 0,
    }
    metrics = events_of(folder, "metrics")
    assert [m["step"] for m in metrics] == [1, 2, 3, 4, 5, 6]
    assert [m["stage"] for m in metrics] == ["trial", "trial", "correction"] * 2
    assert metrics[1]["pool_size"] > 0
    assert [m["learning_rate"] for m in metrics] == [3e-4, 3e-4, 1e-4] * 2
    assert all({"reward", "accuracy", "kl", "entropy", "grad_norm", "step_seconds"} <= m.keys() for m in metrics)
    assert [e["step"] for e in events_of(folder, "checkpoint")] == [2, 4, 6]
    assert events[-1]["type"] == "end"
    assert events[-1]["reason"] == "finished"
    rows = [json.loads(line) for line in (folder / "rollouts" / "step-3.jsonl").read_text().splitlines()]
    assert len(rows) == 8
    assert all(row["stage"] == "correction" and row["wrong"] for row in rows)
    assert all(row["tokens"] <= 12 and row["learning_tokens"] <= row["tokens"] for row in rows)
    assert (folder / "heartbeat.json").is_file()


def test_an_export_that_failed_is_done_again_by_resuming(run_folder, chance_grader, monkeypatch):
    folder = run_folder(launch={"grader": chance_grader}, **SMALL | {"max_steps": 2})
    with monkeypatch.context() as patch:
        patch.setattr("errata_trainer.export.copy_tokenizer", lambda *_: 1 / 0)
        assert run(folder, resume=False) == 1
    assert "ZeroDivisionError" in end_of(folder)["message"]
    assert not (folder / "model").exists()
    assert run(folder, resume=True) == 0
    assert len(events_of(folder, "metrics")) == 2
    weights = [folder / "checkpoints" / "checkpoint-2", folder / "model" / "hf"]
    trained, exported = (load_file(path / "model.safetensors") for path in weights)
    assert all(torch.equal(trained[name], exported[name]) for name in trained)


def test_small_batches_give_the_same_run(run_folder, chance_grader):
    losses = []
    for micro in (0, 2):
        folder = run_folder(f"micro{micro}", launch={"grader": chance_grader}, **SMALL, micro_batch=micro)
        assert run(folder, resume=False) == 0
        losses.append([row[2] for row in losses_of(folder)])
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_grpo_only_tries(run_folder, chance_grader):
    folder = run_folder(launch={"grader": chance_grader}, **SMALL | {"method": "grpo", "max_steps": 3})
    assert run(folder, resume=False) == 0
    assert {m["stage"] for m in events_of(folder, "metrics")} == {"trial"}


@pytest.mark.parametrize("grader", [None, ["/no/such/node", "cli.js"], [sys.executable, "/no/such/cli.js", "grade"]])
def test_without_node_math_verify_grades_and_the_run_says_so(run_folder, grader):
    folder = run_folder(launch={"grader": grader}, **SMALL | {"max_steps": 1})
    assert run(folder, resume=False) == 0
    assert [e["kind"] for e in events_of(folder, "alarm")] == ["grader"]


def test_a_checkpoint_that_was_cut_short_is_passed_over(tmp_path):
    for step in (2, 10):
        (tmp_path / "checkpoints" / f"checkpoint-{step}").mkdir(parents=True)
    (tmp_path / "checkpoints" / "checkpoint-2" / "errata_state.json").write_text("{}")
    assert find_checkpoint(tmp_path)[0].name == "checkpoint-2"


def test_a_run_resumes_the_very_checkpoint_that_it_is_told(tmp_path):
    for step in (5, 60):
        (tmp_path / "checkpoints" / f"checkpoint-{step}").mkdir(parents=True)
        (tmp_path / "checkpoints" / f"checkpoint-{step}" / "errata_state.json").write_text("{}")
    assert find_checkpoint(tmp_path, 5)[0].name == "checkpoint-5"
    with pytest.raises(TrainerError, match="no checkpoint of step 7"):
        find_checkpoint(tmp_path, 7)


def test_bad_input_ends_with_what_to_do(run_folder, tmp_path):
    def message(name, resume=False, **changes):
        folder = run_folder(name, **changes)
        assert run(folder, resume) == 1
        end = end_of(folder)
        assert (end["type"], end["reason"]) == ("end", "failed")
        return end["message"]

    gone = str(tmp_path / "gone")
    assert gone in message("weights", launch={"trainable": gone})
    assert "problems.jsonl" in message("empty", problems=[])
    assert "problems.jsonl, line 2: no gold" in message("gold", problems=[*problems_of(1), {"problem": "1+1"}])
    assert "correction.mask" in message("mask", correction={"mask": "everything"})
    assert "max_steps" in message("steps", max_steps="many")
    assert "micro_batch" in message("micro", micro_batch=3)
    assert "adam_beta2" in message("adam", adam_beta2=1)
    assert "no checkpoint" in message("resume", resume=True)
    assert "[0, 0]" in message("cycle", correction={"cycle": [0, 0]})
    assert "correction.cycle to [6, 4]" in message("unseeded", correction={"cycle": [0, 4]})
    broken = message("grader", launch={"grader": ["false"]}, **SMALL)
    assert "The grader does not answer (false)" in broken
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "config.json").write_text("{}")
    assert "hollow" in message("hollow-run", launch={"trainable": str(tmp_path / "hollow")})


def test_a_recipe_that_is_no_json_is_named(run_folder):
    folder = run_folder()
    (folder / "recipe.json").write_text("{")
    assert run(folder, resume=False) == 1
    assert "recipe.json is not JSON" in end_of(folder)["message"]


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "errata_trainer", str(folder), *more]


ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "trainer"), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


@pytest.mark.slow
def test_sigterm_stops_and_the_export_answers_as_the_model_does(run_folder, chance_grader):
    folder = run_folder(launch={"grader": chance_grader}, **SMALL | {"max_steps": 500, "export": "fp32"})
    process = subprocess.Popen(command(folder), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            if (folder / "events.jsonl").exists() and len(events_of(folder, "metrics")) >= 2:
                process.terminate()
                break
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
    assert {k: v for k, v in end_of(folder).items() if k != "time"} == {
        "type": "end",
        "reason": "stopped",
        "model": "model",
    }
    card = json.loads((folder / "model" / "errata.json").read_text())
    steps = events_of(folder, "metrics")[-1]["step"]
    assert card == {
        "id": f"run-step-{steps}",
        "name": f"scrpo, step {steps}",
        "prompts": "demo",
        "trainable": "hf",
        "base": "demo-base",
        "run": "run",
    }
    base = ROOT / "demo" / "model" / "hf"
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (folder / "model" / name).read_bytes() == (base / name).read_bytes()
        assert (folder / "model" / "hf" / name).read_bytes() == (base / name).read_bytes()
    assert greedy_onnx(folder / "model") == greedy_torch(folder / "model" / "hf")


PROMPTS = [problem["problem"] for problem in problems_of(4, seed=5)]


def greedy_torch(folder: Path) -> list[list[int]]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    out = []
    for prompt in PROMPTS:
        ids = torch.tensor([tokenizer(f"<q>{prompt}<a>")["input_ids"]])
        answer = model.generate(ids, do_sample=False, max_new_tokens=30)[0].tolist()
        # onnxruntime-genai leaves the end token out.
        out.append([i for i in answer if i != tokenizer.eos_token_id])
    return out


def greedy_onnx(folder: Path) -> list[list[int]]:
    import onnxruntime_genai as og

    model = og.Model(str(folder))
    tokenizer = og.Tokenizer(model)
    out = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(f"<q>{prompt}<a>")
        params = og.GeneratorParams(model)
        params.set_search_options(do_sample=False, max_length=len(ids) + 30)
        generator = og.Generator(model, params)
        generator.append_tokens(ids)
        while not generator.is_done():
            generator.generate_next_token()
        out.append([int(i) for i in generator.get_sequence(0)])
    return out


@pytest.mark.full
def test_two_ranks_take_the_same_run(run_folder, chance_grader):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    folder = run_folder(launch={"grader": chance_grader}, **SMALL)
    done = subprocess.run([*torchrun, "-m", "errata_trainer", str(folder)], env=ENVIRONMENT, check=False)
    assert done.returncode == 0
    assert end_of(folder)["reason"] == "finished"
    assert [m["step"] for m in events_of(folder, "metrics")] == [1, 2, 3, 4, 5, 6]
    assert len((folder / "rollouts" / "step-1.jsonl").read_text().splitlines()) == 8
