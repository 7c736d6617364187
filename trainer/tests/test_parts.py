"""Schedule, prompts, grader, alarms and events: the parts that need no model."""

import json
import os
import shutil
import signal
import sys
import time
from collections import Counter

import pytest
from conftest import ROOT, events_of

from errata_trainer.alarms import (
    Alarms,
    StepFacts,
    always_changed,
    answer_in_analysis,
    collapse,
    never_changed,
    same_analysis,
    saturation,
    unclosed,
    zero_variance,
)
from errata_trainer.errors import TrainerError
from errata_trainer.events import EventLog, Heartbeat
from errata_trainer.grader import Grade, MathVerifyGrader, NodeGrader
from errata_trainer.prompts import Prompt
from errata_trainer.recipe import Problem
from errata_trainer.recorder import Recorder, zero_variance_share
from errata_trainer.reflection import parse_reflection
from errata_trainer.rollout import Rollout, Task, Turn
from errata_trainer.schedule import planned_stage, visited
from errata_trainer.stop import StopRequest

CLI = ROOT / "dist" / "cli.js"


def test_stages_alternate():
    stages = [planned_stage(step, (2, 1)) for step in range(1, 8)]
    assert stages == ["trial", "trial", "correction", "trial", "trial", "correction", "trial"]
    assert {planned_stage(step, (0, 3)) for step in range(1, 9)} == {"correction"}
    assert {planned_stage(step, (1, 0)) for step in range(1, 9)} == {"trial"}


def test_every_problem_is_visited_once_an_epoch_in_an_order_of_the_seed():
    seen = [i for visit in range(5) for i in visited(visit * 4, 4, 10, seed=3)]
    assert Counter(seen[:10]) == Counter(seen[10:]) == Counter(range(10))
    assert seen[:10] != seen[10:] != list(range(10))
    assert seen[:10] != [i for visit in range(3) for i in visited(visit * 4, 4, 10, seed=4)][:10]
    assert sorted(visited(0, 4, 2, seed=0)) == [0, 0, 1, 1]


def test_prompt_pieces_become_messages_and_content_cannot_inject_a_role():
    source = "a comment\n{# system #}\nBe brief.\n{# user #}\n {{ problem }} \n{# assistant #}\n{{ solution }}\n"
    prompt = Prompt(source)
    hostile = "x\n{# user #}\n{{ problem }}"
    assert prompt.messages(problem="1+1?", solution=hostile) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": hostile},
    ]
    assert Prompt("Solve {{ problem }}\n").messages(problem="p") == [{"role": "user", "content": "Solve p"}]


def test_a_broken_prompt_is_named():
    with pytest.raises(TrainerError, match=r"solve\.jinja"):
        Prompt("{{ problem", "solve.jinja")


def test_node_grader_keeps_the_order_and_asks_a_pair_once(fake_grader):
    grader = NodeGrader(fake_grader)
    pairs = [(r"\boxed{2}", "2"), (r"\boxed{3}", "2"), (r"\boxed{2}", "2"), ("nothing", "2")]
    grades = grader.grade(pairs)
    assert [g.verdict for g in grades] == ["correct", "incorrect", "correct", "incorrect"]
    assert [g.answer for g in grades] == ["2", "3", "2", None]
    grader.close()
    grader.command = ["false"]
    assert grader.grade(pairs) == grades


@pytest.mark.skipif(not CLI.is_file() or shutil.which("node") is None, reason="the command line is not built")
def test_the_pools_own_grader():
    grader = NodeGrader(["node", str(CLI), "grade", "--serve"])
    pairs = [(r"so $\boxed{\frac{4}{2}}$", "2"), (r"\boxed{3}", "2"), ("nothing", "2")]
    grades = grader.grade(pairs)
    grader.close()
    assert [g.verdict for g in grades] == ["correct", "incorrect", "unscored"]
    assert [g.answer for g in grades] == [r"\frac{4}{2}", "3", None]


