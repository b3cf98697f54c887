"""Statistics of two real models against the gguf package and NumPy, and what is known of their weights."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from support.observing import assert_matches_reference

pytestmark = pytest.mark.slow

# A matrix of every type, gains, and the matrices with the heaviest tails.
TENSORS = {
    "smollm2": [
        "blk.11.ffn_down.weight",
        "blk.0.attn_k.weight",
        "blk.29.attn_norm.weight",
        "output_norm.weight",
        "blk.17.attn_v.weight",
    ],
    "gemma3": [
        "blk.0.attn_q.weight",
        "blk.4.attn_v.weight",
        "blk.1.attn_output.weight",
        "blk.2.ffn_down.weight",
        "blk.17.ffn_down.weight",
        "blk.9.attn_k_norm.weight",
        "blk.5.post_ffw_norm.weight",
    ],
}
CASES = [(model, tensor) for model, tensors in TENSORS.items() for tensor in tensors]


def decoded(tensor: gs.Tensor) -> npt.NDArray[np.float32]:
    """The weights as the gguf package decodes the blocks."""
    blocks = np.asarray(tensor.data, np.uint8).reshape(tensor.n_rows, -1)
    return gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[tensor.type]).reshape(tensor.shape)


@pytest.mark.real_model
@pytest.mark.parametrize(("name", "tensor"), CASES)
def test_statistics_are_those_of_numpy(request: pytest.FixtureRequest, name: str, tensor: str) -> None:
    with gs.open(request.getfixturevalue(name)) as model:
        weights = decoded(model.tensors[tensor])
        np.testing.assert_array_equal(model.tensors[tensor].dequantize(), weights)
        statistics = model.tensors[tensor].statistics()
    index = int(np.ravel_multi_index(statistics.abs_max_index, statistics.shape))
    assert_matches_reference(weights, {**statistics, "abs_max_index": index})


@pytest.mark.real_model
@pytest.mark.parametrize("name", TENSORS)
def test_a_matrix_of_every_type_is_compared(request: pytest.FixtureRequest, name: str) -> None:
    with gs.open(request.getfixturevalue(name)) as model:
        types = {tensor.type for tensor in model.tensors.values() if tensor.layer is not None}
        assert {model.tensors[tensor].type for tensor in TENSORS[name]} == types


def test_one_row_of_smollm2_holds_the_largest_weights(smollm2: Path) -> None:
    with gs.open(smollm2) as model:
        downs = [model.tensors[f"blk.{layer}.ffn_down.weight"] for layer in range(30)]
        largest = [statistics.abs_max_index for statistics in (tensor.statistics() for tensor in downs)]
        column = downs[11].dequantize()[:, 1229].astype(np.float64)
    assert [row for row, _ in largest].count(507) == 24
    assert column[507] ** 2 / np.sum(column**2) == pytest.approx(0.976, abs=1e-3)


def test_matrices_of_gemma_are_scaled_to_one_size(gemma3: Path) -> None:
    roles = ("attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up")
    with gs.open(gemma3) as model:
        rows = {name: tensor.statistics() for name, tensor in model.tensors.items() if tensor.role in roles}
    assert len(rows) == 18 * len(roles)
    assert {name: row.rms for name, row in rows.items()} == pytest.approx(dict.fromkeys(rows, 640**-0.5), rel=0.02)
    norms = [row.l2_norm for name, row in rows.items() if "attn_v" in name]
    assert norms == pytest.approx([16.0] * 18, rel=0.02)
