"""SFT: what its examples are, which of their tokens learn, and the loss on them."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from conftest import events_of, problems_of
from offline_cases import (
    ANALYSIS,
    attempts_of,
    pool_of,
    solution,
    solved,
    stop_after_batches,
    stop_after_collecting,
    worked,
)
from safetensors.torch import load_file
from test_run import ENVIRONMENT

from errata_trainer.build import build_trainer, load_tokenizer
from errata_trainer.errors import TrainerError
from errata_trainer.events import EventLog
from errata_trainer.recipe import load_job
from errata_trainer.run import run

KINDS = ["gold", "rejection", "corrections", "pairs"]
SMALL = {"method": "sft", "problems_per_step": 4, "max_steps": 6, "checkpoint_every": 2, "export": "none"}


@pytest.fixture
def trainer_of(run_folder):
    """A trainer on stored attempts, its weights random: a trained model's gradients vanish in float32."""

    def make(kinds=KINDS, pool=None, problems=None, name="run", **changes):
        sft = {"examples": kinds} | changes.pop("sft", {})
        pool = pool_of(4) if pool is None else pool
        folder = run_folder(name, problems=problems or solved(4), pool=pool, sft=sft, **SMALL | changes)
        job = load_job(folder)
        trainer = build_trainer(job, EventLog(folder), cuda=False)
        torch.manual_seed(1)
        with torch.no_grad():
            for weight in trainer.model.parameters():
                weight.normal_(0, 0.2)
        trainer.current_gradient_accumulation_steps = 1
        return trainer

    return make


def examples_of(trainer):
    return [json.loads(line) for line in (trainer.job.folder / "examples.jsonl").read_text().splitlines()]


def batches_of(trainer):
    """All rows of all steps, in order, and how often each is counted in a step."""
    return list(trainer.get_train_dataloader())


def text(trainer, row, bit):
    """What an example's tokens with this bit in the mask say."""
    return trainer._tokenizer.decode([i for i, m in zip(row["ids"], row["mask"], strict=True) if m == bit])


def test_examples_of_every_kind(trainer_of):
    trainer = trainer_of(pool=attempts_of(problems_of(1)[0], right=2, wrong=2), sft={"per_problem": 2})
    rows = examples_of(trainer)
    problem = problems_of(1)[0]
    assert [r["kind"] for r in rows] == ["gold"] * 4 + ["rejection"] * 2 + ["corrections"] + ["pairs"] * 2
    assert text(trainer, rows[0], 0) == f"<q>{problem['problem']}<a>"
    assert text(trainer, rows[0], 1) == worked(problem["gold"]) + "<eos>"
    assert text(trainer, rows[4], 1) == solution(problem["gold"]) + "<eos>"
    wrong = solution(str(int(problem["gold"]) + 1))
    assert text(trainer, rows[6], 0) == f"<q>{problem['problem']}<a>"
    assert text(trainer, rows[6], 1) == solution(problem["gold"]) + "<eos>"
    assert text(trainer, rows[7], 0) == f"<q>{problem['problem']}<a>{wrong}<eos><r>"
    assert text(trainer, rows[7], 1) == f"{ANALYSIS}\n{solution(problem['gold'])}<eos>"


@pytest.mark.parametrize(
    ("mask", "learns"),
    [("all", f"{ANALYSIS}\n{{}}<eos>"), ("analysis", ANALYSIS), ("solution", "\n{}<eos>")],
)
def test_masks_of_pairs(trainer_of, mask, learns):
    trainer = trainer_of(["pairs"], sft={"pairs_mask": mask})
    for row, problem in zip(examples_of(trainer), problems_of(4), strict=True):
        assert text(trainer, row, 1) == learns.format(solution(problem["gold"]))


@pytest.mark.parametrize("mask", ["all", "analysis", "solution"])
@pytest.mark.parametrize("kind", KINDS)
def test_masked_tokens_get_exactly_zero_gradient_and_the_rest_do_not(trainer_of, kind, mask):
    trainer = trainer_of([kind], sft={"pairs_mask": mask})
    batch = batches_of(trainer)[0]
    logits = {}

    def keep(_module, _inputs, output):
        output.retain_grad()
        logits["last"] = output

    # The hidden state before the head at place t predicts token t + 1 and nothing else.
    handle = trainer.model.model.norm.register_forward_hook(keep)
    count = (batch["labels"][:, 1:] != -100).sum()
    trainer.compute_loss(trainer.model, batch, num_items_in_batch=count).backward()
    handle.remove()
    norms = logits["last"].grad.norm(dim=-1)[:, :-1]
    assert ((norms != 0) == (batch["labels"][:, 1:] != -100)).all()
    assert (batch["labels"][:, 1:] == -100).any()


