"""Predicted against measured: values by hand, planted relations, and what cannot be compared."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.analysis import Analysis
from ggufscope.analysis.presets.probe import ANALOGUES
from ggufscope.errors import ValidationError
from ggufscope.validation import Validation, validate
from ggufscope.validation.compare import BETTER, WORSE, compare
from ggufscope.validation.matching import match
from ggufscope.validation.quantities import BASELINES, COMPARISONS
from ggufscope.validation.sizes import CLOSER, FURTHER, size_of
from ggufscope.validation.sources import PREDICT, Sources
from ggufscope.validation.wording import verdict_text, with_interval
from support.comparisons import N_HEADS, N_LAYERS, make_analysis, make_trace

if TYPE_CHECKING:
    from ggufscope.validation.quantity_document import Predictor

RISING = np.linspace(1.0, 2.0, N_LAYERS)
SHUFFLED = RISING[[3, 0, 6, 1, 7, 4, 2, 5]]


def predictor(found: Validation, quantity: str, name: str) -> Predictor:
    return next(entry for entry in found.quantities[quantity].predictors if entry.name == name)


def alike(values: np.ndarray, n_prompts: int = 6, noise: float = 0.0) -> np.ndarray:
    """The same values in every prompt, but for noise."""
    table = np.repeat(values[None], n_prompts, axis=0)
    return table * (1 + noise * np.random.default_rng(1).standard_normal(table.shape))


def test_registry_is_consistent() -> None:
    names = [comparison.name for comparison in COMPARISONS]
    assert len(set(names)) == len(names)
    for comparison in COMPARISONS:
        sources = [source.name for source in comparison.sources]
        assert len(set(sources)) == len(sources)
        assert set(sources) <= set(PREDICT)
        assert set(sources) & set(BASELINES), comparison.name


def test_every_quantity_is_there(tiny_analysis: Analysis) -> None:
    found = validate(make_analysis(tiny_analysis), make_trace())
    assert [quantity.name for quantity in found.document.quantities] == [comparison.name for comparison in COMPARISONS]
    for quantity in found.document.quantities:
        assert len(quantity.points) == (N_LAYERS * N_HEADS if quantity.per == "head" else N_LAYERS)
        assert {entry.name for entry in quantity.predictors} | set(quantity.missing) == {
            source.name
            for comparison in COMPARISONS
            if comparison.name == quantity.name
            for source in comparison.sources
        }
        for point in quantity.points:
            assert point.predicted.keys() == {entry.name for entry in quantity.predictors}
            assert point.low is not None
            assert point.high is not None
            assert point.low <= point.measured <= point.high


def test_correlations_are_those_of_the_points(tiny_analysis: Analysis) -> None:
    found = validate(make_analysis(tiny_analysis), make_trace(), probe=make_trace(n_prompts=1, source="probe", seed=9))
    tested = 0
    for quantity in found.document.quantities:
        for entry in quantity.predictors:
            pairs = [
                (value, point.measured)
                for point in quantity.points
                if (value := point.predicted[entry.name]) is not None
            ]
            assert len(pairs) == entry.n_points
            if entry.spearman is None or entry.kendall is None:
                assert len({value for value, _ in pairs}) == 1
                continue
            predicted, measured = np.array(pairs).T
            assert entry.spearman.value == pytest.approx(scipy.stats.spearmanr(predicted, measured).statistic)
            assert entry.kendall.value == pytest.approx(scipy.stats.kendalltau(predicted, measured).statistic)
            tested += 1
    assert tested > 40


def test_measured_over_prompts(tiny_analysis: Analysis) -> None:
    rng = np.random.default_rng(5)
    ratio, rms = rng.uniform(1, 2, (6, N_LAYERS)), rng.uniform(1, 2, (6, N_LAYERS))
    entropy = rng.uniform(0, 1, (6, N_LAYERS, N_HEADS))
    trace = make_trace({"ffn_attention_ratio": ratio, "residual_rms": rms}, {"entropy_share": entropy})
    found = validate(make_analysis(tiny_analysis), trace).quantities

    def measured(name: str) -> list[float]:
        return [point.measured for point in found[name].points]

    assert measured("ffn_attention_ratio") == pytest.approx(ratio.mean(axis=0))
    assert measured("residual_rms") == pytest.approx(np.sqrt(np.square(rms).mean(axis=0)))
    assert measured("head_entropy") == pytest.approx(entropy.mean(axis=0).reshape(-1))
    assert measured("attention_entropy") == pytest.approx(entropy.mean(axis=(0, 2)))
    heads = [(point.layer, point.head) for point in found["head_entropy"].points]
    assert heads == [(layer, head) for layer in range(N_LAYERS) for head in range(N_HEADS)]


def test_a_planted_order_beats_the_baseline(tiny_analysis: Analysis) -> None:
    trace = make_trace({"residual_rms": alike(SHUFFLED, noise=0.01)})
    found = validate(make_analysis(tiny_analysis, residual_rms=SHUFFLED), trace)
    entry = predictor(found, "residual_rms", "propagation")
    assert entry.spearman is not None
    assert entry.spearman.value == pytest.approx(1.0)
    assert entry.verdict == BETTER
    assert entry.size is not None
    assert entry.size.mean_absolute.value < 0.01
    assert entry.size.verdict == CLOSER
    assert "better than the baseline" in " ".join(found.document.findings)


def test_what_depth_tells_as_well_is_undecided(tiny_analysis: Analysis) -> None:
    trace = make_trace({"residual_rms": alike(RISING, noise=0.01)})
    found = validate(make_analysis(tiny_analysis, residual_rms=RISING), trace)
    entry = predictor(found, "residual_rms", "propagation")
    assert entry.verdict == f"undecided with {N_LAYERS} layers"
    assert f"over depth: undecided with {N_LAYERS} layers" in " ".join(found.document.findings)


def test_the_interval_that_decides_is_the_one_that_is_printed(tiny_analysis: Analysis) -> None:
    """It holds the one over prompts and the one over points, and is across 0 if and only if nothing is decided."""
    rng = np.random.default_rng(5)
    for noise in (0.02, 0.2, 0.6):
        trace = make_trace({"residual_rms": alike(SHUFFLED, noise=noise)})
        predicted = SHUFFLED * np.exp(noise * rng.normal(size=N_LAYERS))
        found = validate(make_analysis(tiny_analysis, residual_rms=predicted), trace)
        entry = predictor(found, "residual_rms", "propagation")
        (test,) = entry.against
        for part in (test.difference, test.over_points):
            assert test.deciding.low <= part.low
            assert part.high <= test.deciding.high
        decided = test.deciding.low > 0 or test.deciding.high < 0
        assert (entry.verdict in {BETTER, WORSE}) is decided
        assert with_interval(test.deciding) in verdict_text(entry)
        assert verdict_text(entry) in " ".join(found.document.findings) or entry.name not in found.document.findings


def test_a_wrong_order_is_worse_and_depth_may_fall(tiny_analysis: Analysis) -> None:
    trace = make_trace({"residual_rms": alike(RISING[::-1], noise=0.01)})
    found = validate(make_analysis(tiny_analysis, residual_rms=RISING), trace)
    entry, depth = (predictor(found, "residual_rms", name) for name in ("propagation", "depth"))
    assert entry.spearman is not None
    assert depth.spearman is not None
    assert (entry.spearman.value, depth.spearman.value) == (pytest.approx(-1), pytest.approx(1))
    assert entry.verdict == WORSE
    assert depth.verdict is None
    assert depth.formula == "number of the layer, falling"
    assert [entry.against[0].difference.value] == pytest.approx([-2.0])


def test_heads_against_the_plain_ranking(tiny_analysis: Analysis) -> None:
    rng = np.random.default_rng(0)
    entropy, unrelated = rng.uniform(0.2, 0.8, (2, N_LAYERS, N_HEADS))
    trace = make_trace(heads={"entropy_share": alike(entropy, noise=0.01)})
    found = validate(make_analysis(tiny_analysis, head_entropy=entropy, baseline=unrelated), trace)
    assert predictor(found, "head_entropy", "propagation").verdict == BETTER
    found = validate(make_analysis(tiny_analysis, head_entropy=unrelated, baseline=entropy), trace)
    assert predictor(found, "head_entropy", "propagation").verdict == WORSE


def test_noise_is_not_better_than_noise(tiny_analysis: Analysis) -> None:
    """Neither prediction nor baseline has to do with what was measured: verdicts for it are rare."""
    comparison = next(each for each in COMPARISONS if each.name == "head_entropy")
    verdicts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        trace = make_trace(heads={"entropy_share": rng.uniform(0, 1, (6, N_LAYERS, N_HEADS))}).as_saved()
        one, other = rng.uniform(0, 1, (2, N_LAYERS, N_HEADS))
        analysis = make_analysis(tiny_analysis, head_entropy=one, baseline=other).as_saved()
        sources = Sources(analysis, None, trace.document.model.n_heads, match(trace, None))
        predictors = {each.name: each for each in compare(comparison, trace, sources, seed=0).predictors}
        verdicts.append(predictors["propagation"].verdict)
    assert verdicts.count(f"undecided with {N_LAYERS * N_HEADS} heads") >= 17


def test_sizes_by_hand() -> None:
    rows = np.array([[1.0, 2.0, 8.0]])
    found = size_of(np.array([1.1, 1.6, 8.0]), rows, relative=True, per="layer")
    assert found is not None
    assert found.mean.value == pytest.approx(-0.1 / 3)
    assert found.mean_absolute.value == pytest.approx(0.3 / 3)
    assert found.magnitude == found.median_absolute
    assert found.magnitude.value == pytest.approx(0.1)
    assert (found.lowest, found.highest) == (pytest.approx(-0.2), pytest.approx(0.1))
    assert found.constant == pytest.approx(0.75)  # of 2, the median: off by 1, 0 and 0.75
    assert found.against_constant.value == pytest.approx(0.1 - 0.75)
    shares = size_of(np.array([0.1, 0.5]), np.array([[0.2, 0.4]]), relative=False, per="layer")
    assert shares is not None
    assert (shares.mean.value, shares.mean_absolute.value) == (pytest.approx(0), pytest.approx(0.1))
    assert shares.constant == pytest.approx(0.1)
    assert size_of(np.array([1.0]), np.array([[0.0]]), relative=True, per="layer") is None


def test_a_constant_may_be_closer(tiny_analysis: Analysis) -> None:
    trace = make_trace({"residual_rms": alike(SHUFFLED, noise=0.01)})
    found = validate(make_analysis(tiny_analysis, residual_rms=3 * SHUFFLED), trace)
    entry = predictor(found, "residual_rms", "propagation")
    assert entry.size is not None
    assert entry.size.mean.value == pytest.approx(2.0, abs=0.05)
    assert entry.size.verdict == FURTHER
    assert entry.verdict == BETTER


def test_the_probe_is_what_it_measured(tiny_analysis: Analysis) -> None:
    probe = make_trace({"q_rms": SHUFFLED[None]}, n_prompts=1, source="probe")
    found = validate(make_analysis(tiny_analysis), make_trace({"q_rms": alike(SHUFFLED, noise=0.01)}), probe=probe)
    values = [point.predicted["probe"] for point in found.quantities["q_rms"].points]
    assert values == pytest.approx(SHUFFLED)
    assert predictor(found, "q_rms", "probe").verdict == BETTER
    assert found.document.probe is not None
    assert found.document.probe.n_tokens == 3


def test_the_probe_of_an_analysis(tiny_model, tiny_analysis: Analysis) -> None:
    analysis = gs.analyze(tiny_model, probe=16)
    trace = gs.trace(tiny_model, probe=24, seed=4)
    found = validate(analysis, trace)
    (preset,) = analysis.document.other_presets
    assert preset.name == "probe"
    entry = predictor(found, "head_entropy", "probe")
    assert entry.n_points == N_LAYERS * N_HEADS
    first = found.quantities["head_entropy"].points[0].predicted
    assert first["probe"] == pytest.approx(preset.per_head["head_entropy"][0][0], rel=1e-9)
    assert first["norms"] == pytest.approx(preset.per_head["baseline"][0][0], rel=1e-9)
    assert "did not keep q_rms" in found.quantities["q_rms"].missing["probe"]
    assert predictor(found, "residual_rms", "probe").size is not None
    assert "no preset propagation" in found.quantities["residual_rms"].missing["propagation"]
    as_long = gs.trace(tiny_model, probe=16, seed=4)
    both = validate(tiny_analysis, as_long, probe=gs.trace(tiny_model, probe=16))
    traced = predictor(both, "head_entropy", "probe").spearman
    preset_alone = predictor(validate(analysis, as_long), "head_entropy", "probe").spearman
    assert traced is not None
    assert preset_alone is not None
    # A trace has seven digits, an analysis ten: resamples may tie in one and not in the other.
    assert (traced.value, traced.low, traced.high) == pytest.approx(
        (preset_alone.value, preset_alone.low, preset_alone.high), abs=2e-3
    )


def test_the_index_is_measured_as_it_is_computed(tiny_analysis: Analysis) -> None:
    rng = np.random.default_rng(2)
    tables = {name: alike(rng.uniform(1, 2, N_LAYERS)) for name in ANALOGUES.values() if name != "entropy_share"}
    entropy = rng.uniform(0.2, 0.8, (N_LAYERS, N_HEADS))
    found = validate(make_analysis(tiny_analysis), make_trace(tables, {"entropy_share": alike(entropy)}))
    columns = [entropy.mean(axis=1), *(tables[name][0] for name in ANALOGUES.values() if name != "entropy_share")]
    scaled = [(column - column.min()) / np.ptp(column) for column in columns]
    expected = 100 * np.mean(scaled, axis=0)
    assert [point.measured for point in found.quantities["risk"].points] == pytest.approx(expected)
    assert predictor(found, "risk", "heuristic").size is None


def test_undefined_values_are_left_out(tiny_analysis: Analysis) -> None:
    table = alike(SHUFFLED)
    table[:, 2] = np.nan  # a layer in no prompt
    table[1, 0] = np.nan  # a prompt that lacks another
    predicted = SHUFFLED.copy()
    predicted[5] = np.nan
    found = validate(make_analysis(tiny_analysis, residual_rms=predicted), make_trace({"residual_rms": table}))
    quantity = found.quantities["residual_rms"]
    assert [point.layer for point in quantity.points] == [0, 1, 3, 4, 5, 6, 7]
    assert (quantity.n_prompts, quantity.n_left_out) == (5, 1)
    assert quantity.points[4].predicted["propagation"] is None
    assert predictor(found, "residual_rms", "propagation").n_points == 6
    assert predictor(found, "residual_rms", "propagation").verdict is None  # fewer than eight points
    assert any("residual stream rms: undefined somewhere in 1 of 6" in note for note in found.document.notes)


def test_nothing_measured(tiny_analysis: Analysis) -> None:
    trace = make_trace({"gate_rms": np.full((6, N_LAYERS), np.nan)})
    quantity = validate(make_analysis(tiny_analysis), trace).quantities["gate_rms"]
    assert (quantity.points, quantity.predictors) == ([], [])
    assert quantity.note == "it is not defined in any prompt"


def test_few_prompts_give_no_intervals(tiny_analysis: Analysis) -> None:
    found = validate(make_analysis(tiny_analysis), make_trace(n_prompts=4))
    for quantity in found.document.quantities:
        assert all(point.low is None for point in quantity.points)
        assert all(entry.verdict is None for entry in quantity.predictors)
    assert any("they take 5 prompts" in note for note in found.document.notes)


def test_deterministic_and_seeded(tiny_analysis: Analysis) -> None:
    def text(seed: int) -> str:
        document = validate(make_analysis(tiny_analysis), make_trace(), seed=seed).document
        return Validation(dataclasses.replace(document, run=None)).to_json()

    assert text(0) == text(0)
    assert text(0) != text(1)
    with pytest.raises(ValueError, match="seed must be"):
        validate(make_analysis(tiny_analysis), make_trace(), seed=-1)


def test_different_models_are_refused(tiny_analysis: Analysis) -> None:
    analysis, trace = make_analysis(tiny_analysis), make_trace(identity="sha256:" + "b" * 64)
    with pytest.raises(ValidationError, match=r"of different models: .*sha256:aaaaaaaaaaaaa.*sha256:bbbbbbbbbbbbb"):
        validate(analysis, trace)
    with pytest.raises(ValidationError, match="of different models: the probe"):
        validate(analysis, make_trace(), probe=make_trace(identity="sha256:" + "b" * 64, source="probe"))
    with pytest.raises(ValidationError, match="neither of own words nor of random tokens"):
        validate(analysis, make_trace(), probe=make_trace())
    document = analysis.document
    unknown = Analysis(dataclasses.replace(document, model=dataclasses.replace(document.model, identity=None)))
    with pytest.raises(ValidationError, match="does not know which model file"):
        validate(unknown, make_trace())
