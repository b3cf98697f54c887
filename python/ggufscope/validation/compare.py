"""One measured quantity beside everything that predicts it: order, sizes, and whether a baseline does as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .band_orders import orders_in_bands
from .estimates import estimate, undecided, verdict_of
from .matching import ENTROPY, measured_entropy
from .measured import measure
from .quantities import BASELINES, COMBINED
from .quantity_document import Against, Estimate, Point, Predictor, Quantity, widest
from .rank_kernels import kendall_rows, spearman_drawn, spearman_rows
from .resampling import interval, resampled_points, resampled_prompts, shares
from .sizes import FEWEST_FOR_VERDICT, size_of
from .sources import MissingError, predict, resolved

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.floats import Floats
    from ..runtime.trace_result import Trace
    from .matching import Matching
    from .measured import Measured
    from .quantities import Comparison, SourceScore
    from .quantity_document import BandOrder, Size
    from .sources import Prediction, Sources

    Flags = npt.NDArray[np.bool_]

_FEWEST_POINTS = 3  # for a rank correlation

BETTER, WORSE = "better than the baseline", "worse than the baseline"


@dataclass(frozen=True, eq=False)
class Resampled:
    """A measured quantity, as it is and over resampled prompts.

    Attributes:
        whole: at every point, (n,).
        drawn: the same for every resample, (m, n); m is 0 where there are too few prompts.
    """

    whole: Floats
    drawn: Floats

    @classmethod
    def of(cls, measured: Measured, seed: int) -> Resampled:
        n = len(measured.prompts)
        if n == 0:
            return cls(np.empty(0), np.empty((0, 0)))
        whole = measured.combine(np.full((1, n), 1 / n))[0]
        chunks = [measured.combine(shares(drawn)) for drawn in resampled_prompts(n, seed)]
        return cls(whole, np.concatenate(chunks) if chunks else np.empty((0, len(whole))))

    @cached_property
    def rows(self) -> Floats:
        """The whole, then the resamples, (1 + m, n)."""
        return np.concatenate([self.whole[None], self.drawn])


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A source's prediction at the points, (n,), NaN where it has none."""

    source: SourceScore
    prediction: Prediction
    values: Floats

    @property
    def there(self) -> Flags:
        return np.isfinite(self.values)


def compare(comparison: Comparison, trace: Trace, sources: Sources, seed: int) -> Quantity:
    """Measure a quantity, and put every prediction of it to the test."""
    weights, entropy = sources.analysis.document.settings.weights, measured_entropy(trace, sources.matching)
    measured = measure(comparison, trace, weights, sources.scale, entropy)
    resampled = Resampled.of(measured, seed)
    candidates, missing = _candidates(comparison, measured, resampled, sources)
    return Quantity(
        name=comparison.name,
        label=comparison.label,
        per=comparison.per,
        figure=comparison.figure,
        definition=_definition(comparison, trace, sources.matching),
        combined=COMBINED[comparison.combined],
        unit=comparison.unit,
        n_prompts=len(measured.prompts),
        n_left_out=len(trace.document.prompts) - len(measured.prompts),
        points=_points(measured, resampled, candidates),
        predictors=[_predictor(candidate, candidates, comparison, resampled, seed) for candidate in candidates],
        missing=missing,
        note=measured.note,
        bands=_in_bands(comparison, trace, sources, candidates),
    )


def _definition(comparison: Comparison, trace: Trace, matching: Matching | None) -> str:
    if comparison.figure is None:
        return "the risk index of the analysis, its components measured"
    figure = trace.document.figures.get(comparison.figure)
    definition = comparison.figure if figure is None else figure.definition
    if comparison.figure != ENTROPY or matching is None or matching.whole:
        return definition
    return f"{definition}; {matching.positions}"


def _in_bands(
    comparison: Comparison, trace: Trace, sources: Sources, candidates: list[_Candidate]
) -> list[BandOrder] | None:
    if comparison.per != "head" or comparison.figure != ENTROPY:
        return None
    return orders_in_bands(trace, sources, {each.source.name: each.prediction.values for each in candidates})


