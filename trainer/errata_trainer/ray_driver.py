"""A run on a Ray cluster: the job's entry point, `python -m errata_trainer.ray_driver`, in the uploaded folder.

Ray Train places the workers and gives each its rank; every worker runs `python -m errata_trainer`, the very program
that torchrun starts on one machine. The first one's files go home through `ray_outbox.py`.
"""

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from errata_trainer.ray_outbox import Outbox, record
from errata_trainer.ray_worker import NAMESPACE, POST, work, wrong_packages

NOTE_SECONDS = 5.0


class Post:
    """Between the workers and home, on the driver's node: of all nodes it lives longest."""

    def __init__(self, job: str) -> None:
        home = log_folder() / "errata" / job
        self._outbox = Outbox(home)
        self._outbox.put(record("home", folder=str(home)))
        self._state: dict[str, Any] = {"stop": False, "failed": "", "meeting": "", "began": 0}

    def put(self, part: bytes) -> None:
        """Send a part home."""
        self._outbox.put(part)

    def say(self, **changes: Any) -> None:
        """Tell everybody: `stop`, `failed` (last words of a worker), `meeting` (where the ranks meet)."""
        self._state |= changes

    def hello(self) -> None:
        """A worker has begun."""
        self._state["began"] += 1

    def look(self) -> dict[str, Any]:
        """What has been told so far."""
        return self._state


def log_folder() -> Path:
    """Ray's log folder on this node: what lies in it can be read through the dashboard."""
    return Path(ray._private.worker._global_node.get_logs_dir_path())


def main() -> int:
    """Exit status: 0 finished or stopped, 1 failed."""
    parser = argparse.ArgumentParser(prog="errata_trainer.ray_driver", description=__doc__)
    parser.add_argument("--job", required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--cpus", type=float, required=True)
    parser.add_argument("--gpus", type=float, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--storage", help="folder that every node sees: checkpoints stay in it")
    parser.add_argument("--weights", help="folder of the base model's weights on every node")
    args = parser.parse_args()
    wrong = wrong_packages(Path.cwd() / "requirements.txt")
    if wrong:
        print(f"The cluster's Python ({sys.executable}) lacks what the trainer needs: {', '.join(wrong)}.", flush=True)
        return 1
    # Ray prints warnings of its own to this job's log, which is what people read when a run has died.
    ray.init(log_to_driver=False, namespace=NAMESPACE, logging_level="warning")
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    post = ray.remote(num_cpus=0)(Post).options(name=f"{POST}-{args.job}", scheduling_strategy=here).remote(args.job)
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    # After ray.init, which has a handler of its own. Ray's Jobs API stops a job with SIGTERM.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    outcome: list[str] = []
    training = threading.Thread(target=train, args=(args, outcome), daemon=True)
    training.start()
    wait(args, post, training, stopped)
    ray.get(post.put.remote(record("end")))
    if outcome and not stopped.is_set():
        print(outcome[0], flush=True)
    return 1 if outcome else 0


def train(args: argparse.Namespace, outcome: list[str]) -> None:
    """Have Ray Train run the workers. `outcome` gets why it failed."""
    trainer = TorchTrainer(
        work,
        train_loop_config={"job": args.job, "resume": args.resume, "storage": args.storage, "weights": args.weights},
        # The ranks' own process group is made by the trainer they start; this one only lets Ray Train begin.
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ScalingConfig(num_workers=args.workers, use_gpu=args.gpus > 0, resources_per_worker=needs(args)),
        run_config=RunConfig(name=args.job, storage_path=str(scratch()), failure_config=FailureConfig(max_failures=0)),
    )
    try:
        trainer.fit()
    except Exception as error:
        outcome.append(words_of(error))


def wait(args: argparse.Namespace, post: Any, training: threading.Thread, stopped: threading.Event) -> None:
    """Until the training is over; a stop before the workers have their places ends it at once."""
    noted, told, passed = "", False, time.monotonic()
    while training.is_alive():
        training.join(0.5)
        began = ray.get(post.look.remote())["began"]
        if stopped.is_set() and not told:
            ray.get(post.say.remote(stop=True))
            told = True
        if stopped.is_set() and began == 0:
            return
        if time.monotonic() - passed < NOTE_SECONDS:
            continue
        passed = time.monotonic()
        note = "" if began >= args.workers else waiting_for(args)
        if note != noted:
            ray.get(post.put.remote(record("note", text=note)))
            noted = note


def waiting_for(args: argparse.Namespace) -> str:
    """What the workers need and what the cluster has."""
    wanted = {name: value * args.workers for name, value in needs(args).items()}
    total, free = ray.cluster_resources(), ray.available_resources()
    placed = all(group["state"] != "PENDING" for group in ray.util.placement_group_table().values())
    if placed or all(free.get(name, 0) >= value for name, value in wanted.items()):
        return "the workers are starting"
    parts = [
        f"{value:g} {name}s ({free.get(name, 0):g} of {total.get(name, 0):g} free)" for name, value in wanted.items()
    ]
    return f"waiting for {args.workers} workers with {' and '.join(parts)}"


def needs(args: argparse.Namespace) -> dict[str, float]:
    """Resources of one worker."""
    return {"CPU": args.cpus, **({"GPU": args.gpus} if args.gpus > 0 else {})}


def scratch() -> Path:
    """For Ray Train's own notes; none of our files."""
    return log_folder().parent / "errata-train"


def words_of(error: BaseException) -> str:
    """The reason at the bottom of Ray Train's wrapping."""
    failures = getattr(error, "worker_failures", None)
    if failures:
        error = next(iter(failures.values()))
    return "".join(traceback.format_exception_only(getattr(error, "cause", None) or error)).strip()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # A training thread that still waits for workers must not keep the job.
    os._exit(status)
