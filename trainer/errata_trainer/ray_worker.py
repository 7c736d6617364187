"""One worker of a run on a Ray cluster: its run folder, its rank, and the trainer as a process of its own."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from errata_trainer.ray_outbox import Publisher

NAMESPACE = "errata"
POST = "post"
LOOK_SECONDS = 0.5
MEET_SECONDS = 600.0
"""For the other workers of a large group to be placed and to unpack their files."""
LAST_WORDS_SECONDS = 20.0
"""After another rank failed: for our own trainer to notice, and for its last events to be sent."""
NODE = (20, 0)


def work(config: dict[str, Any]) -> None:
    """Run by Ray Train in every worker. Raises RuntimeError with the last words of a trainer that failed."""
    import ray
    from ray.train import get_context

    context = get_context()
    rank, size = context.get_world_rank(), context.get_world_size()
    post = ray.get_actor(f"{POST}-{config['job']}", namespace=NAMESPACE)
    wrong = wrong_packages(package_root() / "requirements.txt")
    if wrong:
        raise RuntimeError(f"The node {socket.gethostname()} lacks what the trainer needs: {', '.join(wrong)}.")
    # In Ray's session folder: what a worker leaves that is killed goes with the session.
    session = Path(ray._private.worker._global_node.get_session_dir_path())
    home = Path(tempfile.mkdtemp(prefix=f"{config['job']}-", dir=session))
    try:
        folder = prepare(home, config)
        ray.get(post.hello.remote())
        address, port = meet(post, rank)
        environment = os.environ | {
            "RANK": str(rank),
            "WORLD_SIZE": str(size),
            "LOCAL_RANK": str(context.get_local_rank()),
            "LOCAL_WORLD_SIZE": str(context.get_local_world_size()),
            "MASTER_ADDR": address,
            "MASTER_PORT": port,
            "PYTHONPATH": os.pathsep.join([str(package_root()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", "errata_trainer", str(folder), *resumed(folder, config["resume"])]
        with (folder / "log.txt").open("ab") as log:
            child = subprocess.Popen(
                command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent,
            )  # fmt: skip
        try:
            follow(child, folder, post, rank, size, keeps=bool(config["storage"]))
        finally:
            child.kill()
            child.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def follow(child: subprocess.Popen[bytes], folder: Path, post: Any, rank: int, size: int, *, keeps: bool) -> None:
    """Until the trainer has ended: pass on a request to stop, and, on the first rank, send home what is new."""
    import ray

    publisher = Publisher(folder, lambda part: ray.get(post.put.remote(part)), keeps_checkpoints=keeps)
    told, deadline = False, float("inf")
    while child.poll() is None:
        time.sleep(LOOK_SECONDS)
        state = ray.get(post.look.remote())
        if state["stop"] and not told:
            child.send_signal(signal.SIGTERM)
            told = True
        if state["failed"] and deadline == float("inf"):
            deadline = time.monotonic() + LAST_WORDS_SECONDS
        if time.monotonic() > deadline:
            # It waits for a rank that will not come back.
            child.kill()
        if rank == 0:
            publisher.look()
    code = child.returncode
    if rank == 0:
        failed = ray.get(post.look.remote())["failed"]
        if failed and code != 0:
            with (folder / "log.txt").open("a", encoding="utf-8") as log:
                log.write(f"\n{failed}\n")
        while publisher.look():
            pass
        ray.get(post.say.remote(over=True))
    if code == 0:
        return
    words = last_words(folder / "log.txt")
    why = f"{words} (rank {rank} of {size} on {socket.gethostname()} ended with {ended_with(code)})"
    if rank != 0:
        ray.get(post.say.remote(failed=why))
        wait_for_first(post)
    raise RuntimeError(why)


def wait_for_first(post: Any) -> None:
    """Ray Train puts every worker away when one has failed: not before the first has sent its last words."""
    import ray

    end = time.monotonic() + LAST_WORDS_SECONDS + 10
    while time.monotonic() < end and not ray.get(post.look.remote()).get("over"):
        time.sleep(LOOK_SECONDS)


def prepare(home: Path, config: dict[str, Any]) -> Path:
    """The run's folder as the launcher writes it: the uploaded files, with this node's paths in launch.json."""
    source = package_root() / "run"
    launch = json.loads((source / "launch.json").read_text(encoding="utf-8"))
    folder = home / launch["run"]
    shutil.copytree(source, folder)
    launch["schema"] = str(package_root() / "schemas" / "recipe.schema.json")
    launch["trainable"] = config["weights"] or str(package_root() / "weights")
    launch["grader"] = node_grader()
    launch["threads"] = launch["threads"] or max(1, int(float(os.environ.get("OMP_NUM_THREADS", "1"))))
    (folder / "launch.json").write_text(json.dumps(launch), encoding="utf-8")
    if config["storage"]:
        # Ids such as scrpo-01 come again in every workspace: another run's checkpoints are not this one's.
        shared = Path(config["storage"]) / launch["run"] / launch.get("uuid", "") / "checkpoints"
        shared.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoints").symlink_to(shared)
    return folder


def resumed(folder: Path, resume: bool) -> list[str]:
    """The trainer's words for the very checkpoint that the launcher named."""
    if not resume:
        return []
    return ["--resume", str(json.loads((folder / "launch.json").read_text(encoding="utf-8"))["resume_from"])]


def meet(post: Any, rank: int) -> tuple[str, str]:
    """Address and port of the ranks' process group: the first rank's node, a port that is free there."""
    import ray

    if rank == 0:
        with socket.socket() as probe:
            probe.bind(("", 0))
            port = probe.getsockname()[1]
        ray.get(post.say.remote(meeting=f"{ray.util.get_node_ip_address()} {port}"))
    end = time.monotonic() + MEET_SECONDS
    while time.monotonic() < end:
        meeting = ray.get(post.look.remote())["meeting"]
        if meeting:
            address, port_text = meeting.split()
            return address, port_text
        time.sleep(LOOK_SECONDS)
    raise RuntimeError("The first worker did not say where the ranks meet.")


def package_root() -> Path:
    """The uploaded folder on this node."""
    return Path(__file__).resolve().parents[1]


def node_grader() -> list[str] | None:
    """The pool's own grader where the node has Node and the bundle travelled; None: math-verify grades."""
    node, bundle = shutil.which("node"), package_root() / "dist" / "cli.js"
    if not node or not bundle.is_file():
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    return [node, str(bundle), "grade", "--serve"] if version >= NODE else None


def wrong_packages(requirements: Path) -> list[str]:
    """Packages that this Python lacks. trl's version must be the very one: methods are overridden that are private."""
    wrong = []
    for line in requirements.read_text(encoding="utf-8").splitlines():
        found = re.match(r"([\w.-]+)(?:\[[^\]]*\])?(?:==|>=)([^\s;#]+)", line)
        if not found:
            continue
        name, version = found.groups()
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} {version}")
            continue
        if name == "trl" and installed != version:
            wrong.append(f"{name} {version} (it has {installed})")
    return wrong


def last_words(log: Path) -> str:
    """The error at the end of a log, else its last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    return (errors or lines or ["It said nothing"])[-1]


def ended_with(code: int) -> str:
    """An exit status as people say it."""
    if code == -signal.SIGKILL:
        return "SIGKILL: out of memory?"
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def die_with_parent() -> None:
    """In the child: Ray kills a worker without asking, and its trainer must not stay behind (prctl(2))."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
