"""Tokenizers of checkpoints: metadata as the converter writes it, tokens as the library gives them."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

import ggufscope as gs
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from support.checkpoints.families import Tiny, llama, qwen3
from support.checkpoints.reversing import pieces
from support.checkpoints.writing import write_checkpoint

TEXTS = ("Once upon a time", "  two spaces, 3.14 and 1923!\n\n", "naïve 東京 \t<|end|>", "user words", "<|end|>")
CORPUS = ["once upon a time there was a user of words", "the naïve mayor of 東京 in 1923, and 3.14 bridges"] * 8
SPECIAL = ("<|begin|>", "<|end|>")
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
WORDS = pre_tokenizers.ByteLevel(add_prefix_space=False)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def split(expression: str) -> Any:
    """Words by an expression, as bytes."""
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(expression), "isolated"), BYTES])


CUTS: dict[str, tuple[Any, str | None]] = {
    "gpt-2": (WORDS, "gpt-2"),
    "smollm": (pre_tokenizers.Sequence([pre_tokenizers.Digits(True), WORDS]), "smollm"),
    "llama-bpe": (split(LLAMA_3), "llama-bpe"),
    "qwen2": (split(LLAMA_3.replace("{1,3}", "")), "qwen2"),
    "nobody's": (split(r"\w+|\W"), None),
}


def byte_pairs(cut: Any) -> Tokenizer:
    """A tokenizer of byte pairs with two special tokens and one that its users added."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens(["user words"])
    return tokenizer


def written(directory: Path, tiny: Tiny, n_tokens: int, **beside: Any) -> Path:
    """A checkpoint whose embedding has so many rows."""
    rows = np.zeros((n_tokens, 32), np.float32)
    tensors = tiny.tensors | {"model.embed_tokens.weight": rows}
    tensors.pop("lm_head.weight", None)
    files = {name.replace("_json", ".json").replace("_model", ".model"): value for name, value in beside.items()}
    return write_checkpoint(directory, tensors, tiny.config | {"vocab_size": n_tokens}, beside=files)


@pytest.mark.parametrize("name", CUTS)
def test_text_becomes_the_tokens_of_the_library(name: str, tmp_path: Path) -> None:
    cut, pre = CUTS[name]
    library = byte_pairs(cut)
    n_tokens = library.get_vocab_size() + 3
    config = {
        "bos_token": "<|begin|>",
        "eos_token": {"content": "<|end|>"},
        "add_bos_token": True,
        "chat_template": "{{x}}",
    }
    contents = json.loads(library.to_str())
    directory = written(tmp_path / "m", qwen3(), n_tokens, tokenizer_json=contents, tokenizer_config_json=config)
    with gs.open(directory) as model:
        keys = {key.removeprefix("tokenizer.ggml."): value for key, value in model.metadata.items()}
        assert keys["model"] == "gpt2"
        assert keys.get("pre") == pre
        assert keys["tokens"][: n_tokens - 3] == [library.id_to_token(n) for n in range(n_tokens - 3)]
        assert keys["tokens"][-3:] == [f"[PAD{n}]" for n in range(n_tokens - 3, n_tokens)]
        assert keys["token_type"].tolist() == [3, 3] + [1] * (n_tokens - 6) + [4, 5, 5, 5]
        assert (keys["bos_token_id"], keys["eos_token_id"], keys["add_bos_token"]) == (0, 1, True)
        assert keys["tokenizer.chat_template"] == "{{x}}"
        tokenizer = read_tokenizer(model)
        library.encode_special_tokens = True
        for text in TEXTS:
            assert tokenizer.encode(text) == [0, *library.encode(text, add_special_tokens=False).ids], text
            assert tokenizer.decode(tokenizer.encode(text, add_special=False)) == text
        assert tokenizer.encode("a<|end|>", parse_special=True)[-1] == 1


