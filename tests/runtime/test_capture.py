"""The figures against plain NumPy, and what the recorder makes of what engines hand over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ggufscope.runtime.measuring.attended import ATTENDED
from ggufscope.runtime.measuring.capture import FIGURES, POINTS, RATIOS, Recorder
from ggufscope.runtime.shape import ModelShape

CHANCE = np.random.default_rng(11)
SHAPE = ModelShape(2, (4, 4), (2, 2), (None, 3), 48, 100, 64)
TOKENS = 9


def array(*shape: int) -> npt.NDArray[np.float32]:
    return CHANCE.standard_normal(shape).astype(np.float32)


def probabilities(heads: int, tokens: int, window: int | None = None) -> npt.NDArray[np.float32]:
    """Of random scores, causal and perhaps windowed."""
    distance = np.arange(tokens)[:, None] - np.arange(tokens)
    hidden = (distance < 0) | (distance >= (window or tokens))
    scores = np.where(hidden, -np.inf, 2 * CHANCE.standard_normal((heads, tokens, tokens)))
    alpha = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (alpha / alpha.sum(axis=-1, keepdims=True)).astype(np.float32)


def measured(point: str, values: npt.NDArray[np.float32], layer: int = 0) -> dict[str, Any]:
    recorder = Recorder(1, SHAPE)
    recorder.take(0, layer, point, values)
    return {name: table[0, layer] for name, table in recorder.tables().items() if FIGURES[name].point == point}


@pytest.mark.parametrize("point", [point for point in POINTS if point != "attention"])
def test_rms_of_every_point(point: str) -> None:
    values = array(TOKENS, 300)
    found = measured(point, values)
    assert found[f"{point}_rms"] == pytest.approx(np.sqrt(np.mean(values.astype(np.float64) ** 2)), rel=1e-12)


@pytest.mark.parametrize("point", ["v", "gated"])
def test_near_zero_share(point: str) -> None:
    values = array(TOKENS, 300) ** 3
    expected = np.mean(np.abs(values) < 0.1 * np.sqrt(np.mean(values.astype(np.float64) ** 2)))
    assert 0.1 < expected < 0.9
    assert measured(point, values)[f"{point}_near_zero_share"] == expected


@pytest.mark.parametrize(("width", "count"), [(50, 1), (100, 1), (101, 2), (300, 3)])
def test_top_energy_share(width: int, count: int) -> None:
    values = array(TOKENS, width) ** 3
    values[4] = 0  # a token without energy has no share
    squares = np.sort(values.astype(np.float64) ** 2, axis=1)
    kept = np.arange(TOKENS) != 4
    expected = np.mean(squares[kept, -count:].sum(axis=1) / squares[kept].sum(axis=1))
    assert measured("gated", values)["gated_top_energy_share"] == pytest.approx(expected, rel=1e-6)


def test_residual_peak() -> None:
    values = array(TOKENS, 48)
    values[2, 5] = -700
    found = measured("residual", values)["residual_peak"]
    assert found == pytest.approx(700 / np.median(np.abs(values)), rel=1e-6)


@pytest.mark.parametrize("layer", [0, 1])
def test_attention(layer: int) -> None:
    window = SHAPE.windows[layer]
    alpha = probabilities(4, TOKENS, window)
    found = measured("attention", alpha, layer)
    exact = alpha.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(exact > 0, exact * np.log(exact), 0).sum(axis=-1)[:, 1:]
    seen = np.minimum(np.arange(1, TOKENS + 1), window or TOKENS)[1:]
    np.testing.assert_allclose(found["entropy"], entropy.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found["entropy_share"], (entropy / np.log(seen)).mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found["first_token_share"], exact[:, 1:, 0].mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize("window", [None, 4])
def test_attention_that_goes_both_ways(window: int | None) -> None:
    """Every query counts, the first too; a window reaches as far to both sides, over 4 keys two to each."""
    distance = np.abs(np.arange(TOKENS)[:, None] - np.arange(TOKENS))
    hidden = distance > (TOKENS if window is None else 2)
    scores = np.where(hidden, -np.inf, 2 * CHANCE.standard_normal((4, TOKENS, TOKENS)))
    alpha = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    recorder = Recorder(1, replace(SHAPE, windows=(window, window), causal=False))
    recorder.take(0, 0, "attention", alpha.astype(np.float32))
    tables = {name: table[0, 0] for name, table in recorder.tables().items()}
    exact = alpha.astype(np.float32).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(exact > 0, exact * np.log(exact), 0).sum(axis=-1)
    np.testing.assert_allclose(tables["entropy"], entropy.mean(axis=1), rtol=1e-12)
    share = entropy / np.log((~hidden).sum(axis=1))
    np.testing.assert_allclose(tables["entropy_share"], share.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(tables["first_token_share"], exact[:, :, 0].mean(axis=1), rtol=1e-12)


def test_uniform_attention_has_the_share_one() -> None:
    alpha = np.tril(np.ones((4, TOKENS, TOKENS), np.float32)) / np.arange(1, TOKENS + 1, dtype=np.float32)[:, None]
    np.testing.assert_allclose(measured("attention", alpha)["entropy_share"], 1, rtol=1e-6)


def test_heads_may_come_one_by_one() -> None:
    alpha = probabilities(4, TOKENS)
    whole, parts = Recorder(1, SHAPE), Recorder(1, SHAPE)
    whole.take(0, 0, "attention", alpha)
    for head in (2, 0, 3, 1):
        parts.take(0, 0, "attention", alpha[head : head + 1], first_head=head)
    for name in ("entropy", "entropy_share", "first_token_share"):
        np.testing.assert_array_equal(parts.tables()[name], whole.tables()[name])
        assert np.isfinite(whole.tables()[name][0, 0]).all()


def test_columns_of_a_fused_projection() -> None:
    """A view into a wider array gives what a copy gives."""
    fused = array(TOKENS, 300)
    assert measured("k", fused[:, 100:150]) == measured("k", fused[:, 100:150].copy())


@pytest.mark.parametrize(
    ("point", "values", "undefined"),
    [
        ("attention", np.ones((4, 1, 1)), {"entropy", "entropy_share", "first_token_share", *ATTENDED}),
        ("gated", np.zeros((TOKENS, 8)), {"gated_near_zero_share", "gated_top_energy_share"}),
        ("v", np.zeros((TOKENS, 8)), {"v_near_zero_share"}),
        ("residual", np.zeros((TOKENS, 8)), {"residual_peak"}),
        ("gated", np.full((TOKENS, 8), np.nan), {"gated_rms", "gated_near_zero_share", "gated_top_energy_share"}),
        ("residual", np.full((TOKENS, 8), np.nan), {"residual_rms", "residual_peak"}),
    ],
)
def test_what_is_undefined_is_nan(point: str, values: npt.NDArray[np.float64], undefined: set[str]) -> None:
    found = measured(point, values.astype(np.float32))
    assert {name for name, value in found.items() if np.isnan(value).all()} == undefined


def test_the_ratio_comes_from_its_parts() -> None:
    recorder = Recorder(1, SHAPE)
    assert np.isnan(recorder.tables()["ffn_attention_ratio"]).all()
    recorder.take(0, 0, "attention_output", np.full((3, 4), 2, np.float32))
    recorder.take(0, 0, "ffn_output", np.full((3, 4), 5, np.float32))
    recorder.take(0, 1, "attention_output", np.zeros((3, 4), np.float32))
    recorder.take(0, 1, "ffn_output", np.full((3, 4), 5, np.float32))
    np.testing.assert_array_equal(recorder.tables()["ffn_attention_ratio"], [[2.5, np.nan]])


def test_every_figure_has_its_point() -> None:
    assert {figure.point for figure in FIGURES.values()} == set(POINTS)
    assert set(RATIOS) < set(FIGURES)
    assert all(figure.name == name and figure.definition for name, figure in FIGURES.items())


def test_whoever_keeps_sees_every_array() -> None:
    seen: list[tuple[int, int, str, int, tuple[int, ...]]] = []
    recorder = Recorder(2, SHAPE, lambda *place: seen.append((*place[:4], place[4].shape)))
    recorder.take(1, 0, "q", array(TOKENS, 48))
    recorder.take(0, 1, "attention", probabilities(2, TOKENS), first_head=2)
    assert seen == [(1, 0, "q", 0, (TOKENS, 48)), (0, 1, "attention", 2, (2, TOKENS, TOKENS))]
