r"""A tokenizer for the task's language in which a number of 0..99 is one token.

Three readers must agree on it: transformers, @huggingface/tokenizers and onnxruntime-genai.
The last cannot read WordLevel, so this is byte-level BPE without merges: every token of more
than one character is a non-special AddedToken that also stands in the vocabulary, stored
raw (a lone space and newline as `Ġ` and `Ċ`, as byte-level BPE writes them).
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from demo.task import KINDS, MAX_NUMBER

PAD, EOS, UNK, QUESTION, ANSWER = "<pad>", "<eos>", "<unk>", "<q>", "<a>"
REFLECT, VERIFY, LOOK_AGAIN = "<r>", "<v>", "<l>"
SPECIAL = (PAD, EOS, UNK, QUESTION, ANSWER, REFLECT, VERIFY, LOOK_AGAIN)
SINGLE = ("Ġ", "Ċ", "$", "x", "+", "-", "=", "(", ")", "{", "}", ",", ".", ":", "/")
PHRASES = (
    "Solve for $x$: ", r"\boxed{", r"\frac{", "}{",
    "Analysis: ", "Line ", " error: should be ", "No error found.", "Corrected Solution:",
    " right.", " wrong.", "Verdict: ", "right", "wrong",
)  # fmt: skip
ERROR_KINDS = (*KINDS, "arithmetic")  # arithmetic: a slip that no misconception explains
NUMBERS = tuple(str(n) for n in range(MAX_NUMBER + 1))
VOCABULARY = (*SPECIAL, *SINGLE, *PHRASES, *ERROR_KINDS, *NUMBERS)

# Only the first user message is a question; a later one carries its own token (<r>, <v>, <l>),
# after which the model answers at once. System messages mean nothing to this model.
CHAT_TEMPLATE = (
    "{%- set turn = namespace(first=true) -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' and turn.first -%}{{ '<q>' + message['content'] }}"
    "{%- elif message['role'] == 'user' -%}{{ message['content'] }}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{%- if turn.first -%}{{ '<a>' }}{%- endif -%}"
    "{%- set turn.first = false -%}"
    "{{ message['content'] + '<eos>' }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt and turn.first -%}{{ '<a>' }}{%- endif -%}"
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer from its list of tokens; nothing is learnt."""
    vocabulary = {token: i for i, token in enumerate(VOCABULARY)}
    assert len(vocabulary) == len(VOCABULARY)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    # Added in the vocabulary's order, so that ids stay as they are.
    for token in VOCABULARY:
        special = token in SPECIAL
        if special or len(token) > 1:
            tokenizer.add_tokens([AddedToken(token, special=special, normalized=False)])
    assert tokenizer.get_vocab_size() == len(VOCABULARY)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNK,
        additional_special_tokens=[QUESTION, ANSWER, REFLECT, VERIFY, LOOK_AGAIN],
        model_max_length=256,
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def save_tokenizer(folder: Path) -> None:
    """Write the files and name the class, or AutoTokenizer picks Qwen2's, which splits digits."""
    build_tokenizer().save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
