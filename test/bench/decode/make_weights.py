"""Makes the weights that `npm run bench:decode` measures with, in every layout that a peer needs, once.

    python make_weights.py CACHE DEMO_MODEL NAME…      NAME: embedded, 0.4B-fp32, 0.4B-int4, 0.4B-int4-128

CACHE/weights/NAME/ then holds `genai/` (onnxruntime-genai's layout: Errata and onnxruntime-genai read it), `hub/`
(the same graph and the same data file in the hub's layout, for transformers.js) and, but for block 128, `model.gguf`
(for node-llama-cpp; F32, or Q4_0 rounded from the same fp32 weights, all matrices, the output layer included).

The 0.4 B model has the shape of Qwen2-0.5B with a vocabulary of 32,000 words, random weights and a word for a token,
so that the benchmark writes any prompt it likes as text. No model ends by itself: the list of end tokens is empty.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = 1
SEED = 20
VOCABULARY = 32_000
"""Precision and options of the builder, and the type of the GGUF file."""
PRECISIONS = {
    "fp32": ("fp32", [], "F32"),
    "int4": ("int4", ["block_size=32", "accuracy_level=4"], "Q4_0"),
    "int4-128": ("int4", ["block_size=128", "accuracy_level=4"], None),
}


def trainable(folder: Path) -> Path:
    """The 0.4 B model as a transformers folder: 24 layers, 386 million parameters, fp32."""
    if (folder / "config.json").exists():
        return folder
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=896,
        intermediate_size=4864,
        num_hidden_layers=24,
        num_attention_heads=14,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=1,
        pad_token_id=0,
    )
    torch.manual_seed(SEED)
    model = Qwen2ForCausalLM(config).eval()
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    words = {"<pad>": 0, "<eos>": 1, **{f"w{i}": i for i in range(2, VOCABULARY)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<pad>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    fast.save_pretrained(partial)
    partial.rename(folder)
    return folder


def export(source: Path, target: Path, precision: str, options: list[str]) -> None:
    """The model through onnxruntime-genai's own builder, for the CPU."""
    command = [
        sys.executable,
        "-m",
        "onnxruntime_genai.models.builder",
        "-i",
        str(source),
        "-o",
        str(target),
    ]
    command += ["-p", precision, "-e", "cpu", "-c", str(target.parent / "builder")]
    if options:
        command += ["--extra_options", *options]
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(f"The model builder failed:\n{done.stdout[-3000:]}")
    shutil.rmtree(target.parent / "builder", ignore_errors=True)


def endless(folder: Path) -> None:
    """No end tokens, so that every row gets the length that is forced on it."""
    file = folder / "genai_config.json"
    config = json.loads(file.read_text())
    config["model"]["eos_token_id"] = []
    file.write_text(json.dumps(config, indent=2))


def hub(genai: Path, trained: Path, target: Path) -> None:
    """The hub's layout, its data file a hard link. transformers.js reads an empty cache's sizes from the graph."""
    import onnx

    (target / "onnx").mkdir(parents=True)
    for name in ["config.json", "generation_config.json"]:
        shutil.copy(trained / name, target / name)
    os.link(genai / "model.onnx.data", target / "onnx" / "model.onnx.data")
    model = onnx.load(str(genai / "model.onnx"), load_external_data=False)
    decoder = json.loads((genai / "genai_config.json").read_text())["model"]["decoder"]
    for value in model.graph.input:
        if value.name.startswith("past_key_values."):
            dims = value.type.tensor_type.shape.dim
            dims[1].dim_value, dims[3].dim_value = (
                decoder["num_key_value_heads"],
                decoder["head_size"],
            )
    onnx.save(model, str(target / "onnx" / "model.onnx"))


def gguf_file(trained: Path, file: Path, kind: str) -> None:
    """The weights for llama.cpp. Matrices of `kind`, everything else F32."""
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    config = json.loads((trained / "config.json").read_text())
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    writer = gguf.GGUFWriter(str(file), "qwen2")
    writer.add_name("bench")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(layers)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    # Prompts are given as token ids; the vocabulary is there because llama.cpp wants one.
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    size = config["vocab_size"]
    writer.add_token_list([f"t{i}".encode() for i in range(size)])
    writer.add_token_types([gguf.TokenType.NORMAL] * size)
    writer.add_token_merges(["t 1"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, layers)
    quantized = gguf.GGMLQuantizationType[kind]
    for name, array in load_file(str(trained / "model.safetensors")).items():
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if target is None:
            sys.exit(f"GGUF has no name for {name}")
        array = array.astype(np.float32)
        if array.ndim == 2 and quantized != gguf.GGMLQuantizationType.F32:
            writer.add_tensor(
                target, gguf.quants.quantize(array, quantized), raw_dtype=quantized
            )
        else:
            writer.add_tensor(target, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def info(trained: Path, genai: Path) -> dict:
    """What the report computes limits from: `parameters` are those that every token is multiplied with."""
    from safetensors import safe_open

    config = json.loads((trained / "config.json").read_text())
    parameters = 0
    with safe_open(str(trained / "model.safetensors"), "np") as file:
        names = file.keys()
        for name in names:
            shape = file.get_slice(name).get_shape()
            looked_up = "embed_tokens" in name and not config["tie_word_embeddings"]
            if len(shape) == 2 and not looked_up:
                parameters += shape[0] * shape[1]
    head = config["hidden_size"] // config["num_attention_heads"]
    position = (
        2 * 4 * config["num_hidden_layers"] * config["num_key_value_heads"] * head
    )
    size = sum(file.stat().st_size for file in genai.glob("model.onnx*"))
    return {
        "version": VERSION,
        "parameters": parameters,
        "bytes": size,
        "cacheBytesPerPosition": position,
    }


def make(cache: Path, demo: Path, name: str) -> None:
    target = cache / "weights" / name
    stamp = target / "info.json"
    if stamp.exists() and json.loads(stamp.read_text())["version"] == VERSION:
        return
    print(f"Making the weights {name} …", file=sys.stderr, flush=True)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    genai = target / "genai"
    if name == "embedded":
        trained, kind = demo / "hf", "F32"
        shutil.copytree(demo, genai, ignore=shutil.ignore_patterns("hf", "errata.json"))
    else:
        precision, options, kind = PRECISIONS[name.removeprefix("0.4B-")]
        trained = trainable(cache / "weights" / "0.4B")
        export(trained, genai, precision, options)
        # The builder writes the tokenizer of the model's class, with a token more than the model has.
        for file in ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]:
            shutil.copy(trained / file, genai / file)
    endless(genai)
    hub(genai, trained, target / "hub")
    if kind:
        gguf_file(trained, target / "model.gguf", kind)
    stamp.write_text(json.dumps(info(trained, genai)))


if __name__ == "__main__":
    cache, demo, *names = sys.argv[1:]
    sys.path.insert(0, str(Path(cache) / "packages" / "python"))
    for name in names:
        make(Path(cache), Path(demo), name)
