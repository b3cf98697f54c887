"""Factors beside matrices: which tensors they are, and profiles of the weights that they are part of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.analysis import analyze
from ggufscope.commands.app import main
from ggufscope.models.factors import expert_factors, scales_inputs
from ggufscope.report.content.health_lines import health_lines
from support import reference_formats

WriteGguf = Callable[..., Path]
SHAPES = {
    **dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (64, 64)),
    **dict.fromkeys(("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"), (4, 64, 64)),
}
LAYERS = 6


def nvfp4(*shape: int, seed: int) -> npt.NDArray[np.uint8]:
    """Random blocks, whose scale bytes are near 1."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (int(np.prod(shape)) // 64, 36), np.uint8)
    blocks[:, :4] = rng.integers(0x30, 0x40, (len(blocks), 4))
    return blocks.reshape(*shape[:-1], -1)


def factors_of(role: str, layer: int) -> npt.NDArray[np.float32]:
    one = 1e-3 * (1 + layer)
    return np.array([one * (1 + expert) for expert in range(4)] if "exps" in role else [one], np.float32)


def decoded(tensors: dict[str, Any], name: str) -> npt.NDArray[np.float32]:
    blocks = tensors[name][0]
    return reference_formats.dequantize(blocks.reshape(-1, 36), "NVFP4").reshape(*blocks.shape[:-1], -1)


def mixture(form: str) -> dict[str, Any]:
    """The tensors of a mixture of NVFP4 matrices whose factors grow six times over the layers."""
    rng = np.random.default_rng(9)
    tensors: dict[str, Any] = {"token_embd.weight": rng.standard_normal((64, 64)).astype(np.float32)}
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{layer}.{norm}.weight"] = np.ones(64, np.float32)
        for number, (role, shape) in enumerate(SHAPES.items()):
            tensors[f"blk.{layer}.{role}.weight"] = (nvfp4(*shape, seed=10 * layer + number), "NVFP4")
            tensors[f"blk.{layer}.{role}.{form}"] = factors_of(role, layer)
    return tensors


def metadata() -> dict[str, Any]:
    counts = {"block_count": LAYERS, "embedding_length": 64, "expert_count": 4, "expert_used_count": 2}
    counts |= {"attention.head_count": 2, "attention.head_count_kv": 2, "context_length": 64}
    return {f"qwen3moe.{key}": value for key, value in counts.items()}


def write(write_gguf: WriteGguf, tensors: dict[str, Any], name: str = "m.gguf") -> Path:
    return write_gguf(tensors, metadata(), name=name, architecture="qwen3moe")


@pytest.mark.parametrize("form", ["scale", "weight.scale"])
def test_a_profile_is_of_decoded_numbers_times_factors(write_gguf: WriteGguf, form: str, isa: str) -> None:
    tensors = mixture(form)
    profile = gs.profile(write(write_gguf, tensors), threads=2, isa=isa)
    squares: dict[str, float] = dict.fromkeys(SHAPES, 0.0)
    for layer in range(LAYERS):
        for role, shape in SHAPES.items():
            factors = factors_of(role, layer)
            name = f"blk.{layer}.{role}.weight"
            weights = decoded(tensors, name) * factors.reshape(-1, *[1] * (len(shape) - 1))
            row = profile.tensors[name]
            wide = weights.astype(np.float64)
            assert row.rms == pytest.approx(np.sqrt(np.square(wide).mean()), rel=1e-9)
            assert (row.min, row.max) == (weights.min(), weights.max())
            assert row.factor == tuple(factors.tolist())
            np.testing.assert_allclose(row.column_l2, np.sqrt(np.square(wide).reshape(-1, 64).sum(axis=0)), rtol=1e-6)
            squares[role] += np.square(wide).sum()
    for role, total in squares.items():
        assert profile.roles[role].l2_norm == pytest.approx(np.sqrt(total), rel=1e-9)
    for expert in range(4):
        of_expert = [
            np.square(decoded(tensors, f"blk.{i}.ffn_up_exps.weight")[expert] * factors_of("exps", i)[expert]).sum(
                dtype=np.float64
            )
            for i in range(LAYERS)
        ]
        norm = profile.experts["ffn_up_exps", expert].l2_norm
        assert norm == pytest.approx(np.sqrt(sum(of_expert)), rel=1e-6)
    heads = (decoded(tensors, "blk.5.attn_q.weight") * factors_of("attn_q", 5)).astype(np.float64)
    expected = np.sqrt(np.square(heads.reshape(2, -1)).sum(axis=1))
    np.testing.assert_allclose(profile.heads["attn_q"].l2_norm[5], expected, rtol=1e-9)