def test_characters_with_bytes_for_others_are_pieces_of_llama(tmp_path: Path) -> None:
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    learned = ["<unk>", "<s>", "</s>", *bytes_, "▁", "a", "b", "▁a", "ab", "▁ab"]
    merges = [("▁", "a"), ("a", "b"), ("▁a", "b")]
    numbers = {text: number for number, text in enumerate(learned)}
    library = Tokenizer(models.BPE(vocab=numbers, merges=merges, byte_fallback=True))
    library.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    library.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    library.add_special_tokens(["<unk>", "<s>", "</s>"])
    contents = json.loads(library.to_str())
    flags = {"add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "</s>"}
    directory = written(tmp_path / "m", llama(), len(learned), tokenizer_json=contents, tokenizer_config_json=flags)
    with gs.open(directory) as model:
        assert model.metadata["tokenizer.ggml.model"] == "llama"
        kinds = model.metadata["tokenizer.ggml.token_type"].tolist()
        assert kinds == [3, 3, 3, *[6] * 256, *[1] * 6]
        tokenizer = read_tokenizer(model)
        for text in ("ab a", "b c", "é"):
            assert tokenizer.encode(text) == [1, *library.encode(text, add_special_tokens=False).ids], text


def test_pieces_of_a_sentencepiece_file(tmp_path: Path) -> None:
    texts = ["<unk>", "<s>", "</s>", "▁a", "mine", "<0x41>", "odd", "▁ab"]
    scores, kinds = [0.0, 0.0, 0.0, -1.5, 0.0, 0.0, -2.5, -3.25], [2, 3, 3, 1, 4, 6, 5, 1]
    config = {
        "added_tokens_decoder": {
            "8": {"content": "<|extra|>", "special": False},
            "9": {"content": "▁plain", "special": False},
            "10": {"content": "<x>", "special": True},
            "99": {"content": "beyond"},
        }
    }
    directory = written(
        tmp_path / "m", llama(), 12, tokenizer_model=pieces(texts, scores, kinds), tokenizer_config_json=config
    )
    with gs.open(directory) as model:
        keys = {key.removeprefix("tokenizer.ggml."): value for key, value in model.metadata.items()}
    assert (keys["model"], keys["pre"]) == ("llama", "default")
    assert keys["tokens"] == [*texts, "<|extra|>", " plain", "<x>", "[PAD11]"]
    assert keys["scores"].tolist() == [*scores, -1000, -1000, -1000, -10000]
    assert keys["token_type"].tolist() == [2, 3, 3, 1, 1, 6, 5, 1, 3, 4, 3, 5]


def test_pieces_in_forms_that_the_library_does_not_write(tmp_path: Path) -> None:
    score, long = b"\x15" + struct.pack("<f", -1.5), "a" * 200
    forms = [
        b"\x18\x03\x0a\x01s" + score,  # the kind first
        b"\x0a\x01x",  # no score
        b"\x0a\xc8\x01" + long.encode() + score,
        b"\x0a\x01y" + score + b"\x22\x03???",  # a field that nobody knows
        b"",
    ]
    contents = b"".join(b"\x0a" + (bytes([len(form)]) if len(form) < 128 else b"\xd0\x01") + form for form in forms)
    trained = b"\x12\x02\x08\x01"  # how it was trained
    directory = written(tmp_path / "m", llama(), 5, tokenizer_model=trained + contents)
    with gs.open(directory) as model:
        keys = {key.removeprefix("tokenizer.ggml."): value for key, value in model.metadata.items()}
    assert keys["tokens"] == ["s", "x", long, "y", ""]
    assert keys["scores"].tolist() == [-1.5, 0, -1.5, -1.5, 0]
    assert keys["token_type"].tolist() == [3, 1, 1, 1, 1]


def test_a_tokenizer_of_another_kind_is_left_out(tmp_path: Path) -> None:
    contents = {"model": {"type": "Unigram", "vocab": [["a", 0.0]]}}
    with gs.open(written(tmp_path / "m", llama(), 64, tokenizer_json=contents)) as model:
        assert not [key for key in model.metadata if key.startswith("tokenizer.ggml.")]
        with pytest.raises(gs.GGUFError, match="the file has no tokenizer"):
            read_tokenizer(model)


def test_templates_with_names(tmp_path: Path) -> None:
    library = byte_pairs(CUTS["gpt-2"][0])
    template = [{"name": "default", "template": "d"}, {"name": "tool use", "template": "t"}]
    directory = written(
        tmp_path / "m",
        qwen3(),
        library.get_vocab_size(),
        tokenizer_json=json.loads(library.to_str()),
        tokenizer_config_json={"chat_template": template},
    )
    with gs.open(directory) as model:
        assert model.metadata["tokenizer.chat_template"] == "d"
        assert model.metadata["tokenizer.chat_template.tool_use"] == "t"
        assert model.metadata["tokenizer.chat_templates"] == ["tool_use"]
