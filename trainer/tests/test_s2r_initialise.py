"""S²R's behaviour initialisation: what its trajectories are, and which of their tokens learn."""

import json
import signal

import pytest
import torch
from conftest import events_of, problems_of
from offline_cases import stop_after_batches

from errata_trainer.build import build_trainer
from errata_trainer.errors import TrainerError
from errata_trainer.events import EventLog
from errata_trainer.online import OnlineTrainer
from errata_trainer.recipe import load_job
from errata_trainer.run import run
from errata_trainer.s2r_initialise import failed_tries
from errata_trainer.stop import StopRequest

PROBLEMS = [{"id": f"p{i}", "problem": f"Solve for $x$: ${i + 2}x+3=7$", "gold": "2"} for i in range(4)]
YES, NO, MUMBLE = "Line 1 right.\nVerdict: right", "Line 1 wrong.\nVerdict: wrong", "Line 1 right.\nLine 2"


def attempt(problem, answer, verdict=None):
    """A stored attempt; its lines tell it from others with the same answer."""
    verdict = verdict or ("correct" if answer == "2" else "incorrect")
    solution = f"$x={answer}$\n\\boxed{{{answer}}}"
    row = {"problem_id": problem["id"], "problem": problem["problem"], "gold": problem["gold"]}
    return row | {"solution": solution, "answer": answer, "verdict": verdict}


def text_of(answer):
    return f"$x={answer}$\n\\boxed{{{answer}}}<eos>"


@pytest.fixture
def trainer_of(run_folder, monkeypatch):
    """A trainer on stored attempts whose model judges by `judge(solution's answer, number of the verification)`."""

    def make(pool, judge=None, **changes):
        def sample(self, prompts, copies=1):
            asked.extend(self._tokenizer.decode(ids) for ids in prompts[::copies])
            texts = []
            for i, ids in enumerate(prompts):
                answer = self._tokenizer.decode(ids).rpartition("\\boxed{")[2].partition("}")[0]
                texts.append((judge or honest)(answer, i % copies))
            return [(self._tokenizer(text)["input_ids"] + [self._tokenizer.eos_token_id], None) for text in texts]

        asked = []
        monkeypatch.setattr(OnlineTrainer, "sample", sample)
        options = {"stage": "initialise"} | changes.pop("s2r", {})
        data = {"take": "all", "examples": "stored"}
        small = {"problems_per_step": 2, "max_steps": 3, "export": "none", "max_completion_length": 30}
        folder = run_folder(method="s2r", problems=PROBLEMS, pool=pool, s2r=options, data=data, **small | changes)
        job = load_job(folder)
        trainer = build_trainer(job, EventLog(folder), cuda=False)
        trainer.asked = asked
        trainer.current_gradient_accumulation_steps = 1
        return trainer

    return make


def honest(answer, number):
    """Says nothing first, then lies, then tells the truth."""
    truth, lie = (YES, NO) if answer == "2" else (NO, YES)
    return [MUMBLE, lie, truth, f"Line 1 right.\n{truth}"][number]


def examples_of(trainer):
    return [json.loads(line) for line in (trainer.job.folder / "examples.jsonl").read_text().splitlines()]


def parts(trainer, row):
    """Runs of tokens that learn or do not, as text."""
    out = []
    for token, learns in zip(row["ids"], row["mask"], strict=True):
        if not out or out[-1][1] != learns:
            out.append(([], learns))
        out[-1][0].append(token)
    return [(trainer._tokenizer.decode(ids), learns) for ids, learns in out]


def test_a_trajectory_by_hand(trainer_of):
    problem = PROBLEMS[0]
    # 2 right of 8: of the default band the harder half; 2 failed tries at the most of 3.
    answers = ["2", "5", "5", "7", "2", "5", "7", "5"]
    trainer = trainer_of([attempt(problem, answer) for answer in answers], s2r={"max_solutions": 3})
    (row,) = examples_of(trainer)
    assert (row["kind"], row["problem_id"]) == ("3 solutions", "p0")
    found = parts(trainer, row)
    first, second = ("5", "7") if text_of("5") in found[0][0] else ("7", "5")
    assert found == [
        (f"<q>{problem['problem']}<a>{text_of(first)}<v>", 0),
        (f"{NO}<eos>", 1),
        (f"<l>{text_of(second)}<v>", 0),
        (f"{NO}<eos>", 1),
        ("<l>", 0),
        (text_of("2"), 1),
        ("<v>", 0),
        (f"{YES}<eos>", 1),
    ]
    # Each different attempt was judged once, in its own conversation.
    assert sorted(trainer.asked) == sorted(f"<q>{problem['problem']}<a>{text_of(a)}<v>" for a in ("2", "5", "7"))


@pytest.mark.parametrize(
    ("rate", "most", "tries"),
    [
        *[(0.05, 4, 0), (0.1, 4, 3), (0.25, 4, 3), (0.4, 4, 2), (0.6, 4, 1), (0.7, 4, 1), (0.75, 4, 0), (1, 4, 0)],
        *[(0.1, 2, 1), (0.7, 2, 1), (0.1, 1, 0)],
    ],
)
def test_harder_problems_get_more_failed_tries(rate, most, tries):
    assert failed_tries(rate, [0.1, 0.7], most) == tries


def test_outside_the_band_one_solution_and_its_verification(trainer_of):
    easy = [attempt(PROBLEMS[0], a) for a in ["2"] * 7 + ["5"]]
    hopeless = [attempt(PROBLEMS[1], "5")] * 4
    trainer = trainer_of(easy + hopeless)
    (row,) = examples_of(trainer)
    assert row["kind"] == "1 solution"
    assert parts(trainer, row) == [
        (f"<q>{PROBLEMS[0]['problem']}<a>", 0),
        (text_of("2"), 1),
        ("<v>", 0),
        (f"{YES}<eos>", 1),
    ]
    assert len(trainer.asked) == 1
    (event,) = events_of(trainer.job.folder, "examples")
    assert event["left_out"] == {"problems without a right attempt": 1}


