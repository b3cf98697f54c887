"""The sketch of magnitudes: exact shares of weights between edges near quarters of an octave."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.profiles.magnitudes import MagnitudeSketch
from support import small_models

EDGES = np.array([1, 1 + 6 / 32, 1 + 13 / 32, 1 + 22 / 32])


def shares(values, sketch):
    """Counted one by one, in float64."""
    magnitudes = np.abs(values[np.isfinite(values)].astype(np.float64))
    cells = [(magnitudes >= low) & (magnitudes < high) for low, high in zip(sketch.low, sketch.high, strict=True)]
    return np.mean(magnitudes < 2.0**-131), [cell.mean() for cell in cells]


HARD = {
    "gaussian": np.random.default_rng(0).normal(0, 0.02, (64, 64)),
    "wide": 10.0 ** np.random.default_rng(1).uniform(-44, 38, (64, 64)),
    "zeros": np.zeros((4, 32)),
    "one": np.full((1, 1), -1.0),
    "edges": np.array([[-1.6875, 1.6874, 1.1875, 1.40625, 1.0, 0.99999994, 3.4e38, 1e-38, 1e-40, 2.0**-131, 0, -0.0]]),
    "with nan": np.array([[np.nan, np.inf, 2.0, 3.0]]),
}


@pytest.mark.parametrize("name", HARD)
def test_shares_are_those_of_the_weights(write_gguf, name):
    values = HARD[name].astype(np.float32)
    profile = gs.profile(write_gguf({"blk.0.attn_q.weight": values}))
    whole, role = profile.magnitudes
    assert (whole.role, role.role) == (None, "attn_q")
    assert role.share == whole.share
    zero, exact = shares(values, role)
    assert role.zero_share == pytest.approx(zero, abs=1e-12)
    assert role.share == pytest.approx(exact, rel=1e-9)
    assert min(role.share, default=1) > 0
    assert role.zero_share + sum(role.share) == pytest.approx(1, rel=1e-8)


def test_cells_are_quarters_of_octaves(write_gguf):
    profile = gs.profile(write_gguf({"x": 2.0 ** np.linspace(-3, 3, 6000, dtype=np.float32)[None]}))
    (whole,) = profile.magnitudes
    assert whole.low[:24] == pytest.approx(np.outer(2.0 ** np.arange(-3, 3), EDGES).ravel(), rel=1e-15)
    assert whole.high[:-1] == whole.low[1:]
    # evenly over six octaves: a sixth of the weights in each
    assert whole.share_per_octave[:24] == pytest.approx([1 / 6] * 24, rel=0.02)


def test_roles_merge_their_tensors(write_gguf):
    model = small_models.llama()
    profile = gs.profile(write_gguf(**model))
    found = {sketch.role: sketch for sketch in profile.magnitudes}
    assert list(found) == [None, *profile.roles]
    values = np.concatenate([data.ravel() for name, data in model["tensors"].items() if ".attn_v." in name])
    assert found["attn_v"].share == pytest.approx(shares(values, found["attn_v"])[1], rel=1e-9)


def test_nothing_has_no_sketch(write_gguf):
    assert gs.profile(write_gguf({})).magnitudes == []
    assert gs.profile(write_gguf({"x": np.full((2, 32), np.nan, np.float32)}, name="nan.gguf")).magnitudes == []
    assert gs.profile(write_gguf(**small_models.llama(), name="fast.gguf"), fast=True).magnitudes == []
    assert MagnitudeSketch.of("x", None) is None