def test_factors_are_in_no_roll_up_and_come_back(write_gguf: WriteGguf, tmp_path: Path) -> None:
    profile = gs.profile(write(write_gguf, mixture("scale")), keep_vectors=False)
    assert profile.tensors["blk.0.attn_q.scale"].kind == "factor"
    assert not [role for role in profile.roles if role.endswith("scale")]
    assert profile.coverage == 1
    assert profile.total.n_elements == profile.model.n_elements - LAYERS * (4 + 3 * 4)
    path = tmp_path / "profile.json"
    profile.save(path)
    assert gs.Profile.load(path) == profile.as_saved()


def test_stored_is_of_the_blocks(write_gguf: WriteGguf) -> None:
    tensors = mixture("scale")
    path = write(write_gguf, tensors)
    bare = write(write_gguf, {name: data for name, data in tensors.items() if "scale" not in name}, "bare.gguf")
    stored, plain = gs.profile(path, stored=True), gs.profile(bare)
    assert stored.settings.stored
    assert stored.total == plain.total
    assert stored.layers == plain.layers
    for name, row in plain.tensors.items():
        assert stored.tensors[name] == row


def test_statistics_of_a_tensor_are_those_of_the_profile(write_gguf: WriteGguf) -> None:
    path = write(write_gguf, mixture("scale"))
    profile = gs.profile(path)
    with gs.open(path) as model:
        for name in ("blk.3.attn_v.weight", "blk.3.ffn_down_exps.weight"):
            tensor = model.tensors[name]
            assert tensor.factor is not None
            assert dict(tensor.statistics())["rms"] == profile.tensors[name].rms
            assert tensor.statistics(stored=True).rms == pytest.approx(
                np.sqrt(np.square(tensor.dequantize().astype(np.float64)).mean()), rel=1e-9
            )
            np.testing.assert_array_equal(expert_factors(tensor), tensor.factor.values())


def test_an_analysis_multiplies_once(write_gguf: WriteGguf) -> None:
    """From a file, from its profile, and from one of the blocks as stored, where experts share a factor."""
    tensors = mixture("scale")
    for name in tensors:
        if name.endswith("_exps.scale"):
            tensors[name] = np.full(4, tensors[name][0], np.float32)
    path = write(write_gguf, tensors)
    of_file = analyze(path).document
    of_profile = analyze(gs.profile(path)).document
    of_stored = analyze(gs.profile(path, stored=True)).document
    growth = [layer.scores["value_output"] for layer in of_file.preset.layers]
    assert growth[5] / growth[0] == pytest.approx(6, rel=0.1)
    for other in (of_profile, of_stored):
        for layer, expected in zip(other.preset.layers, of_file.preset.layers, strict=True):
            assert layer.scores["value_output"] == pytest.approx(expected.scores["value_output"], rel=1e-6)