def test_attempts_that_nobody_tells_the_truth_about_are_left_out_and_counted(trainer_of):
    def judge(answer, number):
        return {"2": YES, "5": YES, "7": NO}[answer]

    group = [attempt(PROBLEMS[0], a) for a in ("2", "5", "7", "7")]
    doubted = [attempt(PROBLEMS[1], a) for a in ("2", "5")]
    trainer = trainer_of(group, judge)
    (row,) = examples_of(trainer)
    assert row["kind"] == "2 solutions"
    assert "\\boxed{5}" not in trainer._tokenizer.decode(row["ids"])
    (event,) = events_of(trainer.job.folder, "examples")
    assert event["left_out"] == {"attempts without a verification that tells the truth": 1}
    with pytest.raises(TrainerError, match="nothing to learn from"):
        trainer_of(doubted, lambda *_: NO, name="none")


def test_unknown_and_cut_off_attempts_are_no_tries(trainer_of):
    group = [attempt(PROBLEMS[0], a) for a in ("2", "5")]
    group += [attempt(PROBLEMS[0], "8", "truncated"), attempt(PROBLEMS[0], "9", "unscored")]
    trainer = trainer_of(group)
    (row,) = examples_of(trainer)
    assert row["kind"] == "2 solutions"
    assert len(trainer.asked) == 2


def test_failed_tries_that_do_not_fit_are_dropped(trainer_of):
    long = attempt(PROBLEMS[0], "5") | {"solution": "$x=5$\n" * 25 + "\\boxed{5}"}
    longer = attempt(PROBLEMS[0], "7") | {"solution": "$x=7$\n" * 25 + "\\boxed{7}"}
    trainer = trainer_of([attempt(PROBLEMS[0], "2"), long, longer, attempt(PROBLEMS[0], "2")] + [long] * 4)
    (row,) = examples_of(trainer)
    assert row["kind"] == "2 solutions"
    assert len(row["ids"]) <= 256


def test_exactly_the_masked_tokens_are_predicted_for_the_loss(trainer_of):
    trainer = trainer_of([attempt(p, a) for p in PROBLEMS for a in ("2", "5", "7", "2")])
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in trainer.model.parameters():
            weight.normal_(0, 0.2)
    batch = next(iter(trainer.get_train_dataloader()))
    kept = {}

    def keep(_module, _inputs, output):
        output.retain_grad()
        kept["hidden"] = output

    # The hidden state before the head at place t predicts token t + 1 and nothing else.
    handle = trainer.model.model.norm.register_forward_hook(keep)
    labels = batch["labels"].clone()
    trainer.compute_loss(trainer.model, batch, num_items_in_batch=(labels[:, 1:] != -100).sum()).backward()
    handle.remove()
    norms = kept["hidden"].grad.norm(dim=-1)[:, :-1]
    assert ((norms != 0) == (labels[:, 1:] != -100)).all()
    learns = {tuple(e["ids"]): e["mask"] for e in examples_of(trainer)}
    for row, marks in zip(batch["input_ids"].tolist(), labels.tolist(), strict=True):
        mask = next(mask for ids, mask in learns.items() if tuple(row[: len(ids)]) == ids)
        assert [int(mark != -100) for mark in marks[: len(mask)]] == mask


def test_a_run_is_stopped_while_it_verifies_and_goes_on_from_there(run_folder, chance_grader, monkeypatch):
    s2r = {"stage": "initialise", "verifications": 12}
    options = {"s2r": s2r, "problems": problems_of(6), "launch": {"grader": chance_grader}}
    options |= {"method": "s2r", "data": {"take": "none", "examples": "sampled"}, "export": "none"}
    small = {"problems_per_step": 3, "num_generations": 4, "max_completion_length": 40, "max_steps": 2}
    whole, parts = (run_folder(name, **options, **small) for name in ("whole", "parts"))
    assert run(whole, resume=False) == 0
    made = stop_after_batches(monkeypatch, parts, "verifications", 1)
    assert run(parts, resume=False) == 0
    assert events_of(parts)[-1]["reason"] == "stopped"
    assert not (parts / "examples.jsonl").exists()
    assert made == [0]
    assert run(parts, resume=False) == 0
    assert len(made) > 1
    assert made == list(range(len(made)))
    assert (whole / "examples.jsonl").read_text() == (parts / "examples.jsonl").read_text()


def test_a_signal_is_heard_by_whoever_looks(tmp_path):
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        StopRequest(tmp_path).listen()
        elsewhere = StopRequest(tmp_path)
        assert not elsewhere
        signal.raise_signal(signal.SIGTERM)
        assert elsewhere
        StopRequest(tmp_path).listen()
        assert not elsewhere
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_run_samples_what_it_learns_from(run_folder, chance_grader):
    folder = run_folder(
        method="s2r",
        s2r={"stage": "initialise"},
        problems=problems_of(6),
        data={"take": "none", "examples": "sampled"},
        launch={"grader": chance_grader},
        problems_per_step=3,
        num_generations=4,
        max_completion_length=40,
        max_steps=2,
        temperature=1.0,
        export="none",
    )
    assert run(folder, resume=False) == 0
    phases = [e["phase"] for e in events_of(folder, "phase")]
    assert phases.index("collecting") < phases.index("training")
    metrics = events_of(folder, "metrics")
    assert [(m["step"], m["stage"]) for m in metrics] == [(1, "supervised"), (2, "supervised")]
    assert all(m["loss"] > 0 for m in metrics)
