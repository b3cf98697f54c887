"""Architectures of which analyses have no formulas for what passes through a layer: they say so, and give the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import ggufscope as gs
from ggufscope.analysis import analyze
from ggufscope.analysis.presets.propagation import propagate
from support.architectures import SPECIMENS

WriteGguf = Callable[..., Path]
REASONS = {
    "deepseek2": "blk.0.attn_kv_a_mqa.weight belongs to multi-head latent attention (MLA)",
    "lfm2": "blk.0.shortconv.conv.weight belongs to short convolutions",
    "qwen35": "belongs to a state-space model (SSM), or linear attention in its form",
    "qwen3next": "belongs to a state-space model (SSM), or linear attention in its form",
    "gemma3n": "blk.0 norms its values",
    "gemma4": "blk.0 norms its values",
}


@pytest.mark.parametrize("name", REASONS)
def test_propagation_says_what_it_has_no_formulas_for(name: str, write_gguf: WriteGguf) -> None:
    path = write_gguf(**SPECIMENS[name].file())
    with gs.open(path) as model:
        found = propagate(model, queries=2, keys=8)
    assert {REASONS[name] in limit.reason for limit in found.applicability} == {True}
    assert found.layers.size == 0
    assert len(analyze(path).layers["layer"]) == SPECIMENS[name].layers