@pytest.mark.parametrize("micro", [0, 2])
def test_the_loss_is_the_mean_over_the_masked_tokens_of_the_step(trainer_of, micro):
    trainer = trainer_of(micro_batch=micro, sft={"pairs_mask": "analysis"})
    pieces = 1 if micro == 0 else 2
    batches = batches_of(trainer)[:pieces]
    count = sum((b["labels"] != -100).sum() for b in batches)
    with torch.no_grad():
        loss = sum(trainer.compute_loss(trainer.model, dict(b), num_items_in_batch=count).item() for b in batches)
        total, tokens = 0.0, 0
        for batch in batches:
            logits = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
            logits = logits.double().numpy()
            for row, labels in zip(logits, batch["labels"].numpy(), strict=True):
                for scores, label in zip(row[:-1], labels[1:], strict=True):
                    if label >= 0:
                        total += np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[label]
                        tokens += 1
    assert loss == pytest.approx(total / tokens, rel=1e-5)


def test_every_example_comes_once_an_epoch_in_an_order_from_the_seed(trainer_of):
    orders = []
    for seed in (0, 1):
        # Corrections may read as the set's own solutions do: without them every example is another.
        trainer = trainer_of(["gold", "rejection", "pairs"], name=f"seed{seed}", seed=seed)
        rows = [tuple(r["ids"]) for r in examples_of(trainer)]
        order = [rows.index(tuple(r)) for r in trainer.train_dataset["input_ids"]]
        assert len(rows) == 12
        assert len(order) == 24
        assert sorted(order[:12]) == sorted(order[12:]) == list(range(12))
        orders.append(order)
    assert orders[0] != orders[1]


def test_what_is_no_example(trainer_of):
    problem = problems_of(1)[0]
    rows = attempts_of(problem, right=3, wrong=1) + attempts_of(problem, right=0, wrong=1, fixed=False)
    rows.append(rows[0])
    rows[-1] = rows[0] | {"solution": "$x=1$\n" * 90}
    headless = rows[3] | {"solution": solution("9"), "reflection": "no sections here"}
    trainer = trainer_of(
        ["rejection", "pairs"], pool=[*rows, headless], problems=problems_of(4), sft={"per_problem": 2}
    )
    assert [r["kind"] for r in examples_of(trainer)] == ["rejection", "rejection", "pairs"]
    (event,) = events_of(trainer.job.folder, "examples")
    assert event["counts"] == {"rejection": 2, "pairs": 1}
    assert event["left_out"] == {
        "rejection more than sft.per_problem": 1,
        "rejection too long for the model's context": 1,
    }


def test_a_solution_without_a_box_gets_its_answer_in_one(trainer_of):
    trainer = trainer_of(["gold"], problems=[problems_of(1)[0] | {"solution": "$x=1$"}])
    gold = problems_of(1)[0]["gold"]
    assert text(trainer, examples_of(trainer)[0], 1) == f"$x=1$\n\\boxed{{{gold}}}<eos>"


def test_nothing_to_learn_from_is_refused(trainer_of):
    with pytest.raises(TrainerError, match="no example was left"):
        trainer_of(["gold"], problems=problems_of(4))


def metrics_of(folder):
    keys = ("step", "stage", "loss", "token_accuracy", "learning_rate", "grad_norm", "entropy")
    return [tuple(e[k] for k in keys) for e in events_of(folder, "metrics")]


HOT = {"temperature": 4.0, "max_completion_length": 12, "num_generations": 4, "data": {"examples": "sampled"}}


