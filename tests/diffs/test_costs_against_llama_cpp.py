"""Costs on the small trained model, against divergences that llama.cpp measures here, on another text."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.costs import measure
from support import stories
from support.damage_tables import Comparison, role_means
from support.needs import llama_cpp_needed
from support.row_sources import Rows
from support.true_damage import Damages, Patched, quantized

pytestmark = llama_cpp_needed


def as_q4_0(weights):
    """Rows through Q4_0, as if zeros followed them: those of ffn_down, 172 long, are no whole blocks."""
    columns = weights.shape[1]
    return quantized(np.pad(weights, [(0, 0), (0, -columns % 32)]), "Q4_0")[:, :columns]


@pytest.fixture(scope="module")
def substitutes():
    """Every matrix of a layer as Q4_0."""
    with gs.open(gs.demo_model()) as model:
        tensors = [each for each in model.tensors.values() if each.layer is not None and len(each.shape) == 2]
        return {each.name: as_q4_0(each.dequantize()) for each in tensors}


@pytest.fixture(scope="module")
def measured(tmp_path_factory, substitutes):
    """The damage of each, on the first of the texts that the model wrote."""
    patched = Patched(gs.demo_model(), tmp_path_factory.mktemp("damage") / "f32.gguf")
    damages = Damages(patched, stories.texts()[0].tolist())
    each = {name: damages.of(name, weights) for name, weights in substitutes.items()}
    assert damages.as_it_is() == pytest.approx(0, abs=1e-12)
    damages.close()
    return each


def test_costs_order_matrices_by_their_damage(substitutes, measured):
    candidates = {name: {"Q4_0": Rows(weights)} for name, weights in substitutes.items()}
    with gs.open(gs.demo_model()) as model:
        costs = measure(model, candidates, tokens=stories.texts()[1], threads=1)
    found = Comparison.of({name: costs.of(name, "Q4_0") for name in measured}, measured)
    roles = Comparison.of(role_means(measured, measured), measured)
    assert found.n == 35
    print(found, roles)
    assert found.order >= 0.85
    assert found.order > roles.order
    assert 0.7 <= found.total <= 1.4