def test_which_tensors_are_factors(write_gguf: WriteGguf) -> None:
    """One number, or one for each expert; anything else of that name is something else, as Gemma 4's router gain."""
    matrix, one = np.ones((4, 64), np.float32), np.ones(1, np.float32)
    tensors = {
        "blk.0.attn_q.weight": matrix,
        "blk.0.attn_q.scale": 2 * one,
        "blk.0.attn_q.weight.scale": 3 * one,
        "blk.0.attn_q.input_scale": 4 * one,
        "blk.0.ffn_gate_inp.weight": matrix,
        "blk.0.ffn_gate_inp.scale": np.ones(64, np.float32),
        "blk.0.ffn_down_exps.weight": np.ones((3, 4, 64), np.float32),
        "blk.0.ffn_down_exps.scale": np.array([1, 2, 3], np.float32),
        "blk.0.ffn_gate.0.weight": matrix,
        "blk.0.ffn_gate.1.weight": matrix,
        "blk.0.ffn_gate_exps.scale": np.array([5, 6], np.float32),
        "blk.0.attn_norm.weight": np.ones(64, np.float32),
        "blk.0.attn_norm.scale": one,
        "blk.0.ffn_up.scale": one,
    }
    with gs.open(write_gguf(tensors)) as model:
        factors = {name: tensor.factor.values().tolist() for name, tensor in model.tensors.items() if tensor.factor}
        kinds = {name: tensor.kind for name, tensor in model.tensors.items() if name.endswith("scale")}
        inputs = [name for name, tensor in model.tensors.items() if scales_inputs(tensor)]
    assert factors == {
        "blk.0.attn_q.weight": [2],
        "blk.0.ffn_down_exps.weight": [1, 2, 3],
        "blk.0.ffn_gate.0.weight": [5],
        "blk.0.ffn_gate.1.weight": [6],
    }
    assert kinds == {
        "blk.0.attn_q.scale": "factor",
        "blk.0.attn_q.weight.scale": "vector",
        "blk.0.attn_q.input_scale": "factor",
        "blk.0.ffn_gate_inp.scale": "vector",
        "blk.0.ffn_down_exps.scale": "factor",
        "blk.0.ffn_gate_exps.scale": "factor",
        "blk.0.attn_norm.scale": "vector",
        "blk.0.ffn_up.scale": "vector",
    }
    assert inputs == ["blk.0.attn_q.input_scale"]


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf"), 1.0])
def test_factors_that_leave_nothing_are_told(write_gguf: WriteGguf, value: float, tmp_path: Path) -> None:
    weights = np.full((8, 64), 0.5, np.float32)
    tensors = {"blk.0.attn_q.weight": weights, "blk.0.attn_q.scale": np.array([value], np.float32)}
    profile = gs.profile(write_gguf(tensors))
    row = profile.tensors["blk.0.attn_q.weight"]
    assert row.factor == (value if np.isfinite(value) else None,)
    assert row.nan_count == (weights.size if np.isnan(value) else 0)
    assert row.inf_count == (weights.size if np.isinf(value) else 0)
    assert row.rms == (0.5 * value if np.isfinite(value) else None)
    profile.save(tmp_path / "profile.json")
    assert gs.Profile.load(tmp_path / "profile.json").tensors["blk.0.attn_q.weight"].factor == row.factor


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: object) -> str:
        assert main(list(map(str, arguments))) == 0
        return capsys.readouterr().out

    return run


def test_the_terminal_says_so(write_gguf: WriteGguf, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    path = write(write_gguf, mixture("scale"))
    out = run("profile", path)
    assert "decoded numbers times the factors from 0.001 to 0.024 beside 42 tensors" in out
    assert "attn_q.scale " not in out
    out = run("profile", path, "--tensors", "blk.0.attn_q.weight")
    assert out.splitlines()[-2].split()[-2:] == ["factor_min", "factor_max"]
    assert float(out.split()[-1]) == pytest.approx(0.001)
    assert "as stored, without the factors in 42 tensors" in run("profile", path, "--stored")
    out = run("profile", path, "--stored", "--tensors", "blk.0.attn_q.weight")
    assert "stored: blocks without the factors beside them" in out
    assert "factor_min" not in out
    plain = write_gguf({"blk.0.attn_q.weight": np.ones((4, 4), np.float32)}, name="plain.gguf")
    assert "stored: there are no factors" in run("profile", plain, "--stored")


def test_inspect_lists_factors(write_gguf: WriteGguf, run: Callable[..., str]) -> None:
    tensors = mixture("scale") | {"blk.0.attn_q.input_scale": np.ones(1, np.float32)}
    path = write(write_gguf, tensors)
    out = " ".join(run("inspect", path).split())
    assert "factors beside 42 tensors, part of the weights: attn_q, attn_k" in out
    assert "1 of activations, which change no weight" in out
    rows = {row["name"]: row for row in json.loads(run("inspect", path, "--json"))["tensors"]}
    assert rows["blk.1.attn_q.weight"]["factor"] == "blk.1.attn_q.scale"
    assert rows["blk.1.attn_q.scale"]["kind"] == "factor"


def test_unusable_factors_are_told(write_gguf: WriteGguf) -> None:
    tensors = mixture("scale") | {"blk.2.attn_q.scale": np.array([np.nan], np.float32)}
    lines = list(health_lines(gs.profile(write(write_gguf, tensors))))
    assert ("bad", "a factor of 0, NaN or Inf beside 1 tensor: blk.2.attn_q.weight") in lines
    assert ("bad", "4096 NaN and 0 Inf in 1 tensor: blk.2.attn_q.weight") in lines
