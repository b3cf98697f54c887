"""Every matrix of every kind of layer has a cost, and one that is not static."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.costs import measure
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY
from support.row_sources import Rows, damaged

TOKENS = np.random.default_rng(4).integers(0, VOCABULARY, 24)
# Architecture → roles in its layers that are multiplied with nothing: vectors in a stack, kernels, keys of layers that
# read those of another.
STATIC = {
    "deepseek2": set(),
    "gemma3n": {"attn_k", "attn_v"},
    "gemma4": set(),
    "gpt-oss": {"ffn_gate_exps.bias", "ffn_up_exps.bias", "ffn_down_exps.bias"},
    "granite": set(),
    "lfm2": {"shortconv.conv"},
    "minicpm3": set(),
    "phi2": set(),
    "qwen3next": {"ssm_conv1d"},
}


@pytest.mark.parametrize("kind", STATIC)
def test_every_matrix_has_a_cost(write_gguf, kind):
    file = SPECIMENS[kind].file()
    matrices = {name: weights for name, weights in file["tensors"].items() if weights.ndim > 1}
    candidates = {
        name: {"equal": Rows(weights), "other": Rows(damaged(weights, share=0.02))}
        for name, weights in matrices.items()
    }
    with gs.open(write_gguf(**file)) as model:
        costs = measure(model, candidates, tokens=TOKENS, threads=1)
    assert costs.reason is None
    assert {name for name in matrices if costs.of(name, "equal") != 0} == set()
    assert {name for name in matrices if not 0 < costs.of(name, "other") < 1} == set()
    pushed = [name for name in matrices if costs.by_place[name, "other"].largest_share is not None]
    static = {name for name in matrices if name.startswith("blk.")} - set(pushed)
    assert {name.split(".", 2)[2].removesuffix(".weight") for name in static} == STATIC[kind]
    assert any("not multiplied" in warning for warning in costs.warnings) == bool(static)
