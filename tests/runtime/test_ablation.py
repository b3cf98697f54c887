"""Weights that count as zero: the streamed engine computes as from a file in which they are zero."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.models.weight_place import WeightPlace
from ggufscope.runtime.engines.streamed import StreamLimits, open_engine
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY

WriteGguf = Callable[..., Path]
CHANCE = np.random.default_rng(16)
PROMPTS = [CHANCE.integers(0, VOCABULARY, length).astype(np.int32) for length in (9, 4)]
BY_CORE, BY_TILES = StreamLimits(part_work=100_000), StreamLimits(tile_bytes=1 << 12, many_tokens=1)
# Architecture, tensor, place of a weight in it.
PLACES = [
    ("llama", "blk.1.ffn_down.weight", (5, 7)),
    ("llama", "blk.0.attn_q.weight", (3, 60)),
    ("llama", "blk.0.attn_output.weight", (63, 0)),
    ("llama", "output.weight", (199, 3)),
    ("gemma", "token_embd.weight", (int(PROMPTS[0][0]), 8)),  # a table of rows, and the output
    ("qwen2", "blk.0.attn_v.weight", (1, 2)),  # with a bias
    ("phi3", "blk.1.attn_qkv.weight", (70, 3)),  # one of keys, in one matrix with queries and values
    ("phi3", "blk.0.ffn_up.weight", (100, 3)),  # one of up, behind the gate's
    ("mixtral", "blk.0.ffn_down_exps.weight", (2, 5, 7)),
    ("qwen2moe", "blk.1.ffn_gate_inp_shexp.weight", (9,)),  # a matrix of one row, stored as a vector
    ("deepseek2", "blk.1.attn_k_b.weight", (1, 3, 2)),  # decoded by the mixer itself
]


def logits(path: Path, limits: StreamLimits, *zeroed: WeightPlace) -> npt.NDArray[np.float32]:
    with gs.open(path) as model, open_engine(model, 2, limits, zeroed=zeroed) as engine:
        return engine.prefill(PROMPTS, None, room=0, progress=None)


@pytest.mark.parametrize("limits", [BY_CORE, BY_TILES], ids=["core", "tiles"])
@pytest.mark.parametrize(("kind", "name", "index"), PLACES)
def test_it_computes_as_from_a_file_with_the_weight_set_to_zero(
    write_gguf: WriteGguf, kind: str, name: str, index: tuple[int, ...], limits: StreamLimits
) -> None:
    model = SPECIMENS[kind].file()
    model["tensors"][name][index] = 40.0  # not a weight whose absence could be overlooked
    plain = write_gguf(**model, name="plain.gguf")
    edited = copy.deepcopy(model)
    edited["tensors"][name][index] = 0
    expected = logits(write_gguf(**edited, name="edited.gguf"), limits)
    found = logits(plain, limits, WeightPlace(name, index))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert np.abs(logits(plain, limits) - expected).max() > 0.01


def test_a_trace_says_which_weights_counted_as_zero(write_gguf: WriteGguf, tmp_path: Path) -> None:
    path = write_gguf(**SPECIMENS["llama"].file())
    ids = tmp_path / "ids.txt"
    ids.write_text(" ".join(map(str, PROMPTS[0])))
    places = ["blk.1.ffn_down.weight[5,7]", "blk.0.attn_q.weight[3,60]"]
    document = gs.trace(path, tokens=ids, ablate=[*places, places[0]]).document
    assert document.engine.settings["ablated"] == ", ".join(places)
    assert f"the model ran with {', '.join(places)} counted as zero" in document.warnings
    plain = gs.trace(path, tokens=ids).document
    assert "ablated" not in plain.engine.settings
    assert plain.prompts[0].layers["residual_rms"] != document.prompts[0].layers["residual_rms"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("blk.1.ffn_down.weight", "named as blk.11.ffn_down.weight"),
        ("blk.1.ffn_down.weight[1,-2]", "named as blk.11.ffn_down.weight"),
        ("blk.1.ffn_dwn.weight[1,2]", "no tensor 'blk.1.ffn_dwn.weight'"),
        ("blk.1.ffn_down.weight[7]", "a place in it 2 numbers"),
        ("blk.1.ffn_down.weight[0,7,7]", "a place in it 2 numbers"),
        ("blk.1.ffn_down.weight[128,7]", "outside of the tensor"),
        ("blk.1.attn_norm.weight[7]", "no weight of a matrix"),
    ],
)
def test_what_is_no_weight_of_a_matrix_is_refused(write_gguf: WriteGguf, place: str, reason: str) -> None:
    path = write_gguf(**SPECIMENS["llama"].file())
    with pytest.raises(ValueError, match=reason):
        gs.trace(path, probe=4, ablate=[place])
