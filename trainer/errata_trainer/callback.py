"""Between TRL's steps: the log becomes events, and a request to stop is honoured."""

from typing import Any

from accelerate.utils import gather_object
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from errata_trainer.recorder import Recorder
from errata_trainer.stop import StopRequest


class RunCallback(TrainerCallback):
    """Tells the recorder what TRL logs, and ends training with a checkpoint when asked to."""

    def __init__(self, recorder: Recorder, stop: StopRequest) -> None:
        self.recorder, self.stop, self.stopped = recorder, stop, False

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start the step's clock."""
        self.recorder.step_begins()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Between two steps: look for a request to stop."""
        # Every rank must take the same turn, and they look at the file at different moments.
        if any(gather_object([bool(self.stop)])) and state.global_step < state.max_steps:
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Pass a step's log on; the summary at the end of training is no step."""
        if logs and "loss" in logs:
            self.recorder.logged(logs)
