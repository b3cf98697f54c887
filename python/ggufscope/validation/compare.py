"""One measured quantity beside everything that predicts it: order, sizes, and whether a baseline does as well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .estimates import estimate, verdict_of
from .measured import measure
from .quantities import BASELINES, COMBINED
from .rank_kernels import kendall_rows, spearman_drawn, spearman_rows
from .resampling import interval, resampled_points, resampled_prompts, shares
from .sizes import FEWEST_FOR_VERDICT, size_of
from .sources import MissingError, predict
from .validation_document import Against, Estimate, Point, Predictor, Quantity

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.floats import Floats
    from ..runtime.trace_result import Trace
    from .measured import Measured
    from .quantities import Rule, Source
    from .sources import Prediction, Sources

    Flags = npt.NDArray[np.bool_]

_FEWEST_POINTS = 3  # for a rank correlation

BETTER, SAME, WORSE = "better than the baseline", "no better than the baseline", "worse than the baseline"


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
class _Found:
    """A source's prediction at the points, (n,), NaN where it has none."""

    source: Source
    prediction: Prediction
    values: Floats

    @property
    def there(self) -> Flags:
        return np.isfinite(self.values)


def compare(rule: Rule, trace: Trace, given: Sources, seed: int) -> Quantity:
    """Measure a quantity, and put every prediction of it to the test."""
    measured = measure(rule, trace, given.analysis.document.settings.weights, given.scale)
    resampled = Resampled.of(measured, seed)
    found, missing = _predictions(rule, measured, resampled, given)
    known = None if rule.figure is None else trace.document.figures.get(rule.figure)
    definition = "the risk index of the analysis, its components measured" if rule.figure is None else rule.figure
    return Quantity(
        name=rule.name,
        label=rule.label,
        per=rule.per,
        figure=rule.figure,
        definition=known.definition if known is not None else definition,
        combined=COMBINED[rule.combined],
        unit=rule.unit,
        n_prompts=len(measured.prompts),
        n_left_out=len(trace.document.prompts) - len(measured.prompts),
        points=_points(measured, resampled, found),
        predictors=[_predictor(entry, found, rule, resampled, seed) for entry in found],
        missing=missing,
        note=measured.note,
    )


def _predictions(
    rule: Rule, measured: Measured, resampled: Resampled, given: Sources
) -> tuple[list[_Found], dict[str, str]]:
    """What predicts the quantity, and why the others do not; nothing where nothing was measured."""
    if measured.n_points == 0:
        return [], {}
    found: list[_Found] = []
    missing: dict[str, str] = {}
    places = (measured.layers, measured.heads) if rule.per == "head" else (measured.layers,)
    for source in rule.sources:
        try:
            prediction = predict(rule, source, given)
        except MissingError as reason:
            missing[source.name] = str(reason)
            continue
        values = prediction.values[places]
        if source.name == "depth":
            values = _fitting(values, resampled)
        if np.isfinite(values).any():
            found.append(_Found(source, prediction, values))
        else:
            missing[source.name] = f"{source.score} is undefined where it was measured"
    return found, missing


def _fitting(depth: Floats, resampled: Resampled) -> Floats:
    """Depth, rising or falling: as what was measured does. A baseline is to have every advantage."""
    return -depth if spearman_rows(depth, resampled.whole[None])[0] < 0 else depth


def _points(measured: Measured, resampled: Resampled, found: list[_Found]) -> list[Point]:
    ends = [interval(column) for column in resampled.drawn.T]
    return [
        Point(
            layer=int(measured.layers[place]),
            head=int(measured.heads[place]) if measured.heads[place] >= 0 else None,
            measured=float(resampled.whole[place]),
            low=ends[place].low,
            high=ends[place].high,
            predicted={
                entry.source.name: float(entry.values[place]) if entry.there[place] else None for entry in found
            },
        )
        for place in range(measured.n_points)
    ]


def _predictor(entry: _Found, found: list[_Found], rule: Rule, resampled: Resampled, seed: int) -> Predictor:
    is_baseline = entry.source.name in BASELINES
    here = entry.there
    rows = np.ascontiguousarray(resampled.rows[:, here])
    values = entry.values[here]
    enough = len(values) >= _FEWEST_POINTS
    others = [] if is_baseline else [other for other in found if other.source.name in BASELINES]
    against = [test for other in others if (test := _against(entry, other, resampled, seed)) is not None]
    falling = entry.source.name == "depth" and len(values) > 1 and values[-1] < values[0]
    return Predictor(
        name=entry.source.name,
        role="baseline" if is_baseline else "prediction",
        score=entry.source.score,
        formula=f"{entry.prediction.formula}, falling" if falling else entry.prediction.formula,
        n_points=len(values),
        spearman=estimate(spearman_rows(values, rows)) if enough else None,
        kendall=estimate(kendall_rows(values, rows)) if enough else None,
        size=size_of(values, rows, relative=rule.unit != "share", seed=seed) if entry.source.sized else None,
        against=against,
        verdict=_overall(against),
    )


def _against(entry: _Found, other: _Found, resampled: Resampled, seed: int) -> Against | None:
    """The difference of Spearman's ρ on the points of both; None where one of them has none."""
    both = entry.there & other.there
    n_points = int(both.sum())
    if n_points < _FEWEST_POINTS:
        return None
    rows = np.ascontiguousarray(resampled.rows[:, both])
    one, another = entry.values[both], other.values[both]
    found = estimate(spearman_rows(one, rows) - spearman_rows(another, rows))
    if found is None:
        return None
    drawn = resampled_points(n_points, seed)
    differences = spearman_drawn(one, rows[0], drawn) - spearman_drawn(another, rows[0], drawn)
    over_points = Estimate(found.value, *interval(differences))
    verdict = verdict_of((BETTER, SAME, WORSE), found, over_points) if n_points >= FEWEST_FOR_VERDICT else None
    return Against(other.source.name, found, over_points, verdict)


def _overall(against: list[Against]) -> str | None:
    """Better only than all baselines; worse than any is worse."""
    verdicts = {test.verdict for test in against}
    if not verdicts or None in verdicts:
        return None
    if WORSE in verdicts:
        return WORSE
    return BETTER if verdicts == {BETTER} else SAME
