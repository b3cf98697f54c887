"""Propagation behind exact openings: every step against an oracle, and what is exact where nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.special

import ggufscope as gs
from ggufscope.analysis.presets.propagation import Propagation, propagate
from ggufscope.analysis.presets.propagation.mixed_attention import squares_by_head
from ggufscope.architecture.matrices import Matrix
from ggufscope.architecture.vocabulary import ordinary_tokens
from ggufscope.runtime.openings import Openings, read_openings
from support import mixed_propagation as oracle
from support.stories import network

Floats = npt.NDArray[np.float64]
SEED = 3
POINTS = tuple(oracle.POINTS.values())


@pytest.fixture(scope="module")
def openings(stories260k: Path) -> Openings:
    with gs.open(stories260k) as model:
        return read_openings(model, seed=SEED)


@pytest.fixture(scope="module")
def propagation(stories260k: Path, openings: Openings) -> Propagation:
    with gs.open(stories260k) as model:
        return propagate(model, openings=openings, seed=SEED)


def sizes(propagation: Propagation) -> dict[str, Any]:
    """Point → (layers,), the usual rms of a token."""
    return {
        **propagation.preactivation_rms,
        "attention_output": propagation.attention_output_rms,
        "ffn_output": propagation.ffn_output_rms,
        "ffn_norm": propagation.ffn_norm_rms,
        "residual": propagation.residual_rms,
    }


# Against the oracle


@pytest.fixture(scope="module")
def expected(stories260k: Path, openings: Openings) -> list[list[oracle.LayerNumbers]]:
    """By layer, then by opening."""
    n_rest = openings.n_positions - openings.n_tokens
    with gs.open(stories260k) as model:
        rows = np.flatnonzero(ordinary_tokens(model, 512)[0])
    normals = np.random.default_rng(SEED).standard_normal((4, n_rest, 64), np.float32).astype(np.float64)
    by_opening = [
        oracle.propagate(network(stories260k), tokens, openings.n_positions, own, rows)
        for tokens, own in zip(openings.tokens, normals, strict=True)
    ]
    return [list(layer) for layer in zip(*by_opening, strict=True)]


def means(expected: list[list[oracle.LayerNumbers]], number: Any) -> Floats:
    return np.array([np.mean([number(opening) for opening in layer], axis=0) for layer in expected])


def test_sizes_are_those_of_the_oracle(propagation: Propagation, expected: list[list[oracle.LayerNumbers]]) -> None:
    for point, values in sizes(propagation).items():
        usual = means(expected, lambda opening, point=point: np.median(opening.rms[point]))
        np.testing.assert_allclose(values, usual, rtol=1e-5, err_msg=point)
        overall = means(expected, lambda opening, point=point: opening.overall[point])
        np.testing.assert_allclose(propagation.overall_rms[point], overall, rtol=1e-5, err_msg=point)
    ratio = means(expected, lambda opening: np.median(opening.ratio))
    np.testing.assert_allclose(propagation.ffn_attention_ratio, ratio, rtol=1e-5)


def test_activations_are_those_of_the_oracle(
    propagation: Propagation, expected: list[list[oracle.LayerNumbers]]
) -> None:
    near_zero = means(expected, lambda opening: np.median(opening.near_zero))
    np.testing.assert_allclose(propagation.near_zero_share, near_zero, atol=3e-4)  # cells of two grids
    np.testing.assert_allclose(propagation.ffn_mean, means(expected, lambda each: each.hidden[0]), rtol=1e-4)
    np.testing.assert_allclose(propagation.ffn_std, means(expected, lambda each: each.hidden[1]), rtol=1e-5)


def test_attention_is_that_of_the_oracle(propagation: Propagation, expected: list[list[oracle.LayerNumbers]]) -> None:
    entropy = means(expected, lambda opening: opening.entropy.mean(axis=1))
    np.testing.assert_allclose(propagation.head_entropy, entropy, atol=2e-5)
    first = means(expected, lambda opening: opening.first.mean(axis=1))
    np.testing.assert_allclose(propagation.first_token_share, first, atol=2e-5)


def test_bands_are_of_positions(propagation: Propagation, expected: list[list[oracle.LayerNumbers]]) -> None:
    assert list(propagation.entropy_bands) == ["1_3", "4_7", "8_15", "16_31", "32_63"]
    for name, values in propagation.entropy_bands.items():
        low, high = map(int, name.split("_"))
        band = means(expected, lambda each, low=low, high=high: each.entropy[:, low - 1 : high].mean(axis=1))
        np.testing.assert_allclose(values, band, atol=2e-5)


# Where everything is exact


def test_openings_as_long_as_prompts_are_exactly_what_a_trace_measures(stories260k: Path, tmp_path: Path) -> None:
    ids, kept = tmp_path / "ids.txt", tmp_path / "kept.npz"
    with gs.open(stories260k) as model:
        length = read_openings(model, written=1).n_positions
        whole = read_openings(model, written=length - 1)
        assert whole.n_tokens == whole.n_positions == length
        propagation = propagate(model, openings=whole)
    ids.write_text("\n".join(" ".join(map(str, tokens)) for tokens in whole.tokens), encoding="ascii")
    gs.trace(stories260k, tokens=ids, keep=(*POINTS, "gated", "attention"), keep_path=kept)
    with np.load(kept) as arrays:
        measured = {
            (point, layer): [arrays[f"prompt{number}/layer{layer}/{point}"].astype(np.float64) for number in range(4)]
            for point in (*POINTS, "gated", "attention")
            for layer in range(5)
        }
    for layer in range(5):
        for point, values in sizes(propagation).items():
            usual = [np.median(rms_of_tokens(x)[1:]) for x in measured[point, layer]]
            assert values[layer] == pytest.approx(np.mean(usual), rel=1e-12), point
            overall = [np.sqrt(np.mean(x**2)) for x in measured[point, layer]]
            assert propagation.overall_rms[point][layer] == pytest.approx(np.mean(overall), rel=1e-12), point
        gated = measured["gated", layer]
        below = [np.median(np.mean(np.abs(x) < 0.1 * rms_of_tokens(x)[:, None], axis=1)[1:]) for x in gated]
        assert propagation.near_zero_share is not None
        assert propagation.near_zero_share[layer] == pytest.approx(np.mean(below), rel=1e-12)
        attention = measured["attention", layer]
        shares = [scipy.special.entr(x).sum(axis=2)[:, 1:] / np.log(np.arange(2, length + 1)) for x in attention]
        assert propagation.head_entropy is not None
        np.testing.assert_allclose(propagation.head_entropy[layer], np.mean(shares, axis=(0, 2)), rtol=1e-12)


def rms_of_tokens(x: Floats) -> Floats:
    return np.asarray(np.sqrt(np.mean(x**2, axis=1)))


# What it hangs on


def test_threads_do_not_matter(stories260k: Path, openings: Openings) -> None:
    with gs.open(stories260k) as model:
        one, two = (propagate(model, openings=openings, seed=SEED, threads=threads) for threads in (1, 3))
    for point, values in sizes(one).items():
        np.testing.assert_array_equal(values, sizes(two)[point])
    np.testing.assert_array_equal(one.head_entropy, two.head_entropy)


def test_seeds_matter_and_are_all_that_does(stories260k: Path, openings: Openings, propagation: Propagation) -> None:
    with gs.open(stories260k) as model:
        again = propagate(model, openings=openings, seed=SEED, queries=3, keys=9)
        other = propagate(model, openings=openings, seed=SEED + 1)
    np.testing.assert_array_equal(again.head_entropy, propagation.head_entropy)
    assert not np.array_equal(other.head_entropy, propagation.head_entropy)


def test_plain_propagation_has_no_first_token(stories260k: Path) -> None:
    with gs.open(stories260k) as model:
        plain = propagate(model, queries=2, keys=8)
    assert plain.first_token_share is None
    assert not plain.entropy_bands
    assert not plain.first_rms


def test_squares_by_head(write_gguf: Any) -> None:
    """Of each head's columns alone, in pieces of rows."""
    chance = np.random.default_rng(0)
    weights, vectors = chance.standard_normal((600, 12)).astype(np.float32), chance.standard_normal((2, 5, 3, 4))
    with gs.open(write_gguf({"w.weight": weights})) as model:
        squares = squares_by_head(Matrix(model.tensors[0], 0, 600, scale=0.5), vectors, 2)
    outputs = np.einsum("rhc,pvhc->pvhr", 0.5 * weights.astype(np.float64).reshape(600, 3, 4), vectors)
    np.testing.assert_allclose(squares, np.square(outputs).sum(axis=(1, 2)), rtol=1e-12)
