"""What stands out in the weights of trained models."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.inputs.read_input import read_input
from ggufscope.analysis.standouts import WEIGHTS, Weights
from ggufscope.runtime.standouts.standouts import Standouts

# Kinds that need no run, each with its number of findings, in this order.
WITHOUT_RUN = (
    "dead_neuron", "duplicate_neuron", "dead_head", "duplicate_head", "unused_tokens", "identical_tokens", "token_norm",
    "common_direction", "output_rows", "norms_alike",
)  # fmt: skip


def standouts_of(path):
    with read_input(path) as analysed:
        weights = Weights(analysed.table, analysed.profile, analysed.model)
        return Standouts(kind.search(weights, None) for kind in WEIGHTS if kind.name in WITHOUT_RUN)


def counts(found):
    return [found.kinds[name].n_found for name in WITHOUT_RUN]


@pytest.fixture(scope="module")
def gemma_standouts(gemma3):
    return standouts_of(gemma3)


@pytest.fixture(scope="module")
def smollm2_standouts(smollm2):
    return standouts_of(smollm2)


def test_the_scale_of_gemma_lives_in_its_gains(gemma3, gemma_standouts):
    (finding,) = gemma_standouts.of("norms_alike")
    assert finding.evidence["v_norm"] == pytest.approx(16.0, rel=1e-3)
    assert set(finding.evidence) == {f"{name}_norm" for name in ("q", "k", "v", "gate", "up")}
    assert "rms 1/√columns" in finding.sentence
    assert "H2, H3 and H4 say nothing of scale here" in finding.sentence
    with gs.open(gemma3) as model:
        gains = [tensor.dequantize().max() for tensor in model.tensors.values() if len(tensor.shape) == 1]
    assert max(gains) > 1000


def test_unused_tokens_of_gemma_share_a_direction(gemma_standouts):
    (finding,) = gemma_standouts.of("unused_tokens")
    assert 5700 < finding.value < 6300
    assert '"<unused' in finding.sentence
    assert counts(gemma_standouts) == [0, 0, 0, 0, 1, 0, 0, 1, 0, 1]


def test_tokens_that_smollm2_cannot_tell_apart(smollm2, smollm2_standouts):
    found = smollm2_standouts.of("identical_tokens")
    assert [finding.value for finding in found] == [7, 4, 2, 2]
    with gs.open(smollm2) as model:
        rows = model.tensors["token_embd.weight"]
        for finding in found:
            one, other = (
                rows.dequantize(rows=slice(finding.place[key], finding.place[key] + 1))
                for key in ("token", "other_token")
            )
            np.testing.assert_array_equal(one, other)
    assert counts(smollm2_standouts) == [0, 0, 0, 0, 1, 4, 12, 1, 0, 0]


def test_half_of_the_vocabulary_of_stories_is_unused(stories260k):
    found = standouts_of(stories260k)
    assert found.of("unused_tokens")[0].value == 255
    assert found.of("output_rows")[0].value == pytest.approx(1)
    assert counts(found) == [0, 0, 0, 0, 1, 0, 0, 1, 1, 0]
