"""From the trained model to the folders that the extension and the trainer read."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from transformers import Qwen2ForCausalLM

from demo.tokenizer import save_tokenizer

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
CARD = {"id": "demo-base", "name": "Demo base (0.2 M)", "prompts": "demo", "trainable": "hf"}


def save_trainable(model: Qwen2ForCausalLM, folder: Path) -> None:
    """The Hugging Face folder that a run starts from."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # written readable by its owner alone
    save_tokenizer(folder)


def export_onnx(trainable: Path, folder: Path) -> None:
    """An fp32 CPU export by onnxruntime-genai's builder, with our tokenizer files put back.

    The builder saves the tokenizer again through AutoTokenizer; whatever class that picks,
    the files beside the weights are the ones we wrote.
    """
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / "onnx"
        subprocess.run(
            [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(trainable),
             "-o", str(built), "-p", "fp32", "-e", "cpu", "-c", str(Path(scratch) / "cache")],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("genai_config.json", "model.onnx", "model.onnx.data"):
            if (built / name).exists():
                shutil.copyfile(built / name, folder / name)
    for name in TOKENIZER_FILES:
        shutil.copyfile(trainable / name, folder / name)
    (folder / "errata.json").write_text(json.dumps(CARD, indent=2) + "\n")
