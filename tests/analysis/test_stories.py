"""Propagation on a real trained model, against what it does to texts of its own: docs/propagation.md quotes this.

Five layers of width 64, no attention sinks: what holds here need not hold for large models.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.analysis.presets.propagation import Propagation, propagate
from ggufscope.analysis.presets.propagation.attention import attend
from ggufscope.analysis.presets.propagation.feed_forward import feed_forward
from ggufscope.analysis.presets.propagation.formulas import with_formulas
from ggufscope.analysis.presets.propagation.moments import Moments
from ggufscope.analysis.presets.propagation.sampling import Draws
from ggufscope.architecture.blueprint import Blueprint
from ggufscope.architecture.vocabulary import ordinary_tokens
from support.forward import rms, run
from support.stories import network, texts, write

Floats = npt.NDArray[np.float64]
SEEDS = range(6)


@dataclass(frozen=True)
class Scores:
    """By layer; `entropy` by layer and head, as a share of ln(keys seen)."""

    std: dict[str, Floats]
    attention: Floats
    ffn: Floats
    near_zero: Floats
    entropy: Floats

    @property
    def ratio(self) -> Floats:
        return self.ffn / self.attention


@pytest.fixture(scope="module")
def measured(stories260k: Path) -> Scores:
    return measure(stories260k, texts())


@pytest.fixture(scope="module")
def measured_on_random_tokens(stories260k: Path) -> Scores:
    """Three runs of 200 tokens drawn uniformly from those that propagation starts from."""
    with gs.open(stories260k) as model:
        kept, _ = ordinary_tokens(model, 512)
    return measure(stories260k, np.random.default_rng(0).choice(np.flatnonzero(kept), (3, 200)))


def measure(path: Path, tokens: npt.NDArray[np.int64]) -> Scores:
    layers = run(network(path), tokens)
    keys_seen = np.arange(2, tokens.shape[1] + 1)

    def column(function: Any) -> Floats:
        return np.array([function(layer) for layer in layers])

    return Scores(
        std={role: np.array([layer[role].std() for layer in layers]) for role in ("q", "k", "v", "gate", "up")},
        attention=column(lambda layer: rms(layer["attention"])),
        ffn=column(lambda layer: rms(layer["ffn"])),
        near_zero=column(lambda layer: np.mean(np.abs(layer["hidden"]) < 0.1 * rms(layer["hidden"]))),
        entropy=column(lambda layer: (layer["entropy"][:, :, 1:] / np.log(keys_seen)).mean(axis=(0, 2))),
    )


@pytest.fixture(scope="module")
def propagated(stories260k: Path) -> list[Propagation]:
    """One for each seed; the default seed first."""
    with gs.open(stories260k) as model:
        return [propagate(model, seed=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def isotropic(stories260k: Path) -> Scores:
    """The simpler theory: every norm gives independent channels of the variance g²."""
    with gs.open(stories260k) as model:
        blueprint = Blueprint.of(model)
        draws = Draws(48, 512, 0, None)
        attention, ffn = [], []
        for number in model.layers:
            layer = blueprint.layer(number)
            norms = [layer.mixer_norms.before, layer.feed_forward_norms.before]
            gains = [norm.gain for norm in norms if norm is not None]
            variances = [Moments(np.zeros((1, 64)), gain[None] ** 2) for gain in gains]
            weights, experts = with_formulas(layer)
            attention.append(attend(weights, variances[0], gains[0], draws, 1))
            ffn.append(feed_forward(experts, variances[1], 1))
    return Scores(
        std={role: np.array([float(one.projections[role].std[0]) for one in attention]) for role in "qkv"},
        attention=np.array([float(one.output.rms[0]) for one in attention]),
        ffn=np.array([float(one.output.rms[0]) for one in ffn]),
        near_zero=np.array([float(one.near_zero_share[0]) for one in ffn]),
        entropy=np.stack([one.entropy for one in attention]),
    )


def rank_correlation(found: Floats | None, expected: Floats) -> float:
    assert found is not None
    return float(scipy.stats.spearmanr(found.ravel(), expected.ravel()).statistic)


def relative(found: Floats | None, expected: Floats) -> Floats:
    assert found is not None
    return found / expected


def test_the_oracle_runs_this_model(stories260k: Path) -> None:
    """A wrong forward pass would not write the texts that are kept, nor any English."""
    assert write(network(stories260k), seed=0, length=40) == texts()[0, :40].tolist()


def test_gate_and_up_projections(propagated: list[Propagation], measured: Scores) -> None:
    for found in propagated:
        for role in ("gate", "up"):
            np.testing.assert_allclose(relative(found.preactivation_std[role], measured.std[role]), 1, atol=0.15)


def test_queries_and_keys(propagated: list[Propagation], measured: Scores, isotropic: Scores) -> None:
    """0.77 to 0.95 of what is measured; with isotropic inputs about half."""
    for found in propagated:
        for role in "qk":
            shares = relative(found.preactivation_std[role], measured.std[role])
            assert shares.min() >= 0.75
            assert shares.max() <= 1.05
    assert max(relative(isotropic.std[role], measured.std[role]).max() for role in "qk") < 0.65


def test_head_entropy(propagated: list[Propagation], measured: Scores) -> None:
    """Rank correlation over 40 heads: 0.92 to 0.97 over seeds; the plain baseline has 0.93."""
    correlations = [rank_correlation(found.head_entropy, measured.entropy) for found in propagated]
    assert correlations[0] >= 0.95
    assert min(correlations) >= 0.9
    assert rank_correlation(propagated[0].baseline, measured.entropy) == pytest.approx(0.93, abs=0.01)


def test_near_zero_shares(propagated: list[Propagation], measured: Scores) -> None:
    for found in propagated:
        np.testing.assert_allclose(relative(found.near_zero_share, measured.near_zero), 1, atol=0.08)


def test_outputs(propagated: list[Propagation], measured: Scores, isotropic: Scores) -> None:
    """Attention 0.65 to 1.15 of what is measured, FFN 1.0 to 1.3; with isotropic inputs 1.5 to 1.8."""
    for found in propagated:
        attention = relative(found.attention_output_rms, measured.attention)
        ffn = relative(found.ffn_output_rms, measured.ffn)
        assert 0.65 <= attention.min() <= attention.max() <= 1.15
        assert 0.95 <= ffn.min() <= ffn.max() <= 1.35
    assert relative(isotropic.ffn, measured.ffn).min() > 1.4


def test_ffn_attention_ratio(propagated: list[Propagation], measured: Scores, isotropic: Scores) -> None:
    """Off by 25 % on average, by 80 % with isotropic inputs.

    Its order over the five layers is not reliable: layers 1 to 4 differ by 20 %, less than the error of a layer. Rank
    correlations scatter from 0.3 to 0.7 over seeds, short of the 0.8 that were hoped for.
    """
    errors = [np.abs(np.log(relative(found.ffn_attention_ratio, measured.ratio))).mean() for found in propagated]
    assert max(errors) < 0.3
    assert np.abs(np.log(isotropic.ratio / measured.ratio)).mean() > 2 * max(errors)
    correlations = [rank_correlation(found.ffn_attention_ratio, measured.ratio) for found in propagated]
    assert min(correlations) > 0.2
    assert np.mean(correlations) > 0.4


def test_random_tokens_are_no_easier(propagated: list[Propagation], measured_on_random_tokens: Scores) -> None:
    """Independent tokens are what propagation assumes; projections are within 15 %, heads are ranked as well.

    The FFN of layer 0 writes 1.3 to 1.5 times as much as predicted, and the order of FFN / attention ratios is wrong:
    the first layer has the highest where propagation has the lowest.
    """
    measured = measured_on_random_tokens
    for found in propagated:
        for role in ("gate", "up"):
            np.testing.assert_allclose(relative(found.preactivation_std[role], measured.std[role]), 1, atol=0.15)
        for role in "qk":
            assert relative(found.preactivation_std[role], measured.std[role]).min() >= 0.75
        assert rank_correlation(found.head_entropy, measured.entropy) >= 0.85
        assert measured.ratio.argmax() == 0
        assert found.ffn_attention_ratio is not None
        assert found.ffn_attention_ratio.argmin() == 0
        assert rank_correlation(found.ffn_attention_ratio, measured.ratio) < 0
