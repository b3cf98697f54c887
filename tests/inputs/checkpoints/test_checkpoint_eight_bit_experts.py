"""Experts of eight-bit floats, which a converter stacks: each keeps its factors."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import ggufscope as gs
from support.checkpoints.converting import converted
from support.checkpoints.families import Tiny, llama, mixtral
from support.checkpoints.writing import write_checkpoint

BLOCKS = {
    "one": None,
    "rows": (1, 0),
    "whole_heads": (16, 16),
    "halves_of_heads": (4, 16),
    "quarters_of_heads": (2, 0),
}


def _with_factors(tiny: Tiny, block: tuple[int, int] | None) -> tuple[dict[str, np.ndarray], Tiny]:
    """The tensors as they are written, eight-bit floats and factors, and the weights that they stand for."""
    rng = np.random.default_rng(3)
    written: dict[str, np.ndarray] = {}
    meant: dict[str, np.ndarray] = {}
    for name, weights in tiny.tensors.items():
        if weights.ndim < 2 or (not name.endswith("_proj.weight") and ".experts." not in name):
            written[name] = meant[name] = weights
            continue
        written[name] = weights.astype(ml_dtypes.float8_e4m3fn)
        rows, columns = block or (0, 0)
        columns = columns or weights.shape[1]
        shape = () if block is None else (weights.shape[0] // rows, weights.shape[1] // columns)
        factors = np.asarray(rng.uniform(0.5, 2, shape), np.float32)
        written[f"{name}_scale{'' if block is None else '_inv'}"] = factors
        over = factors if block is None else np.repeat(np.repeat(factors, rows, 0), columns, 1)
        meant[name] = written[name].astype(np.float32) * over
    return written, Tiny(meant, tiny.config)


def _effective(tensor: gs.Tensor) -> np.ndarray:
    """Weights with their factors, whatever form these have."""
    weights = tensor.dequantize()
    if tensor.factor is None or tensor.factor.grid is not None:
        return weights
    values = tensor.factor.values()
    return weights * values.reshape(-1, *[1] * (weights.ndim - 1))


@pytest.mark.parametrize("block", BLOCKS)
def test_weights_are_those_of_the_checkpoint(block: str, tmp_path: Path) -> None:
    tiny = mixtral()
    written, meant = _with_factors(tiny, BLOCKS[block])
    expected = converted(meant, "mixtral")
    with gs.open(write_checkpoint(tmp_path / "m", written, tiny.config, dtype=None)) as model:
        eight_bits = [tensor for tensor in model.tensors.values() if tensor.type == "F8_E4M3"]
        assert len(eight_bits) == 8 + 6
        assert all(tensor.factor is not None for tensor in eight_bits)
        for tensor in eight_bits:
            np.testing.assert_array_equal(_effective(tensor), expected[tensor.name], tensor.name)


def test_a_profile_takes_factors_in(tmp_path: Path) -> None:
    written, meant = _with_factors(llama(), BLOCKS["halves_of_heads"])
    profile = gs.profile(write_checkpoint(tmp_path / "m", written, meant.config, dtype=None), threads=2)
    columns = profile.to_columns()
    rms = dict(zip(columns["name"], columns["rms"], strict=True))
    expected = converted(meant, "llama")
    for name in ("blk.0.attn_q.weight", "blk.1.attn_k.weight", "blk.1.ffn_down.weight"):
        weights = expected[name].astype(np.float64)
        assert rms[name] == pytest.approx(float(np.sqrt(np.mean(weights**2))), rel=1e-9)
