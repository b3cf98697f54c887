"""Synthetic models: exact tensors and types, planted trends, metadata, files whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import gguf
import numpy as np
import pytest

import ggufscope
from ggufscope.commands import app as cli
from ggufscope.models.tokens import TokenType
from ggufscope.synth import SHAPES, make_plan, plan, synthesize, trends, type_choices, write_plan
from ggufscope.synth.mixes import fallback_type
from ggufscope.synth.vocabulary import build_vocabulary

if TYPE_CHECKING:
    from ggufscope.synth.shapes import Shape

LLAMA_MORE_BITS = {0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31}


@pytest.fixture(scope="module")
def tiny_f32(tmp_path_factory: pytest.TempPathFactory) -> gguf.GGUFReader:
    path = tmp_path_factory.mktemp("synth") / "tiny.gguf"
    synthesize("tiny", path, "F32")
    return gguf.GGUFReader(path)


def weights_of(reader: gguf.GGUFReader, name: str) -> np.ndarray:
    tensor = next(tensor for tensor in reader.tensors if tensor.name == name)
    return gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float64)


def value_of(reader: gguf.GGUFReader, key: str) -> object:
    return reader.fields[key].contents()


# Shapes and types


@pytest.mark.parametrize(
    ("file_type", "n_bytes", "counts"),
    [
        ("Q4_K_M", 4_912_898_304, {"Q4_K": 193, "Q6_K": 33, "F32": 66}),
        ("Q4_0", 4_653_375_744, {"Q4_0": 225, "Q6_K": 1, "F32": 66}),
        ("Q8_0", 8_532_934_912, {"Q8_0": 226, "F32": 66}),
    ],
)
def test_llama_has_the_tensors_and_bytes_of_the_real_file(file_type: str, n_bytes: int, counts: dict[str, int]) -> None:
    made = make_plan("llama-3.1-8b", file_type)
    assert len(made.tensors) == 292
    assert made.n_parameters == 8_030_261_248 + 64
    assert made.n_bytes == n_bytes
    assert made.type_counts() == counts


def test_llama_q4_k_m_gives_more_bits_to_the_layers_the_quantizer_gives_them() -> None:
    raised = Counter(
        (entry.tensor.role, entry.tensor.layer)
        for entry in make_plan("llama-3.1-8b", "Q4_K_M").tensors
        if entry.type_name == "Q6_K"
    )
    expected = {(role, layer) for role in ("attn_v", "ffn_down") for layer in LLAMA_MORE_BITS}
    assert set(raised) == expected | {("output", None)}


def test_parameters_of_the_other_shapes() -> None:
    assert make_plan("qwen2.5-7b").n_parameters == 7_615_616_512
    assert len(make_plan("qwen2.5-7b").tensors) == 339
    assert make_plan("mixtral-8x7b").n_parameters == 46_702_792_704
    assert make_plan("tiny").n_bytes < 5_000_000


def test_mixtral_has_stacked_experts_and_spares_its_small_tensors() -> None:
    types = {entry.tensor.name: entry for entry in make_plan("mixtral-8x7b", "Q4_K_M").tensors}
    assert types["blk.5.ffn_down_exps.weight"].tensor.dimensions == (8, 4096, 14336)
    assert types["blk.0.ffn_down_exps.weight"].type_name == "Q6_K"
    assert types["blk.5.ffn_gate_exps.weight"].type_name == "Q4_K"
    assert {types[f"blk.5.attn_{role}.weight"].type_name for role in "kv"} == {"Q8_0"}
    assert types["blk.5.attn_output.weight"].type_name == "Q5_K"
    assert types["blk.5.ffn_gate_inp.weight"].type_name == "F32"


@pytest.mark.parametrize(
    ("file_type", "expected"),
    [
        ("Q2_K", {"token_embd": "Q2_K", "output": "Q6_K", "attn_v": "Q4_K", "attn_output": "Q3_K", "ffn_down": "Q3_K"}),
        ("Q3_K_M", {"attn_v": "Q5_K", "attn_output": "Q4_K", "ffn_down": "Q5_K", "ffn_up": "Q3_K"}),
        ("Q4_K_S", {"attn_v": "Q5_K", "ffn_down": "Q5_K", "attn_q": "Q4_K"}),
        ("Q5_K_M", {"attn_v": "Q6_K", "ffn_down": "Q6_K", "attn_k": "Q5_K"}),
        ("IQ2_M", {"token_embd": "IQ3_S", "output": "Q5_K", "attn_v": "Q4_K", "attn_q": "IQ2_S", "ffn_down": "IQ3_S"}),
        ("IQ1_S", {"token_embd": "Q2_K", "attn_output": "IQ2_XXS", "ffn_down": "Q2_K", "ffn_up": "IQ1_S"}),
        ("IQ3_XXS", {"attn_q": "IQ2_S", "attn_output": "IQ3_S", "ffn_down": "Q4_K", "output": "Q5_K"}),
        ("IQ4_XS", {"attn_v": "Q5_K", "ffn_down": "Q5_K", "attn_q": "IQ4_XS", "output": "Q6_K"}),
        ("TQ2_0", {"token_embd": "Q4_K", "output": "Q6_K", "attn_v": "TQ2_0"}),
        ("MXFP4_MOE", {"output": "Q8_0", "attn_v": "Q8_0", "ffn_up": "Q8_0"}),
        ("BF16", {"output": "BF16", "attn_v": "BF16", "attn_norm": "F32"}),
        ("Q4_K", {"output": "Q4_K", "token_embd": "Q4_K", "ffn_down": "Q4_K", "attn_norm": "F32"}),
    ],
)
def test_first_layer_types_follow_the_quantizer(file_type: str, expected: dict[str, str]) -> None:
    entries = make_plan("llama-3.1-8b", file_type).tensors
    found = {entry.tensor.role: entry.type_name for entry in entries if entry.tensor.layer in {None, 0}}
    assert {role: found[role] for role in expected} == expected


def test_experts_alone_get_mxfp4() -> None:
    types = {entry.tensor.role: entry.type_name for entry in make_plan("mixtral-8x7b", "MXFP4_MOE").tensors}
    assert (types["ffn_up"], types["attn_q"], types["output"]) == ("MXFP4", "Q8_0", "Q8_0")


def test_pure_overrides_the_mix() -> None:
    assert set(make_plan("tiny", "Q4_K_M", pure=True).type_counts()) == {"Q4_K", "F32"}


@pytest.mark.parametrize(
    ("wanted", "columns", "given"),
    [
        ("Q4_K", 256, "Q4_K"),
        ("Q4_K", 96, "Q5_0"),
        ("Q5_K", 96, "Q5_1"),
        ("Q6_K", 96, "Q8_0"),
        ("IQ2_XS", 96, "IQ4_NL"),
        ("TQ1_0", 96, "Q4_0"),
        ("Q6_K", 100, "F16"),
        ("Q8_1", 100, "F16"),
        ("NVFP4", 96, "Q4_0"),
        ("Q1_0", 64, "Q4_0"),
        ("BF16", 7, "BF16"),
    ],
)
def test_rows_that_no_block_divides_fall_back(wanted: str, columns: int, given: str) -> None:
    assert fallback_type(wanted, columns) == given


def narrow_tiny(monkeypatch: pytest.MonkeyPatch, feed_forward: int) -> None:
    """Give `tiny` rows of this length in ffn_down."""
    monkeypatch.setitem(plan.SHAPES, "tiny", dataclasses.replace(SHAPES["tiny"], feed_forward=feed_forward))


def test_a_fallback_is_written_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow_tiny(monkeypatch, feed_forward=160)
    assert cli.main(["synth", "tiny", str(tmp_path / "odd.gguf"), "--type", "Q4_K"]) == 0
    assert "8 of them Q5_0 instead of Q4_K, whose blocks do not divide their rows" in capsys.readouterr().out
    reader = gguf.GGUFReader(tmp_path / "odd.gguf")
    downs = {tensor.tensor_type.name for tensor in reader.tensors if "ffn_down" in tensor.name}
    assert downs == {"Q5_0"}
    assert weights_of(reader, "blk.0.ffn_down.weight").shape == (256, 160)


@pytest.mark.parametrize("name", type_choices())
def test_every_type_makes_a_model_that_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    narrow_tiny(monkeypatch, feed_forward=256)
    path = tmp_path / "model.gguf"
    synthesize("tiny", path, name.lower(), layers=1)
    with ggufscope.open(path) as model:
        assert model.synthetic
        for tensor in model.tensors.values():
            assert np.isfinite(tensor.dequantize()).all(), tensor.name


# Vocabulary and metadata


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_vocabulary_is_complete_and_distinct(shape: Shape) -> None:
    vocabulary = build_vocabulary(shape.vocabulary)
    assert len(vocabulary.tokens) == len(set(vocabulary.tokens)) == shape.vocabulary.size
    assert len(vocabulary.types) == shape.vocabulary.size
    kinds = Counter(vocabulary.types)
    if shape.vocabulary.model == "gpt2":
        assert kinds[TokenType.CONTROL] == len(shape.vocabulary.specials)
        assert len(vocabulary.merges) == shape.vocabulary.merges
    else:
        assert (kinds[TokenType.UNKNOWN], kinds[TokenType.CONTROL], kinds[TokenType.BYTE]) == (1, 2, 256)
        assert len(vocabulary.scores) == shape.vocabulary.size
    assert {vocabulary.types[shape.vocabulary.bos], vocabulary.types[shape.vocabulary.eos]} == {TokenType.CONTROL}


def test_merges_make_every_word_from_earlier_tokens() -> None:
    vocabulary = build_vocabulary(SHAPES["llama-3.1-8b"].vocabulary)
    rank = {token: i for i, token in enumerate(vocabulary.tokens)}
    made = set()
    for merge in vocabulary.merges:
        left, right = merge.split(" ")
        assert max(rank[left], rank[right]) < rank[left + right]
        made.add(left + right)
    assert made == set(vocabulary.tokens[256:128000])


def test_metadata_says_what_the_file_is(tiny_f32: gguf.GGUFReader) -> None:
    assert value_of(tiny_f32, "ggufscope.synthetic") is True
    assert "synthetic" in str(value_of(tiny_f32, "general.name"))
    assert "Not a trained model" in str(value_of(tiny_f32, "general.description"))
    assert value_of(tiny_f32, "general.file_type") == 0
    assert value_of(tiny_f32, "llama.attention.head_count_kv") == 2


def test_file_types_are_the_numbers_of_the_gguf_package(tmp_path: Path) -> None:
    for name in ("Q4_K_M", "IQ4_XS", "Q5_K_S", "BF16", "TQ1_0"):
        made = make_plan("tiny", name)
        assert made.mix.file_type == gguf.LlamaFileType[f"MOSTLY_{name}"]
    path = tmp_path / "m.gguf"
    synthesize("tiny", path, "F64", layers=1)
    assert "general.file_type" not in gguf.GGUFReader(path).fields


# Planted trends


def test_value_weights_and_ffn_gains_grow_as_documented(tiny_f32: gguf.GGUFReader) -> None:
    rms = [np.sqrt(np.square(weights_of(tiny_f32, f"blk.{i}.attn_v.weight")).mean()) for i in range(8)]
    gains = [weights_of(tiny_f32, f"blk.{i}.ffn_norm.weight").mean() for i in range(8)]
    depth = np.arange(8) / 7
    np.testing.assert_allclose(rms, trends.WEIGHT_RMS["attn_v"] * (1 + trends.VALUE_GROWTH * depth), rtol=0.04)
    np.testing.assert_allclose(gains, 0.20 + 0.28 * depth, rtol=0.05)
    assert rms == sorted(rms)
    assert gains == sorted(gains)


@pytest.mark.parametrize("role", ["attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_up", "ffn_down"])
def test_everything_else_is_flat(tiny_f32: gguf.GGUFReader, role: str) -> None:
    for layer in range(8):
        weights = weights_of(tiny_f32, f"blk.{layer}.{role}.weight")
        assert np.sqrt(np.square(weights).mean()) == pytest.approx(trends.WEIGHT_RMS[role], rel=0.05)
        assert abs(weights.mean()) < 0.05 * trends.WEIGHT_RMS[role]


def test_another_type_of_the_same_seed_is_the_same_model_quantized(tmp_path: Path, tiny_f32: gguf.GGUFReader) -> None:
    synthesize("tiny", tmp_path / "q.gguf", "Q4_K_M")
    quantized = gguf.GGUFReader(tmp_path / "q.gguf")
    for tensor in tiny_f32.tensors:
        expected, found = weights_of(tiny_f32, tensor.name).ravel(), weights_of(quantized, tensor.name).ravel()
        assert np.square(found - expected).mean() < 0.01 * np.square(expected).mean(), tensor.name


def test_rope_factors_are_those_of_llama_3_1() -> None:
    factors = trends.rope_factors(128, 500000.0)
    assert factors.shape == (64,)
    assert (factors[0], factors[-1]) == (1, 8)
    assert (np.diff(factors) >= 0).all()
    assert ((factors > 1) & (factors < 8)).sum() == 7 - 1


# Files


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        synthesize("tiny", tmp_path / name, seed=seed, layers=2)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_shards_hold_the_tensors_of_the_whole(tmp_path: Path) -> None:
    synthesize("tiny", tmp_path / "whole.gguf", seed=1)
    files = synthesize("tiny", tmp_path / "cut.gguf", seed=1, shards=3)
    assert [file.name for file in files] == [f"cut-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) < 1.3 * min(sizes)
    with ggufscope.open(tmp_path / "whole.gguf") as whole, ggufscope.open(files[1]) as cut:
        assert list(cut.tensors) == list(whole.tensors)
        for name, tensor in whole.tensors.items():
            assert cut.tensors[name].type == tensor.type
            np.testing.assert_array_equal(cut.tensors[name].data, tensor.data)


def test_every_tensor_may_have_a_shard_of_its_own(tmp_path: Path) -> None:
    files = synthesize("tiny", tmp_path / "m.gguf", layers=1, shards=12)
    with ggufscope.open(files[0]) as model:
        assert len(model.tensors) == 12
    with pytest.raises(ValueError, match="shards must be from 1 to 12"):
        synthesize("tiny", tmp_path / "m.gguf", layers=1, shards=13)


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    made = make_plan("tiny", "F32")
    write_plan(made, tmp_path / "m.gguf", progress=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls)
    assert calls[-1] == (made.n_bytes, made.n_bytes)


def test_a_cancelled_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"old")

    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize("tiny", path, shards=1, force=True, progress=cancel)
    with pytest.raises(KeyboardInterrupt):
        synthesize("tiny", path, shards=3, progress=cancel)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"m.gguf": b"old"}


def test_too_little_space_is_found_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1 << 40, used=0, free=1 << 30))
    assert cli.main(["synth", "llama-3.1-8b", str(tmp_path / "m.gguf")]) == 4
    assert "not enough space: 4.94 GB needed, 1.07 GB free" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_with_code_4(capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    assert cli.main(["synth", "tiny", "/dev/full"]) == 4
    assert "/dev/full: No space left on device" in capsys.readouterr().err


# Command line


def test_json_describes_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.gguf"
    assert cli.main(["synth", "TINY", str(path), "--type", "q8_0", "--layers", "2", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["synthetic"] is True
    assert written["files"] == [str(path)]
    with ggufscope.open(path) as model:
        assert written["n_parameters"] == model.n_parameters
        assert written["n_tensors"] == len(model.tensors)
        assert written["n_bytes"] == model.n_bytes
        assert len(model.layers) == 2


def test_the_summary_says_synthetic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["synth", "tiny", str(tmp_path / "m.gguf")]) == 0
    out = capsys.readouterr().out
    assert "6.30 M parameters" in out
    assert "SYNTHETIC: random weights made by ggufscope synth, not a trained model" in out