@pytest.mark.parametrize("how", [HOT, pytest.param({}, marks=pytest.mark.full)])
def test_stopped_and_resumed_is_the_run_that_never_stopped(run_folder, chance_grader, monkeypatch, how):
    changes = SMALL | how | {"sft": {"examples": ["gold", "rejection"]}, "lr_schedule": "linear", "warmup_steps": 2}
    given = {"launch": {"grader": chance_grader}, "problems": solved(6), "pool": pool_of(6)}
    whole = run_folder("whole", **given, **changes)
    assert run(whole, resume=False) == 0
    parts = run_folder("parts", **given, **changes)
    for stops in (1, 2):
        stop_after_collecting(monkeypatch, parts)
        assert run(parts, resume=stops > 1) == 0
        assert events_of(parts)[-1]["reason"] == "stopped"
    assert run(parts, resume=True) == 0
    assert metrics_of(parts) == metrics_of(whole)
    assert [m[0] for m in metrics_of(whole)] == [1, 2, 3, 4, 5, 6]
    assert {m[1] for m in metrics_of(whole)} == {"supervised"}
    assert len({m[4] for m in metrics_of(whole)}) == 6
    assert (whole / "examples.jsonl").read_text() == (parts / "examples.jsonl").read_text()
    weights = [load_file(f / "model" / "hf" / "model.safetensors") for f in (whole, parts)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    phases = [e["phase"] for e in events_of(whole, "phase")]
    assert ("collecting" in phases) == bool(how)
    if how:
        rows = [json.loads(line) for line in (whole / "examples.jsonl").read_text().splitlines()]
        assert {r["kind"] for r in rows} == {"gold", "rejection"}
        assert all(len(r["ids"]) - r["mask"].index(1) <= 13 for r in rows if r["kind"] == "rejection")


def test_pairs_are_sampled_with_their_reflections(run_folder):
    """On the embedded model as it is: some of its corrections are right."""
    sampled = {"num_generations": 8, "problems_per_step": 8, "max_completion_length": 110}
    data = {"data": {"examples": "sampled"}, "sft": {"examples": ["pairs"]}, "max_steps": 1}
    folder = run_folder(**SMALL | sampled | data)
    assert run(folder, resume=False) == 0
    rows = [json.loads(line) for line in (folder / "examples.jsonl").read_text().splitlines()]
    tokenizer = load_tokenizer(load_job(folder))
    golds = {p["id"]: p["gold"] for p in problems_of(24)}
    assert rows
    for row in rows:
        said = tokenizer.decode([i for i, m in zip(row["ids"], row["mask"], strict=True) if m])
        assert said.startswith("Analysis:")
        assert said.endswith(f"\\boxed{{{golds[row['problem_id']]}}}<eos>")


def test_a_run_is_stopped_while_it_collects(run_folder, chance_grader):
    folder = run_folder(launch={"grader": chance_grader}, **SMALL | HOT)
    (folder / "control.json").write_text('{"command": "stop"}')
    assert run(folder, resume=False) == 0
    assert events_of(folder)[-1]["reason"] == "stopped"
    assert "model" not in events_of(folder)[-1]
    assert not (folder / "control.json").exists()
    assert not (folder / "examples.jsonl").exists()


def test_what_was_collected_before_a_stop_is_kept_and_not_made_again(run_folder, chance_grader, monkeypatch):
    changes = SMALL | HOT | {"sft": {"examples": ["rejection"]}, "problems_per_step": 2}
    whole, parts = (run_folder(name, launch={"grader": chance_grader}, **changes) for name in ("whole", "parts"))
    assert run(whole, resume=False) == 0
    made = stop_after_batches(monkeypatch, parts, "attempts", 2)
    assert run(parts, resume=False) == 0
    assert events_of(parts)[-1]["reason"] == "stopped"
    lines = (parts / "collected.jsonl").read_text().splitlines()
    assert [len(json.loads(line)["found"]) for line in lines] == [8, 8]
    # Killed while it wrote the next one.
    (parts / "collected.jsonl").write_text("\n".join([*lines, lines[0][:40]]))
    assert run(parts, resume=False) == 0
    assert len(made) > 2
    assert made == list(range(len(made)))
    assert (whole / "examples.jsonl").read_text() == (parts / "examples.jsonl").read_text()
    assert metrics_of(whole) == metrics_of(parts)
    kept = [json.loads(line) for line in (whole / "collected.jsonl").read_text().splitlines()]
    assert {"attempts": len(made)} == Counter(row["kind"] for row in kept)


@pytest.mark.full
def test_two_ranks_collect_what_one_does(run_folder, chance_grader):
    changes = SMALL | HOT | {"sft": {"examples": ["rejection"]}, "max_steps": 3, "problems_per_step": 2}
    one, two = (run_folder(name, launch={"grader": chance_grader}, **changes) for name in ("one", "two"))
    assert run(one, resume=False) == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    subprocess.run([*torchrun, "-m", "errata_trainer", str(two)], env=ENVIRONMENT, check=True, timeout=300)
    assert (one / "examples.jsonl").read_text() == (two / "examples.jsonl").read_text()
    assert [m[:2] for m in metrics_of(two)] == [m[:2] for m in metrics_of(one)]
    losses = [[m[2] for m in metrics_of(f)] for f in (one, two)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    tokens = [
        json.loads((f / "checkpoints/checkpoint-2/errata_state.json").read_text())["recorder"] for f in (one, two)
    ]
    assert tokens[0]["tokens"] == tokens[1]["tokens"] > 0
