"""Entropies are compared where trace and probe both have positions, and told band by band."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.runtime.bands import Band, bands_of
from ggufscope.runtime.trace_document import OVER_ALL_TOKENS, FigureRecord
from ggufscope.validation import validate
from ggufscope.validation.matching import match, measured_entropy, predicted_entropy
from ggufscope.validation.wording import bands_sentence
from support.comparisons import N_HEADS, N_LAYERS, make_analysis, make_trace

if TYPE_CHECKING:
    from ggufscope.analysis import Analysis

BANDS = (Band(1, 3), Band(4, 7), Band(8, 15))
SAVED = Path(__file__).parents[1] / "saving" / "saved"


def with_bands(lengths: list[int], seed: int, source: str = "prompts") -> tuple[gs.Trace, dict[Band, np.ndarray]]:
    """A trace of prompts of these lengths, its entropies those of its random bands, and these."""
    rng = np.random.default_rng(seed)
    tables = {band: rng.uniform(0, 1, (len(lengths), N_LAYERS, N_HEADS)) for band in BANDS}
    counts = {band: np.clip(np.minimum(band.last, np.array(lengths) - 1) - band.first + 1, 0, None) for band in BANDS}
    for band, table in tables.items():
        table[counts[band] == 0] = np.nan
    there = [band for band in BANDS if counts[band].any()]
    total = sum(counts[band][:, None, None] * np.nan_to_num(tables[band]) for band in there)
    whole = total / np.maximum(np.array(lengths) - 1, 1)[:, None, None]
    heads = {"entropy_share": whole, **{band.figure: tables[band] for band in there}}
    trace = make_trace(heads=heads, n_prompts=len(lengths), source=source)
    prompts = [
        dataclasses.replace(prompt, token_ids=list(range(length)))
        for prompt, length in zip(trace.document.prompts, lengths, strict=True)
    ]
    figures = trace.document.figures | {band.figure: FigureRecord(f"H of {band.key}", True) for band in there}
    return gs.Trace(dataclasses.replace(trace.document, prompts=prompts, figures=figures)), tables


def test_the_same_lengths_are_compared_as_they_are() -> None:
    trace, _ = with_bands([16] * 6, 0)
    probe, _ = with_bands([16] * 2, 1, "probe")
    matching = match(trace, probe)
    assert matching is not None
    assert matching.whole
    assert measured_entropy(trace, matching) is None
    np.testing.assert_allclose(predicted_entropy(probe, matching), probe.head_figure("entropy_share"), rtol=1e-12)


def test_a_longer_probe_is_weighted_by_the_positions_of_the_prompts() -> None:
    trace, _ = with_bands([8] * 6, 0)  # three positions of the first band, four of the second
    probe, tables = with_bands([16] * 2, 1, "probe")
    matching = match(trace, probe)
    assert matching is not None
    assert matching.whole
    np.testing.assert_allclose(matching.weights, [3 / 7, 4 / 7])
    expected = (3 * tables[BANDS[0]] + 4 * tables[BANDS[1]]) / 7
    np.testing.assert_allclose(predicted_entropy(probe, matching), expected, rtol=1e-12)


def test_of_longer_prompts_only_what_the_probe_has_counts(tiny_analysis: Analysis) -> None:
    lengths = [6, 16, 16, 16, 12, 9]
    trace, tables = with_bands(lengths, 0)
    probe, _ = with_bands([8] * 2, 1, "probe")
    matching = match(trace, probe)
    assert matching is not None
    assert not matching.whole
    assert matching.bands == BANDS[:2]
    np.testing.assert_allclose(matching.weights[0], np.mean([3 / 5, *[3 / 7] * 5]))
    second = np.array([2, 4, 4, 4, 4, 4])[:, None, None]
    expected = (3 * tables[BANDS[0]] + second * tables[BANDS[1]]) / (3 + second)
    measured = measured_entropy(trace, matching)
    assert measured is not None
    np.testing.assert_allclose(measured, expected, rtol=1e-12)
    quantity = validate(make_analysis(tiny_analysis), trace, probe=probe).quantities["head_entropy"]
    assert quantity.definition.endswith("in the positions 1 to 7, which the probe has, too")
    assert [point.measured for point in quantity.points] == pytest.approx(expected.mean(axis=0).reshape(-1))


def test_a_sequence_that_ends_early_counts_where_it_is() -> None:
    trace, _ = with_bands([16] * 6, 0)
    probe, tables = with_bands([16, 4], 1, "probe")
    entropy = predicted_entropy(probe, match(trace, probe))
    assert entropy is not None
    np.testing.assert_allclose(entropy[1], tables[BANDS[0]][1], rtol=1e-12)
    np.testing.assert_allclose(entropy[0], probe.head_figure("entropy_share")[0], rtol=1e-12)


def test_without_bands_all_positions_count(tiny_analysis: Analysis) -> None:
    """As where attention goes both ways, and in files of schema 1."""
    trace, _ = with_bands([16] * 6, 0)
    plain = make_trace(n_prompts=2, source="probe")
    assert bands_of(plain) == ()
    assert match(trace, plain) is None
    assert match(trace, None) is None
    entropy = trace.head_figure("entropy_share").mean(axis=0).reshape(-1)
    quantity = validate(make_analysis(tiny_analysis), trace, probe=plain).quantities["head_entropy"]
    assert [point.measured for point in quantity.points] == pytest.approx(entropy)


def test_orders_in_bands(tiny_analysis: Analysis) -> None:
    trace, tables = with_bands([6, 16, 16, 16, 12, 9], 0)
    probe, probed = with_bands([8] * 2, 1, "probe")
    found = validate(make_analysis(tiny_analysis), trace, probe=probe)
    quantity = found.quantities["head_entropy"]
    assert quantity.bands is not None
    assert [(band.first, band.last) for band in quantity.bands] == [(1, 3), (4, 7), (8, 15)]
    assert [band.n_prompts for band in quantity.bands] == [6, 6, 5]
    norms = np.array([point.predicted["norms"] for point in quantity.points], float)
    for band, of in zip(quantity.bands, BANDS, strict=True):
        measured = np.nanmean(tables[of], axis=0).reshape(-1)
        assert band.spearman["norms"] == pytest.approx(scipy.stats.spearmanr(norms, measured).statistic)
        own = of in BANDS[:2]
        assert ("probe" in band.by_band) is own
        values = [point.predicted["probe"] for point in quantity.points]
        predicted = probed[of].mean(axis=0).reshape(-1) if own else np.array(values, float)
        assert band.spearman["probe"] == pytest.approx(scipy.stats.spearmanr(predicted, measured).statistic)
    sentence = bands_sentence(quantity)
    assert sentence is not None
    assert sentence.startswith("in positions 1–3, 4–7, 8–15 of a text: ")
    assert sentence in found.document.findings
    assert "Orders of heads by attention entropy, in bands of positions" in found.to_markdown()
    assert gs.Validation.from_json(found.to_json()) == found
    assert all(each.bands is None for name, each in found.quantities.items() if name != "head_entropy")


def test_a_trace_of_schema_1_is_compared_and_told() -> None:
    """Of the first release, its sizes over all tokens; the findings of then stay readable."""
    found = validate(SAVED / "analysis-report.json", SAVED / "trace.json")
    assert OVER_ALL_TOKENS in found.document.warnings
    assert found.quantities["head_entropy"].bands is None
    assert found.quantities["residual_rms"].points
    earlier = gs.Validation.load(SAVED / "validation.json")
    assert earlier.document.schema == "ggufscope.validation/1"
    sizes = [each.size for each in earlier.quantities["residual_rms"].predictors if each.size is not None]
    assert sizes
    assert all(size.magnitude == size.mean_absolute for size in sizes)
