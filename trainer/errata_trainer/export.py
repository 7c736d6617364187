"""A trained model as a folder that the editor samples from and trains on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from errata_trainer.errors import TrainerError
from errata_trainer.recipe import Job

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "vocab.json", "merges.txt", "tokenizer.model",
)  # fmt: skip
PROVIDER = {"fp32": "cpu", "int4": "cpu", "fp16": "cuda"}


def copy_tokenizer(source: Path, target: Path) -> None:
    """The base model's own files: a tokenizer that was saved again may split digits (demo/README.md)."""
    for name in TOKENIZER_FILES:
        (target / name).unlink(missing_ok=True)
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def export_model(model: PreTrainedModel | PeftModel, job: Job, step: int) -> bool:
    """Write `model/` (ONNX, with `hf/` inside). Returns whether there is an ONNX model in it.

    The folder appears whole or not at all. Raises TrainerError when the builder fails; the
    checkpoint is not touched by that.
    """
    precision = job.recipe["export"]
    scratch = job.folder / "model.tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    hf = scratch / "hf"
    # Adapters become part of the weights: what is exported needs no PEFT to be run or trained on.
    whole = model.merge_and_unload() if isinstance(model, PeftModel) else model
    whole.save_pretrained(hf)
    copy_tokenizer(job.trainable, hf)
    if precision != "none":
        build_onnx(hf, scratch, precision)
    run = job.folder.name
    # What a stopped run leaves and what it ends with are two models.
    id_ = run if step >= job.recipe["max_steps"] else f"{run}-step-{step}"
    card = {"id": id_, "name": f"{job.recipe.get('name') or job.recipe['method']}, step {step}"}
    if job.family:
        card["prompts"] = job.family
    card |= {"trainable": "hf", "base": job.model, "run": run}
    (scratch / "errata.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    target = job.folder / "model"
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    return precision != "none"


def build_onnx(hf: Path, folder: Path, precision: str) -> None:
    """onnxruntime-genai's model builder, in a process of its own, then the base's tokenizer files over its own."""
    provider, cache = PROVIDER[precision], folder / "cache"
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", hf, "-o", folder]
    command += ["-p", precision, "-e", provider, "-c", cache]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr, sep="\n", flush=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise TrainerError(
            f"The ONNX export failed: {last}.",
            "The checkpoint is kept; see log.txt, or set export to none and resume.",
        )
    shutil.rmtree(cache, ignore_errors=True)
    copy_tokenizer(hf, folder)