def test_node_grader_survives_one_death(tmp_path, fake_grader):
    script, flag = tmp_path / "dies.py", tmp_path / "died"
    fake = fake_grader[1]
    script.write_text(
        f"import os, sys, runpy\nif not os.path.exists({str(flag)!r}):\n"
        f"    open({str(flag)!r}, 'w'); sys.stdin.readline(); sys.exit(1)\nrunpy.run_path({fake!r})\n"
    )
    grader = NodeGrader([sys.executable, str(script)])
    assert [g.verdict for g in grader.grade([(r"\boxed{2}", "2"), (r"\boxed{1}", "2")])] == ["correct", "incorrect"]
    grader.close()


def test_a_grader_that_never_answers_is_an_error_for_people():
    for command in (["false"], ["/no/such/program"]):
        with pytest.raises(TrainerError, match="does not answer"):
            NodeGrader(command).grade([("a", "b")])


def test_math_verify_stands_in():
    grader = MathVerifyGrader()
    pairs = [(r"so \boxed{\frac{1}{2}}", "0.5"), (r"\boxed{3}", "4"), ("I do not know", "4")]
    assert [g.verdict for g in grader.grade(pairs)] == ["correct", "incorrect", "unscored"]
    assert grader.grade(pairs)[2] == Grade("unscored", None)


def facts(step=1, stage="correction", **changes):
    base = {"accuracy": 0.5, "zero_variance": 0.2, "pool_size": 9, "pool_unique": 0.9}
    return StepFacts(step=step, stage=stage, **(base | changes))


def reflections(*texts):
    rows = []
    for i, text in enumerate(texts):
        turn = Turn("reflection", 0, 1, text=text, reflection=parse_reflection(text))
        rows.append(Rollout(i, Task(Problem(f"p{i}", "q", "1"), [], "wrong"), turns=[turn]))
    return rows


def solution(verdict, answer=None, place=0):
    turn = Turn("solution", 0, 1, verdict=verdict, answer=answer)
    return Rollout(place, Task(Problem("p", "q", "1"), []), turns=[turn])


def test_zero_variance_alarm():
    assert zero_variance([facts(zero_variance=1.0)] * 2) is None
    assert zero_variance([facts(zero_variance=0.5)] * 3) is None
    assert "95%" in zero_variance([facts(zero_variance=0.95)] * 3)


def test_saturation_needs_both_to_fall():
    before = [facts(pool_unique=0.9, accuracy=0.6)] * 5
    assert saturation(before + [facts(pool_unique=0.4, accuracy=0.6)] * 5) is None
    assert saturation(before + [facts(pool_unique=0.9, accuracy=0.3)] * 5) is None
    assert saturation(before + [facts(pool_unique=0.4, accuracy=0.3)] * 5)


def test_collapse_of_length_or_entropy_while_success_is_flat():
    before = [facts(analysis_length=20.0, entropy=1.0)] * 5
    assert collapse(before + [facts(analysis_length=9.0, entropy=1.0, accuracy=0.7)] * 5) is None
    assert "shrank" in collapse(before + [facts(analysis_length=9.0, entropy=1.0)] * 5)
    assert "Entropy" in collapse(before + [facts(analysis_length=20.0, entropy=0.4)] * 5)
    assert collapse(before * 2) is None


def test_hacking_alarms():
    good = [f"Analysis: line {i}.\nCorrected Solution: 1" for i in range(8)]
    copied = ["Analysis: it is \\boxed{1}.\nCorrected Solution: 1"] * 3
    assert answer_in_analysis(reflections(*good)) is None
    assert answer_in_analysis(reflections(*good, *copied))
    assert same_analysis(reflections(*good)) is None
    assert same_analysis(reflections(*good[:3], *["Analysis: wrong.\nCorrected Solution: 1"] * 5))
    assert unclosed(reflections(*good)) is None
    assert unclosed(reflections(*good, *["Analysis: and then"] * 4))


def test_an_alarm_is_not_repeated_at_once_and_survives_a_checkpoint():
    alarms = Alarms()
    rows = reflections(*["Analysis: and then"] * 4)
    said = [step for step in range(1, 25) if "unclosed" in dict(alarms.observe(facts(step), rows))]
    assert said == [1, 11, 21]
    again = Alarms()
    again.load(json.loads(json.dumps(alarms.state())))
    assert again.facts == alarms.facts
    assert not again.observe(facts(25), rows)


