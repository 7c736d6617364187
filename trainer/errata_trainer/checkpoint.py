"""A checkpoint with our part in it, whichever of TRL's trainers saves it."""

from pathlib import Path
from typing import Any

from errata_trainer.events import STATE_FILE, write_json
from errata_trainer.grader import Grader
from errata_trainer.recorder import Recorder


class Checkpoints:
    """Mixed in before one of TRL's trainers; the method adds its own state."""

    recorder: Recorder
    grader: Grader

    def close(self) -> None:
        """Let go of what the trainer started."""
        self.grader.close()

    def method_state(self) -> dict[str, Any]:
        """The method's part of a checkpoint, as JSON."""
        return {}

    def load_method_state(self, state: dict[str, Any]) -> None:
        """Take the method's part of a checkpoint."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Take our part of a checkpoint; TRL takes its own in `train`."""
        self.recorder.load(state["recorder"])
        self.load_method_state(state)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """A checkpoint is no publication: the run's folder already tells its story."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        trainer: Any = self
        self.recorder.log.emit("phase", phase="saving")
        super()._save_checkpoint(model, trial)  # type: ignore[misc]
        name = f"checkpoint-{trainer.state.global_step}"
        if trainer.accelerator.is_main_process:
            state = {**self.method_state(), "recorder": self.recorder.state()}
            # Written last: a checkpoint without it was cut short and is passed over on resume.
            write_json(Path(trainer.args.output_dir) / name / STATE_FILE, state)
        self.recorder.log.emit("checkpoint", step=trainer.state.global_step, path=f"checkpoints/{name}")
        self.recorder.log.emit("phase", phase="training")
