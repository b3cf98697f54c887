"""A probe in the model's own words says how a trained model reads prompts; the least values are those of three seeds.

The fast test has the model that comes along, the slow ones two of today's families, an instruct and a base model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.validation.compare import BETTER, WORSE

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

SEEDS = (0, 1, 2)
SIZES = ("q", "k", "v", "gate", "up", "attention_output", "ffn_output", "ffn_norm", "residual")


@dataclass(frozen=True)
class Least:
    """Rank correlations with the built-in prompts that a probe has at least, and the error of sizes at most.

    Attributes:
        heads: of all heads by entropy.
        first: of all heads by attention on the first token.
        layers: of layers by figure; entropy is the mean over the heads of a layer.
        sizes: median over rms figures and layers of the relative error.
    """

    heads: float
    first: float
    layers: dict[str, float]
    sizes: float


STORIES = Least(heads=0.91, first=0.86, layers={}, sizes=0.08)
SMOLLM2 = Least(
    heads=0.93,
    first=0.95,
    layers={"entropy_share": 0.94, "ffn_attention_ratio": 0.93, "q_rms": 0.95, "k_rms": 0.82}
    | {"gated_near_zero_share": 0.95},
    sizes=0.07,
)
GEMMA3 = Least(
    heads=0.91,
    first=0.90,
    layers={"entropy_share": 0.92, "ffn_attention_ratio": 0.91, "q_rms": 0.95, "k_rms": 0.94}
    | {"gated_near_zero_share": 0.89},
    sizes=0.13,
)


def heads_by(trace: gs.Trace, figure: str) -> Floats:
    """(layers, heads), the mean over what was read."""
    return trace.head_figure(figure).mean(axis=0)


def layers_by(trace: gs.Trace, figure: str) -> Floats:
    """(layers,), the mean over what was read."""
    if figure == "entropy_share":
        return heads_by(trace, figure).mean(axis=1)
    return trace.layer_figure(figure).mean(axis=0)


def agreement(one: Floats, other: Floats) -> float:
    return float(scipy.stats.spearmanr(one.reshape(-1), other.reshape(-1)).statistic)


@cache
def read_prompts(model: Path) -> gs.Trace:
    return gs.trace(model, max_new_tokens=0)


@cache
def read_own_words(model: Path, seed: int) -> gs.Trace:
    return gs.trace(model, probe="own", seed=seed)


@cache
def analysed(model: Path) -> gs.Analysis:
    return gs.analyze(model)


def assert_told(model: Path, least: Least) -> None:
    """Probes of three seeds order heads and layers as the built-in prompts do, and have their sizes."""
    prompts = read_prompts(model)
    for seed in SEEDS:
        probe = read_own_words(model, seed)
        assert probe.document.settings.probe_kind == "own"
        for figure, lowest in (("entropy_share", least.heads), ("first_token_share", least.first)):
            assert agreement(heads_by(probe, figure), heads_by(prompts, figure)) >= lowest, (seed, figure)
        for figure, lowest in least.layers.items():
            assert agreement(layers_by(probe, figure), layers_by(prompts, figure)) >= lowest, (seed, figure)
        errors = [layers_by(probe, f"{name}_rms") / layers_by(prompts, f"{name}_rms") - 1 for name in SIZES]
        assert np.median(np.abs(errors)) <= least.sizes, seed


def test_stories260k(stories260k: Path) -> None:
    assert_told(stories260k, STORIES)


@pytest.mark.slow
def test_smollm2(smollm2: Path) -> None:
    assert_told(smollm2, SMOLLM2)


@pytest.mark.slow
def test_gemma3(gemma3: Path) -> None:
    assert_told(gemma3, GEMMA3)


def verdicts(model: Path, seed: int) -> list[str | None]:
    """The verdicts on what a probe of this seed says of the order of heads and layers."""
    validation = gs.validate(analysed(model), read_prompts(model), probe=read_own_words(model, seed))
    assert validation.document.probe is not None
    assert validation.document.probe.probe == "own"
    predictors = [each for quantity in validation.document.quantities for each in quantity.predictors]
    return [each.verdict for each in predictors if each.name == "probe"]


@pytest.mark.slow
@pytest.mark.real_model
@pytest.mark.parametrize(
    ("name", "seed", "better"),
    [
        ("smollm2", 0, 12),
        ("smollm2", 1, 11),
        ("smollm2", 2, 10),
        ("gemma3", 0, 11),
        ("gemma3", 1, 12),
        ("gemma3", 2, 13),
    ],
)
def test_it_orders_better_than_what_the_weights_say(
    name: str, seed: int, better: int, request: pytest.FixtureRequest
) -> None:
    """Of the orders of heads and layers most are better than any baseline, and none is worse.

    Depth alone orders SmolLM2's layers by gate, up, FFN norm and residual stream with ρ of 0.96 to 0.998: 30 layers do
    not tell a better order from that for every seed.
    """
    told = verdicts(request.getfixturevalue(name), seed)
    assert len(told) == 16
    assert told.count(BETTER) >= better
    assert told.count(WORSE) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_of_stories260k_is_worse_than_what_the_weights_say(stories260k: Path, seed: int) -> None:
    """Five layers decide nothing: the order of its heads alone is tested."""
    told = verdicts(stories260k, seed)
    assert [verdict is None for verdict in told] == [False] * 2 + [True] * 14
    assert told.count(WORSE) == 0


@pytest.mark.slow
def test_smollm2_is_asked_in_its_own_form(smollm2: Path) -> None:
    """Its template stands around what it writes, which is text that nobody has to tokenize."""
    trace = gs.trace(smollm2, probe="own:1").document
    record, (prompt,) = trace.settings.probe, trace.prompts
    assert record is not None
    assert trace.settings.template == "chatml"
    assert prompt.wrapped is not None
    assert prompt.wrapped.startswith("<|im_start|>user\n")
    assert prompt.wrapped.endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert len(prompt.token_ids) == len(record.before) + record.length + len(record.behind) == 32
