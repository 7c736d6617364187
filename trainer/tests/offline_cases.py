"""Attempts and reflections on the tests' problems, as the editor hands them over in `pool.jsonl`."""

from conftest import problems_of

from errata_trainer.offline import Offline
from errata_trainer.sampler import Sampler

ANALYSIS = "Analysis: Line 1, sign error: should be $2x=4$.\nCorrected Solution:"


def solution(answer: str) -> str:
    return f"$x={answer}$\n\\boxed{{{answer}}}"


def attempts_of(problem: dict, right: int = 1, wrong: int = 1, group: int = 0, fixed: bool = True) -> list[dict]:
    """Lines of `pool.jsonl`: right attempts, then wrong ones with a reflection whose correction is right."""
    common = {"problem_id": problem["id"], "problem": problem["problem"], "gold": problem["gold"], "group": group}
    gold = int(problem["gold"])
    out = []
    for i in range(right):
        text = f"$x={gold}$\n" * (i + 1) + f"\\boxed{{{gold}}}"
        out.append(common | {"solution": text, "answer": problem["gold"], "verdict": "correct", "reflection": None})
    for i in range(wrong):
        answer = str(gold + 1 + i)
        said = f"{ANALYSIS}\n{solution(problem['gold'])}"
        row = {"solution": solution(answer), "answer": answer, "verdict": "incorrect", "reflection": said}
        out.append(common | row | {"fixed": fixed})
    return out


def pool_of(count: int, **how) -> list[dict]:
    """Attempts at the first so many problems."""
    return [row for i, problem in enumerate(problems_of(count)) for row in attempts_of(problem, group=i, **how)]


def solved(count: int) -> list[dict]:
    """Problems with a worked solution."""
    return [problem | {"solution": worked(problem["gold"])} for problem in problems_of(count)]


def worked(answer: str) -> str:
    return f"$1x={answer}$\n{solution(answer)}"


def stop_after_collecting(monkeypatch, folder):
    """The next run in the folder is asked to stop once it has its examples: it stops after one step."""
    prepare = Offline.prepare

    def then_stop(trainer):
        prepare(trainer)
        (folder / "control.json").write_text('{"command": "stop"}')
        monkeypatch.setattr(Offline, "prepare", prepare)

    monkeypatch.setattr(Offline, "prepare", then_stop)


def stop_after_batches(monkeypatch, folder, kind, count):
    """The next run in the folder is asked to stop once it has made so many batches; returns those of the kind made."""
    in_turn, made = Sampler.in_turn, []

    def counted(sampler, kind_, batches, make):
        def counting(number):
            found = make(number)
            if kind_ == kind:
                made.append(number)
                if len(made) == count:
                    (folder / "control.json").write_text('{"command": "stop"}')
            return found

        return in_turn(sampler, kind_, batches, counting)

    monkeypatch.setattr(Sampler, "in_turn", counted)
    return made
