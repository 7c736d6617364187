"""A run from its folder to its `end` event."""

import json
import os
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errata_trainer.errors import TrainerError
from errata_trainer.events import STATE_FILE, EventLog, Heartbeat
from errata_trainer.stop import StoppedEarly, StopRequest

if TYPE_CHECKING:
    from errata_trainer.recipe import Job

NEWEST = -1


def run(folder: Path, resume: bool, step: int = NEWEST) -> int:
    """Train until the recipe's end, a request to stop, or a failure. Returns the process's exit status.

    `step` is that of the checkpoint to resume from.

    Whatever happens, `events.jsonl` ends with an `end` event and heartbeat.json falls silent.
    """
    main = int(os.environ.get("RANK", "0")) == 0
    log = EventLog(folder, enabled=main)
    heartbeat = Heartbeat(folder)
    stop = StopRequest(folder)
    stop.listen()
    if main:
        heartbeat.start()
    try:
        log.emit("end", **_train(folder, resume, step, log, stop))
        leave_ranks()
        return 0
    except TrainerError as error:
        traceback.print_exc()
        log.emit("end", reason="failed", message=str(error))
    except Exception as error:
        traceback.print_exc()
        # What Resume would go on from is told by whoever sees the checkpoints: there may be none.
        message = f"{type(error).__name__}: {error}. log.txt holds the whole story."
        log.emit("end", reason="failed", message=message)
    finally:
        if main:
            heartbeat.stop()
    return 1


def leave_ranks() -> None:
    """Let go of the other ranks: the group's threads, still there when Python ends, would abort the process."""
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def find_checkpoint(folder: Path, step: int = NEWEST) -> tuple[Path, dict[str, Any]]:
    """A whole checkpoint and our state in it: that of `step` and no other. One without our state was cut short."""
    found = sorted(
        (p for p in (folder / "checkpoints").glob("checkpoint-*") if p.name.rpartition("-")[2].isdigit()),
        key=lambda p: int(p.name.rpartition("-")[2]),
        reverse=True,
    )
    for path in found:
        if step in (NEWEST, int(path.name.rpartition("-")[2])) and (path / STATE_FILE).is_file():
            return path, json.loads((path / STATE_FILE).read_text(encoding="utf-8"))
    which = "to resume from" if step == NEWEST else f"of step {step}, or it is not whole"
    raise TrainerError(f"{folder.name} has no checkpoint {which}.", "Start the run anew from its recipe.")


def _train(folder: Path, resume: bool, step: int, log: EventLog, stop: StopRequest) -> dict[str, Any]:
    """The fields of the `end` event."""
    # Imported here, in two steps, so that the heartbeat and the first events come before the slow imports.
    from errata_trainer.recipe import load_job

    job = load_job(folder)
    stop.forget_before(folder / "launch.json")
    checkpoint, state = find_checkpoint(folder, step) if resume else (None, None)
    _limit_threads(job.threads)
    import torch

    cuda = torch.cuda.is_available()
    torch.set_num_threads(job.threads)
    log.emit(
        "start",
        run=folder.name,
        method=job.recipe["method"],
        steps=job.recipe["max_steps"],
        resumedFrom=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        device=torch.cuda.get_device_name() if cuda else f"CPU, {_count(job.threads, 'thread')}",
        model=job.model,
        pid=os.getpid(),
    )
    log.emit("phase", phase="loading")
    return _optimise(job, log, stop, cuda, checkpoint, state)


def _optimise(
    job: "Job", log: EventLog, stop: StopRequest, cuda: bool, checkpoint: Path | None, state: dict[str, Any] | None
) -> dict[str, Any]:
    from errata_trainer.build import build_trainer
    from errata_trainer.callback import RunCallback
    from errata_trainer.export import export_model

    try:
        trainer = build_trainer(job, log, cuda=cuda)
    except StoppedEarly:
        stop.forget()
        return {"reason": "stopped"}
    callback = RunCallback(trainer.recorder, stop)
    trainer.add_callback(callback)
    if state is not None:
        trainer.load_state(state)
    log.emit("phase", phase="training")
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    finally:
        trainer.close()
    out: dict[str, Any] = {"reason": "stopped" if callback.stopped else "finished"}
    if trainer.accelerator.is_main_process:
        log.emit("phase", phase="exporting")
        began = time.perf_counter()
        model = trainer.accelerator.unwrap_model(trainer.model)
        if export_model(model, job, trainer.state.global_step):
            out["model"] = "model"
        print(f"exported in {time.perf_counter() - began:.1f} s", flush=True)
        stop.forget()
    return out


def _limit_threads(count: int) -> None:
    """Before torch is imported: its thread pools read the environment once."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(count))
    # The weights are local; nothing of a run is looked up or reported anywhere.
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # TRL's rollout function is experimental, and TRL is pinned: a warning in every log would help nobody.
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