def _candidates(
    comparison: Comparison, measured: Measured, resampled: Resampled, sources: Sources
) -> tuple[list[_Candidate], dict[str, str]]:
    """The predictions of the quantity, and why the other sources have none; nothing where nothing was measured."""
    if measured.n_points == 0:
        return [], {}
    candidates: list[_Candidate] = []
    missing: dict[str, str] = {}
    for listed in comparison.sources:
        source = listed
        try:
            source = resolved(listed, sources)
            prediction = predict(comparison, source, sources)
        except MissingError as reason:
            missing[source.name] = str(reason)
            continue
        values = prediction.values[measured.places(comparison.per)]
        if source.either_way and _falls(values, resampled):
            prediction, values = replace(prediction, formula=_turned(prediction.formula)), -values
        if np.isfinite(values).any():
            candidates.append(_Candidate(source, prediction, values))
        else:
            missing[source.name] = f"{source.score} is undefined where it was measured"
    return candidates, missing


def _falls(values: Floats, resampled: Resampled) -> bool:
    """Whether a baseline that may rise or fall falls where what was measured rises. It is to have every advantage."""
    there = np.isfinite(values)
    measured = np.ascontiguousarray(resampled.whole[None, there])
    return bool(there.sum() > 1 and spearman_rows(values[there], measured)[0] < 0)


def _turned(formula: str) -> str:
    """The formula of the negative."""
    return formula.removeprefix("−") if formula.startswith("−") else f"{formula}, falling"


def _points(measured: Measured, resampled: Resampled, candidates: list[_Candidate]) -> list[Point]:
    ends = [interval(column) for column in resampled.drawn.T]
    return [
        Point(
            layer=int(measured.layers[place]),
            head=int(measured.heads[place]) if measured.heads[place] >= 0 else None,
            measured=float(resampled.whole[place]),
            low=ends[place].low,
            high=ends[place].high,
            predicted={
                candidate.source.name: float(candidate.values[place]) if candidate.there[place] else None
                for candidate in candidates
            },
        )
        for place in range(measured.n_points)
    ]


def _predictor(
    candidate: _Candidate, candidates: list[_Candidate], comparison: Comparison, resampled: Resampled, seed: int
) -> Predictor:
    is_baseline = candidate.source.name in BASELINES
    here = candidate.there
    rows = np.ascontiguousarray(resampled.rows[:, here])
    values = candidate.values[here]
    enough = len(values) >= _FEWEST_POINTS
    others = [] if is_baseline else [other for other in candidates if other.source.name in BASELINES]
    tests = (_against(candidate, other, resampled, comparison.per, seed) for other in others)
    against = [test for test in tests if test is not None]
    return Predictor(
        name=candidate.source.name,
        role="baseline" if is_baseline else "prediction",
        score=candidate.source.score,
        formula=candidate.prediction.formula,
        n_points=len(values),
        spearman=estimate(spearman_rows(values, rows)) if enough else None,
        kendall=estimate(kendall_rows(values, rows)) if enough else None,
        size=_size(comparison, values, rows, seed) if candidate.source.sized else None,
        against=against,
        verdict=_overall(against),
    )


def _size(comparison: Comparison, values: Floats, rows: Floats, seed: int) -> Size | None:
    return size_of(values, rows, relative=comparison.unit != "share", per=comparison.per, seed=seed)


def _against(candidate: _Candidate, baseline: _Candidate, resampled: Resampled, per: str, seed: int) -> Against | None:
    """The difference of Spearman's ρ on the points of both; None where one of them has none."""
    both = candidate.there & baseline.there
    n_points = int(both.sum())
    if n_points < _FEWEST_POINTS:
        return None
    rows = np.ascontiguousarray(resampled.rows[:, both])
    predicted, plain = candidate.values[both], baseline.values[both]
    over_prompts = estimate(spearman_rows(predicted, rows) - spearman_rows(plain, rows))
    if over_prompts is None:
        return None
    drawn = resampled_points(n_points, seed)
    differences = spearman_drawn(predicted, rows[0], drawn) - spearman_drawn(plain, rows[0], drawn)
    over_points = Estimate(over_prompts.value, *interval(differences))
    enough = n_points >= FEWEST_FOR_VERDICT
    across = undecided(n_points, per)
    verdict = verdict_of(BETTER, across, WORSE, widest(over_prompts, over_points)) if enough else None
    return Against(baseline.source.name, over_prompts, over_points, verdict)


def _overall(against: list[Against]) -> str | None:
    """Better only than all baselines; worse than any is worse; else as the first that leaves it undecided."""
    verdicts = {test.verdict for test in against}
    if not verdicts or None in verdicts:
        return None
    if WORSE in verdicts:
        return WORSE
    return next((test.verdict for test in against if test.verdict != BETTER), BETTER)
