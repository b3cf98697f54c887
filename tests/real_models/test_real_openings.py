"""Propagation behind exact openings says how trained models read prompts; the least values are those of three seeds.

No prompt is read for it. The fast test has the model that comes along, the slow ones two of today's families, an
instruct and a base model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.analysis.presets.propagation import Propagation, propagate
from ggufscope.runtime.openings import read_openings

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

SEEDS = (0, 1, 2)
SIZES = ("q", "k", "v", "gate", "up", "attention_output", "ffn_output", "residual")


@dataclass(frozen=True)
class Least:
    """Rank correlations with the built-in prompts that propagation has at least, and the error of sizes at most.

    Attributes:
        heads: of all heads by entropy.
        layers: by figure; entropy is the mean over the heads of a layer.
        sizes: median over rms figures and layers of the relative error.
    """

    heads: float
    layers: dict[str, float]
    sizes: float


STORIES = Least(heads=0.93, layers={}, sizes=0.10)
SMOLLM2 = Least(heads=0.88, layers={"entropy_share": 0.93, "q_rms": 0.91}, sizes=0.17)
GEMMA3 = Least(heads=0.79, layers={"entropy_share": 0.82}, sizes=0.16)


def predicted(propagation: Propagation, figure: str) -> Floats:
    """(layers,), or (layers, heads) of entropies, by the name of the trace's figure."""
    role = figure.removesuffix("_rms")
    values: Any = propagation.preactivation_rms.get(role, getattr(propagation, figure, None))
    if figure == "entropy_share":
        values = propagation.head_entropy
    assert values is not None, figure
    return np.asarray(values)


def measured(trace: gs.Trace, figure: str) -> Floats:
    """The same over the prompts: the mean, of sizes the root of the mean square."""
    if figure == "entropy_share":
        return trace.head_figure(figure).mean(axis=0)
    return np.asarray(np.sqrt(np.square(trace.layer_figure(figure)).mean(axis=0)))


def agreement(one: Floats, other: Floats) -> float:
    return float(scipy.stats.spearmanr(one.reshape(-1), other.reshape(-1)).statistic)


def of_layers(values: Floats) -> Floats:
    return values.mean(axis=1) if values.ndim == 2 else values


def assert_told(path: Path, least: Least, seeds: tuple[int, ...] = SEEDS) -> None:
    """Behind openings of these seeds, heads and layers are ordered as the built-in prompts do, and sizes are theirs."""
    trace = gs.trace(path, max_new_tokens=0)
    with gs.open(path) as model:
        for seed in seeds:
            openings = read_openings(model, seed=seed)
            propagation = propagate(model, openings=openings, seed=seed)
            heads = agreement(predicted(propagation, "entropy_share"), measured(trace, "entropy_share"))
            assert heads >= least.heads, seed
            for figure, lowest in least.layers.items():
                order = agreement(of_layers(predicted(propagation, figure)), of_layers(measured(trace, figure)))
                assert order >= lowest, (seed, figure)
            errors = [predicted(propagation, f"{name}_rms") / measured(trace, f"{name}_rms") - 1 for name in SIZES]
            assert np.median(np.abs(errors)) <= least.sizes, seed


def test_stories260k_behind_openings(stories260k: Path) -> None:
    assert_told(stories260k, STORIES)


@pytest.mark.slow
@pytest.mark.real_model
def test_smollm2_behind_openings(smollm2: Path) -> None:
    assert_told(smollm2, SMOLLM2)


@pytest.mark.slow
@pytest.mark.real_model
def test_gemma3_behind_openings(gemma3: Path) -> None:
    assert_told(gemma3, GEMMA3)


@pytest.mark.slow
@pytest.mark.real_model
def test_without_openings_heads_of_smollm2_are_in_the_wrong_order(smollm2: Path) -> None:
    """The reason for openings: where every token sets off what the first one alone does, the order is turned around."""
    trace = gs.trace(smollm2, max_new_tokens=0)
    with gs.open(smollm2) as model:
        plain = propagate(model)
    assert agreement(predicted(plain, "entropy_share"), measured(trace, "entropy_share")) < 0
    assert predicted(plain, "residual_rms")[15] > 10 * measured(trace, "residual_rms")[15]