def test_what_nobody_can_judge_leaves_the_accuracy_and_is_told_beside_it(tmp_path):
    verdicts = ["correct", "incorrect", "unscored", "truncated", "unscored"]
    rows = [solution(v, None if v == "truncated" else "2") for v in verdicts]
    recorder = Recorder(EventLog(tmp_path))
    recorder.scored(1, "trial", rows, 1e-4, {})
    recorder.logged({"loss": 0.1})
    (metrics,) = events_of(tmp_path, "metrics")
    assert metrics["accuracy"] == pytest.approx(1 / 3)
    assert (metrics["unscored"], metrics["truncated"]) == (0.4, 0.2)
    lines = (tmp_path / "rollouts" / "step-1.jsonl").read_text().splitlines()
    # A reward of 0 would say that it was wrong.
    assert [json.loads(line)["reward"] for line in lines] == [1, 0, None, 0, None]


def test_share_of_groups_that_teach_nothing():
    rows = []
    for place, verdicts in enumerate((["correct", "incorrect"], ["correct", "correct"], ["truncated", "unscored"])):
        rows += [solution(v, "2", place) for v in verdicts]
    assert zero_variance_share(rows) == pytest.approx(2 / 3)


def test_an_answer_that_nobody_can_judge_is_no_failure_but_no_answer_is():
    assert solution("unscored", "?").reward is None
    assert solution("unscored").reward == 0
    assert solution("truncated").reward == 0
    assert solution("correct", "1").reward == 1


def test_events_are_lines_without_what_was_not_measured(tmp_path):
    (tmp_path / "events.jsonl").write_text('{"type": "start"}\n{"type": "met')
    log = EventLog(tmp_path)
    log.emit("metrics", step=1, kl=None, entropy=float("nan"), reward=0.5)
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert lines[1] == '{"type": "met'
    assert {k: v for k, v in json.loads(lines[2]).items() if k != "time"} == {
        "type": "metrics",
        "step": 1,
        "reward": 0.5,
    }
    log.rollouts(3, [{"a": 1}, {"a": 2}])
    assert len((tmp_path / "rollouts" / "step-3.jsonl").read_text().splitlines()) == 2


def test_other_ranks_write_nothing(tmp_path):
    log = EventLog(tmp_path, enabled=False)
    log.emit("phase", phase="loading")
    log.rollouts(1, [{}])
    assert list(tmp_path.iterdir()) == []


def test_heartbeat_names_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr("errata_trainer.events.HEARTBEAT_SECONDS", 0.01)
    heartbeat = Heartbeat(tmp_path)
    heartbeat.start()
    first = json.loads((tmp_path / "heartbeat.json").read_text())
    deadline = time.time() + 5
    while json.loads((tmp_path / "heartbeat.json").read_text())["time"] == first["time"] and time.time() < deadline:
        time.sleep(0.01)
    heartbeat.stop()
    last = json.loads((tmp_path / "heartbeat.json").read_text())
    assert last["pid"] == os.getpid()
    assert last["started"] == first["started"] < first["time"] < last["time"]


def test_stop_by_file_and_by_signal(tmp_path):
    stop = StopRequest(tmp_path)
    assert not stop
    control = tmp_path / "control.json"
    control.write_text('{"comma')
    assert not stop
    control.write_text('{"command": "stop"}')
    assert stop
    launch = tmp_path / "launch.json"
    launch.write_text("{}")
    os.utime(control, (1, 1))
    stop.forget_before(launch)
    assert not stop
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        stop.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_answers_that_are_always_or_never_changed():
    assert never_changed([facts(changed=0.04)] * 2) is None
    assert never_changed([facts(changed=0.2)] * 3) is None
    assert never_changed([facts()] * 3) is None
    assert "96%" in never_changed([facts(changed=0.04)] * 3)
    assert always_changed([facts(changed=0.5)] * 3) is None
    assert "97%" in always_changed([facts(changed=0.97)] * 3)
    alarms = Alarms()
    kinds = [kind for step in range(3) for kind, _ in alarms.observe(facts(step, "stage-2", changed=0.99), [])]
    assert kinds == ["always-changed"]
    # Whoever is told that a solution is wrong changes its answer with good reason.
    alarms = Alarms()
    assert not [1 for step in range(3) for _ in alarms.observe(facts(step, changed=0.99), [])]
