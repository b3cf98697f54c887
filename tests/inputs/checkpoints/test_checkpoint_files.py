"""Files of a checkpoint: one or several with an index, hostile ones, and what lies beside them."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from support.checkpoints.families import llama, mixtral
from support.checkpoints.writing import write_checkpoint, write_json, write_safetensors

Spoil = Callable[[Path], object]
INDEX = "model.safetensors.index.json"


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A llama in two files."""
    tiny = llama()
    return write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config, dtype="BF16", n_files=2)


@pytest.mark.parametrize("name", ["", INDEX, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
def test_any_file_of_a_checkpoint_opens_all_of_it(name: str, sharded: Path) -> None:
    with gs.open(sharded / name) as model:
        assert len(model.files) == 2
        assert "blk.1.ffn_up.weight" in model.tensors
        assert "output.weight" in model.tensors


def test_a_file_of_its_own_may_lie_beside_a_checkpoint(sharded: Path) -> None:
    write_safetensors(sharded / "other.safetensors", {"model.norm.weight": (np.ones(4), "F32")})
    with gs.open(sharded / "other.safetensors") as model:
        assert list(model.tensors) == ["output_norm.weight"]


def _index(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(directory: Path) -> None:
        contents = json.loads((directory / INDEX).read_text(encoding="utf-8"))
        change(contents)
        write_json(directory / INDEX, contents)

    return spoil


def _file_of_first(name: object) -> Spoil:
    return _index(lambda index: index["weight_map"].__setitem__("model.norm.weight", name))


def _text(name: str, contents: bytes) -> Spoil:
    return lambda directory: (directory / name).write_bytes(contents)


def _config(**values: object) -> Spoil:
    def spoil(directory: Path) -> None:
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        write_json(directory / "config.json", {**config, **values})

    return spoil


HOSTILE: dict[str, tuple[Spoil, str]] = {
    "shard_missing": (lambda at: (at / "model-00002-of-00002.safetensors").unlink(), "no such file"),
    "index_missing": (lambda at: (at / INDEX).unlink(), f"one of 2 files, and {INDEX} is not beside it"),
    "index_of_nothing": (_index(lambda index: index.clear()), "must name the file of each tensor"),
    "index_a_list": (_text(INDEX, b"[]"), "JSON of another kind"),
    "index_no_json": (_text(INDEX, b"{"), "no JSON, line 1"),
    "index_no_utf_8": (_text(INDEX, b'{"\xff": 1}'), "no UTF-8"),
    "index_nested_without_bound": (_text(INDEX, b'{"a":' + b"[" * 200_000), "nested too deeply"),
    "path_upwards": (_file_of_first("../model.safetensors"), "its file must be a .safetensors file beside the index"),
    "path_absolute": (_file_of_first("/etc/model.safetensors"), "beside the index"),
    "path_of_windows": (_file_of_first("..\\model.safetensors"), "beside the index"),
    "file_of_another_kind": (_file_of_first("model.bin"), "beside the index"),
    "file_a_number": (_file_of_first(1), "beside the index"),
    "name_of_control_characters": (_file_of_first("a\x1b[2J.safetensors"), "beside the index"),
    "tensor_in_another_file": (
        _index(lambda index: index["weight_map"].__setitem__("lm_head.weight", "model-00002-of-00002.safetensors")),
        "should be in",
    ),
    "tensor_in_no_file": (
        _index(lambda index: index["weight_map"].__setitem__("ghost", "model-00001-of-00002.safetensors")),
        "no file has it",
    ),
    "tensor_not_in_the_index": (
        _index(lambda index: index["weight_map"].pop("model.norm.weight")), "is not in the index",
    ),
    "config_too_large": (lambda at: os.truncate(at / "config.json", 1 << 26), "67108864 bytes; the limit is 33554432"),
    "config_no_json": (_text("config.json", b"nonsense"), "config.json: no JSON"),
    "config_a_number": (_text("config.json", b"1"), "config.json: JSON of another kind"),
    "weights_behind_git_lfs": (
        _text("model-00001-of-00002.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:a\n"),
        "not a safetensors file but a Git LFS pointer",
    ),
    "weights_a_web_page": (_text("model-00001-of-00002.safetensors", b"<!doctype html>"), "but a web page"),
    "weights_in_gguf": (_text("model-00001-of-00002.safetensors", b"GGUF\3\0\0\0" + bytes(16)), "but GGUF"),
    "layers_missing": (_config(num_hidden_layers=None), "num_hidden_layers: is missing"),
    "layers_a_text": (_config(num_hidden_layers="two"), "num_hidden_layers: must be a whole number"),
    "layers_of_a_million_million": (_config(num_hidden_layers=10**12), "must be a whole number of at most"),
    "layers_of_a_million": (_config(num_hidden_layers=10**6), "must be at most 100000"),
    "layers_true": (_config(num_hidden_layers=True), "must be a whole number"),
    "heads_0": (_config(num_attention_heads=0), "num_attention_heads: must be a whole number from 1 on"),
    "heads_that_do_not_fit": (_config(num_attention_heads=7), "are no 7 heads of two halves"),
    "epsilon_infinite": (_config(rms_norm_eps=float("inf")), "rms_norm_eps: must be a finite number"),
    "architectures_a_text": (_config(architectures="LlamaForCausalLM"), "architectures: must be a list of texts"),
    "rope_a_list": (_config(rope_scaling={"rope_type": ["llama3"]}), "must be a text"),
    "context_negative": (
        _config(rope_scaling={"type": "yarn", "factor": 4, "original_max_position_embeddings": -5}),
        "rope.scaling.original_context_length: comes to a number outside 0 to",
    ),
    "context_of_1e20": (
        _config(rope_scaling={"type": "yarn", "factor": 4, "original_max_position_embeddings": 1e20}),
        "rope.scaling.original_context_length: comes to a number outside 0 to",
    ),
    "sum_of_counts_beyond_32_bits": (
        _config(
            architectures=["DeepseekV3ForCausalLM"], kv_lora_rank=2**32 - 1, qk_rope_head_dim=8, qk_nope_head_dim=8
        ),
        "attention.key_length: comes to a number outside 0 to",
    ),
    "integer_of_a_thousand_digits": (
        _text("config.json", b'{"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 1' + b"0" * 999 + b"}"),
        "num_hidden_layers: must be a whole number",
    ),
    "tokens_of_four_billion": (_config(vocab_size=4_000_000_000), "vocab_size: must be at most"),
    "tokenizer_a_list": (_text("tokenizer.json", b"[]"), "tokenizer.json: JSON of another kind"),
    "merges_of_numbers": (
        _text("tokenizer.json", b'{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [1]}}'), "model.merges",
    ),
    "numbers_of_tokens_negative": (
        _text("tokenizer.json", b'{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}'), "model.vocab",
    ),
    "pieces_cut": (_text("tokenizer.model", b"\x0a\x80"), "no SentencePiece model"),
    "pieces_of_a_terabyte": (_text("tokenizer.model", b"\x0a\xff\xff\xff\xff\xff\x01abc"), "no SentencePiece model"),
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line(hostile: str, sharded: Path) -> None:
    spoil, said = HOSTILE[hostile]
    spoil(sharded)
    name = "model-00001-of-00002.safetensors" if hostile == "index_missing" else INDEX
    with pytest.raises(gs.GGUFError) as caught:
        gs.open(sharded / name)
    line = str(caught.value)
    assert said in line
    assert line.startswith(str(sharded))
    assert line.isprintable(), line


def test_two_files_with_one_tensor_are_refused(sharded: Path) -> None:
    first, second = (sharded / f"model-0000{n}-of-00002.safetensors" for n in (1, 2))
    for file in (first, second):
        write_safetensors(file, {"model.norm.weight": (np.ones(32), "F32")})
    write_json(sharded / INDEX, {"weight_map": {"model.norm.weight": first.name, "b": second.name}})
    with pytest.raises(gs.GGUFError, match="has a tensor of this name as well"):
        gs.open(sharded)


def test_experts_that_are_missing_are_named(tmp_path: Path) -> None:
    tiny = mixtral()
    del tiny.tensors["model.layers.1.block_sparse_moe.experts.2.w1.weight"]
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config)
    with pytest.raises(gs.GGUFError, match=r"experts\.w1\.weight': expert 2 of 4 is missing"):
        gs.open(directory)


def test_two_numbers_of_one_expert_are_refused(tmp_path: Path) -> None:
    tiny = mixtral()
    first = "model.layers.1.block_sparse_moe.experts.2.w1.weight"
    tiny.tensors[first.replace(".2.", ".02.")] = tiny.tensors[first]
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config)
    with pytest.raises(gs.GGUFError, match=r"\.0?2\.w1\.weight': '.*\.0?2\.w1\.weight' is the same expert"):
        gs.open(directory)


@pytest.mark.parametrize(
    ("architecture", "name", "line"),
    [
        ("GemmaForCausalLM", "model.norm.weight", "tensor 'model.norm.weight': I64 is not converted"),
        ("GPT2LMHeadModel", "h.0.attn.c_attn.weight", "tensor 'h.0.attn.c_attn.weight': I64 is not transposed"),
    ],
)
def test_integers_where_numbers_are_changed_are_refused(
    tmp_path: Path, architecture: str, name: str, line: str
) -> None:
    integers = np.ones((32,) if "norm" in name else (32, 32), np.int64)
    config = {**llama().config, "architectures": [architecture]}
    directory = write_checkpoint(tmp_path / "m", {name: integers}, config, dtype="I64")
    with pytest.raises(gs.GGUFError, match=f"model.safetensors: {line}"):
        gs.open(directory)


def test_an_architecture_without_a_row_keeps_its_names(sharded: Path) -> None:
    _config(architectures=["NeverHeardOfForCausalLM"])(sharded)
    with gs.open(sharded) as model:
        assert model.architecture is None
        assert "model.norm.weight" in model.tensors


@pytest.mark.parametrize("name", ["absent.safetensors", "absent.safetensors.index.json"])
def test_a_file_that_is_not_there_is_an_error_of_the_system(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        gs.open(tmp_path / name)
