"""The figures against plain NumPy, and what the recorder makes of what engines hand over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ggufscope.runtime.measuring.attended import ATTENDED
from ggufscope.runtime.measuring.capture import POINTS, Recorder
from ggufscope.runtime.measuring.figures import FIGURES, RATIO, RATIO_OF, band_figure
from ggufscope.runtime.shape import ModelShape

Floats = npt.NDArray[np.float64]
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


def measured(point: str, values: npt.NDArray[np.float32], layer: int = 0, shape: ModelShape = SHAPE) -> dict[str, Any]:
    recorder = Recorder(1, shape)
    recorder.take(0, layer, point, values)
    figures = recorder.figures
    return {name: table[0, layer] for name, table in recorder.tables().items() if figures[name].point == point}


def rms_of_tokens(values: npt.NDArray[np.float32]) -> Floats:
    rms: Floats = np.sqrt(np.mean(values.astype(np.float64) ** 2, axis=1))
    return rms


@pytest.mark.parametrize("point", [point for point in POINTS if point != "attention"])
def test_rms_of_every_point(point: str) -> None:
    values = array(TOKENS, 300) * np.arange(9, 0, -1, dtype=np.float32)[:, None]
    found = measured(point, values)
    assert found[f"{point}_rms"] == pytest.approx(np.median(rms_of_tokens(values)[1:]), rel=1e-12)
    assert found[f"{point}_rms_first"] == pytest.approx(rms_of_tokens(values)[0], rel=1e-12)


def test_one_massive_token_is_not_the_size_of_all() -> None:
    """The first token stands apart, and one of the others does not move their median."""
    values = array(TOKENS, 300)
    plain = measured("residual", values)["residual_rms"]
    values[0] *= 1000
    values[3] *= 1000
    found = measured("residual", values)
    assert found["residual_rms"] == pytest.approx(plain, rel=0.1)
    assert found["residual_rms_first"] == pytest.approx(1000, rel=0.2)


def test_all_tokens_count_where_attention_goes_both_ways() -> None:
    values = array(TOKENS, 300) * np.arange(1, 10, dtype=np.float32)[:, None]
    found = measured("residual", values, shape=replace(SHAPE, causal=False))
    assert found["residual_rms"] == pytest.approx(np.median(rms_of_tokens(values)), rel=1e-12)
    assert found["residual_rms_first"] == pytest.approx(rms_of_tokens(values)[0], rel=1e-12)


@pytest.mark.parametrize("point", ["v", "gated"])
def test_near_zero_share_is_by_the_rms_of_each_token(point: str) -> None:
    values = array(TOKENS, 300) ** 3 * np.float32(10) ** np.arange(TOKENS, dtype=np.float32)[:, None]
    shares = np.mean(np.abs(values) < 0.1 * rms_of_tokens(values)[:, None], axis=1)
    assert ((shares > 0.1) & (shares < 0.9)).all()
    found = measured(point, values)
    assert found[f"{point}_near_zero_share"] == np.median(shares[1:])
    assert found[f"{point}_near_zero_share_first"] == shares[0]


@pytest.mark.parametrize(("width", "count"), [(50, 1), (100, 1), (101, 2), (300, 3)])
def test_top_energy_share(width: int, count: int) -> None:
    values = array(TOKENS, width) ** 3
    values[4] = 0  # a token without energy has no share
    squares = np.sort(values.astype(np.float64) ** 2, axis=1)
    others = [token for token in range(TOKENS) if token != 4]
    shares = squares[others, -count:].sum(axis=1) / squares[others].sum(axis=1)
    found = measured("gated", values)
    assert found["gated_top_energy_share"] == pytest.approx(np.median(shares[1:]), rel=1e-6)
    assert found["gated_top_energy_share_first"] == pytest.approx(shares[0], rel=1e-6)


def test_residual_peak_is_that_of_the_most_massive_token() -> None:
    values = array(TOKENS, 48)
    values[2, 5] = -700
    values[0, 7] = 9000
    found = measured("residual", values)
    assert found["residual_peak"] == pytest.approx(700 / np.median(np.abs(values[2])), rel=1e-6)
    assert found["residual_peak_first"] == pytest.approx(9000 / np.median(np.abs(values[0])), rel=1e-6)


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
        ("residual", np.full((TOKENS, 8), np.inf), {"residual_rms", "residual_peak"}),
    ],
)
def test_what_is_undefined_is_nan(point: str, values: npt.NDArray[np.float64], undefined: set[str]) -> None:
    found = measured(point, values.astype(np.float32))
    firsts = {name + "_first" for name in undefined} & FIGURES.keys()
    assert {name for name, value in found.items() if np.isnan(value).all()} == undefined | firsts


@pytest.mark.parametrize("token", [0, 5])
def test_one_token_that_overflows_leaves_no_figure_of_those_that_it_is_among(token: int) -> None:
    values = array(TOKENS, 8)
    values[token, 3] = np.inf
    found = measured("gated", values)
    lost = {name for name, value in found.items() if np.isnan(value)}
    assert lost == {name for name in found if name.endswith("_first") is (token == 0)}


def test_a_single_token_is_the_first_one() -> None:
    found = measured("v", array(1, 8))
    assert np.isnan(found["v_rms"])
    assert np.isfinite(found["v_rms_first"])


@pytest.mark.parametrize("points", [RATIO_OF, RATIO_OF[::-1]])
def test_the_ratio_is_of_the_same_token_whichever_comes_first(points: tuple[str, str]) -> None:
    taken = {"ffn_output": array(TOKENS, 48) ** 3, "attention_output": array(TOKENS, 48) ** 3}
    recorder = Recorder(2, SHAPE)
    for point in points:
        for prompt in (1, 0):
            assert np.isnan(recorder.tables()[RATIO]).all()
            recorder.take(prompt, 0, point, taken[point] if prompt == 0 else taken[point][:1])
            if point == points[1]:
                break
    ratios = rms_of_tokens(taken["ffn_output"]) / rms_of_tokens(taken["attention_output"])
    tables = recorder.tables()
    place = (1, 0)
    recorder.take(0, 0, points[1], taken[points[1]])
    assert tables[RATIO][0, 0] == pytest.approx(np.median(ratios[1:]), rel=1e-12)
    assert tables[RATIO + "_first"][0, 0] == pytest.approx(ratios[0], rel=1e-12)
    assert tables[RATIO + "_first"][place] == pytest.approx(ratios[0], rel=1e-12)
    assert np.isnan(tables[RATIO][place])  # a single token is the first one
    assert np.isnan(tables[RATIO][:, 1]).all()


def test_a_token_to_which_attention_adds_nothing_has_no_ratio() -> None:
    recorder = Recorder(1, SHAPE)
    recorder.take(0, 0, "attention_output", np.array([[2], [0], [4]], np.float32))
    recorder.take(0, 0, "ffn_output", np.full((3, 1), 5, np.float32))
    recorder.take(0, 1, "attention_output", np.zeros((3, 4), np.float32))
    recorder.take(0, 1, "ffn_output", np.full((3, 4), 5, np.float32))
    np.testing.assert_array_equal(recorder.tables()[RATIO], [[1.25, np.nan]])


def test_the_ratio_from_many_threads() -> None:
    """Every pair meets, whoever brings its second half."""
    shape = replace(SHAPE, n_layers=40, n_heads=(4,) * 40, n_kv_heads=(2,) * 40, windows=(None,) * 40)
    recorder = Recorder(5, shape)
    values = {point: array(TOKENS, 48) for point in RATIO_OF}
    jobs = [(prompt, layer, point) for prompt in range(5) for layer in range(40) for point in RATIO_OF]
    CHANCE.shuffle(jobs)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: recorder.take(int(job[0]), int(job[1]), str(job[2]), values[str(job[2])]), jobs))
    ratios = rms_of_tokens(values["ffn_output"]) / rms_of_tokens(values["attention_output"])
    np.testing.assert_allclose(recorder.tables()[RATIO], np.median(ratios[1:]), rtol=1e-12)


def test_bands_are_as_many_as_the_longest_prompt_has() -> None:
    recorder = Recorder(2, SHAPE)
    shares = {}
    for prompt, n_tokens in enumerate((6, 19)):
        alpha = probabilities(4, n_tokens)
        exact = alpha.astype(np.float64)
        entropy = -np.where(exact > 0, exact * np.log(np.where(exact > 0, exact, 1)), 0).sum(axis=-1)
        shares[prompt] = entropy[:, 1:] / np.log(np.arange(2, n_tokens + 1))
        for head in (1, 0, 3, 2):
            recorder.take(prompt, 0, "attention", alpha[head : head + 1], first_head=head)
    bands = [(1, 3), (4, 7), (8, 15), (16, 31)]
    names = [f"entropy_share_{first}_{last}" for first, last in bands]
    assert [name for name in recorder.figures if name not in FIGURES] == names
    assert [band_figure(band).name for band in range(4)] == names
    tables = recorder.tables()
    assert tables.keys() == recorder.figures.keys()
    for prompt, share in shares.items():
        for name, (first, last) in zip(names, bands, strict=True):
            positions = share[:, first - 1 : last]
            expected = positions.mean(axis=1) if positions.size else np.full(4, np.nan)
            np.testing.assert_allclose(tables[name][prompt, 0], expected, rtol=1e-12, err_msg=f"{name} of {prompt}")
    assert all(str(first) in recorder.figures[name].definition for name, (first, _) in zip(names, bands, strict=True))


@pytest.mark.parametrize(
    ("n_tokens", "last"), [(1, None), (2, 3), (4, 3), (5, 7), (8, 7), (9, 15), (128, 127), (129, 255)]
)
def test_the_last_band_holds_the_last_position(n_tokens: int, last: int | None) -> None:
    found = measured("attention", probabilities(4, n_tokens))
    bands = {int(name.rsplit("_", 1)[1]): values for name, values in found.items() if name not in FIGURES}
    assert max(bands, default=None) == last
    assert all(np.isfinite(values).all() for values in bands.values())


def test_there_are_no_bands_where_attention_goes_both_ways() -> None:
    alpha = np.full((4, TOKENS, TOKENS), 1 / TOKENS, np.float32)
    assert measured("attention", alpha, shape=replace(SHAPE, causal=False)).keys() <= FIGURES.keys()


def test_every_figure_has_its_point() -> None:
    assert {figure.point for figure in FIGURES.values()} == set(POINTS)
    assert all(figure.name == name and figure.definition for name, figure in FIGURES.items())
    by_layer = {name for name, figure in FIGURES.items() if not figure.per_head}
    assert {name for name in by_layer if name.endswith("_first")} == {
        f"{name}_first" for name in by_layer if not name.endswith("_first")
    }


def test_whoever_keeps_sees_every_array() -> None:
    seen: list[tuple[int, int, str, int, tuple[int, ...]]] = []
    recorder = Recorder(2, SHAPE, lambda *place: seen.append((*place[:4], place[4].shape)))
    recorder.take(1, 0, "q", array(TOKENS, 48))
    recorder.take(0, 1, "attention", probabilities(2, TOKENS), first_head=2)
    assert seen == [(1, 0, "q", 0, (TOKENS, 48)), (0, 1, "attention", 2, (2, TOKENS, TOKENS))]
