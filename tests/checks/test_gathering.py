"""What a check keeps of the pass: what rules ask for, in as little room as it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import ggufscope as gs
from ggufscope.checks.gathering import gather
from support.planted import healthy


def test_norms_are_kept_as_float32_and_histograms_not_at_all(tmp_path: Path) -> None:
    path = healthy("Q4_K").write(tmp_path)
    profile = gs.profile(path)
    with gs.open(path) as model:
        for each in gather(model, 1):
            whole = profile.tensors[each.tensor.name]
            assert {"histogram", "quantiles"} & set(each.statistics) == set()
            assert set(whole) - set(each.statistics) - {"histogram", "quantiles"} <= {
                f"{vector}_{number}" for vector in ("row_l2", "column_l2") for number in ("min", "max", "median", "mad")
            }
            for vector in ("row_l2", "column_l2"):
                norms = each.statistics[vector]
                assert norms.dtype == np.float32
                np.testing.assert_array_equal(norms, whole[vector].astype(np.float32))


def test_norms_that_float32_cannot_hold_are_kept_as_they_are(write_gguf: Any) -> None:
    weights = np.ones((4, 64), np.float32)
    weights[2] = 3e38
    with gs.open(write_gguf(tensors={"blk.0.attn_q.weight": weights})) as model:
        (facts,) = gather(model, 1)
    np.testing.assert_allclose(facts.statistics["row_l2"], [8, 8, 2.4e39, 8])
    assert facts.statistics["column_l2"].dtype == np.float32


def test_norms_near_the_end_of_float32_are_compared(write_gguf: Any) -> None:
    weights = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    weights[2] *= np.float32(1e37)
    path = write_gguf(tensors={"blk.0.attn_q.weight": weights}, architecture="new")
    outliers = [each for each in gs.check(path).findings if each.rule == "outlier-rows"]
    assert [each.place.row for each in outliers] == [2]
