"""The layout of a quantity in a saved validation: its points, and everything that predicts it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval over resampled prompts; no interval where there were too few prompts.

    Attributes:
        value: the number.
        low: low end of the interval; None without one.
        high: high end of it.
    """

    value: float
    low: float | None = None
    high: float | None = None


def widest(first: Estimate, second: Estimate) -> Estimate:
    """A number that has two intervals with the one that holds both, which decides; without one where either has none.

    >>> widest(Estimate(0.5, 0.4, 0.6), Estimate(0.5, -0.1, 0.55))
    Estimate(value=0.5, low=-0.1, high=0.6)
    """
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return Estimate(first.value)
    return Estimate(first.value, min(first.low, second.low), max(first.high, second.high))


@dataclass(frozen=True)
class Point:
    """A layer, or a head of one.

    Attributes:
        layer: its number.
        head: number of the query head; None for a whole layer.
        measured: over the prompts; see `Quantity.combined`.
        low, high: its 95 % interval over resampled prompts.
        predicted: predictor → its value here, in its own unit.
    """

    layer: int
    head: int | None
    measured: float
    low: float | None
    high: float | None
    predicted: dict[str, float | None]


@dataclass(frozen=True)
class Size:
    """Errors of a predictor that predicts the measured number itself.

    Attributes:
        kind: `"relative"`: predicted / measured − 1; `"difference"`: predicted − measured, of shares.
        mean: of the errors over the points.
        mean_absolute: mean of their magnitudes.
        lowest, highest: of the errors.
        constant: the median magnitude of the errors of one number for all points, the best that is known after
            measuring: the median of what was measured. In files of schema 1 their mean, of the geometric mean, for
            differences the mean.
        against_constant: `magnitude` − constant; below 0 the predictor is closer.
        over_points: the same, its interval over resampled points.
        verdict: `"closer than a constant"`, `"further off than a constant"`, or `"undecided with 18 layers"` where the
            interval that decides is across 0; None without an interval, and for fewer than eight points.
        median_absolute: median of the magnitudes of errors; None in files of schema 1.
    """

    kind: str
    mean: Estimate
    mean_absolute: Estimate
    lowest: float
    highest: float
    constant: float
    against_constant: Estimate
    over_points: Estimate
    verdict: str | None
    median_absolute: Estimate | None = None

    @property
    def magnitude(self) -> Estimate:
        """The magnitude of errors that is told: the median, in files of schema 1 the mean."""
        return self.mean_absolute if self.median_absolute is None else self.median_absolute

    @property
    def deciding(self) -> Estimate:
        """The difference to the constant with the interval that decides: over prompts and over points."""
        return widest(self.against_constant, self.over_points)


@dataclass(frozen=True)
class Against:
    """Spearman's ρ of a predictor minus that of a baseline, on the points that both have.

    Attributes:
        baseline: `"norms"` or `"depth"`.
        difference: its interval is over resampled prompts.
        over_points: the same difference; its interval is over resampled points.
        verdict: what both intervals say; see `Predictor`.
    """

    baseline: str
    difference: Estimate
    over_points: Estimate
    verdict: str | None

    @property
    def deciding(self) -> Estimate:
        """The difference with the interval that decides: over prompts and over points."""
        return widest(self.difference, self.over_points)


@dataclass(frozen=True)
class Predictor:
    """One source beside a quantity: how well it predicts its order and, where it is meant to, its size.

    Attributes:
        name: `heuristic`, `propagation`, `probe`; baselines are `norms` and `depth`.
        role: `"prediction"` or `"baseline"`.
        score: what it is in the analysis or the probe.
        formula: as people read it.
        n_points: that it has a value for.
        spearman, kendall: rank correlation over the points; None for fewer than three, or where either is constant.
        size: None where it is not in the unit of what is measured.
        against: each baseline of the quantity.
        verdict: of all `against`: `"better than the baseline"` if it is better than each, `"worse than the baseline"`
            if worse than any, else `"undecided with 18 layers"`; None for baselines, without intervals, and for fewer
            than eight points. Files of the first release have `"no better than the baseline"` for the last.
    """

    name: str
    role: str
    score: str
    formula: str
    n_points: int
    spearman: Estimate | None
    kendall: Estimate | None
    size: Size | None
    against: list[Against] = field(default_factory=list)
    verdict: str | None = None

    @property
    def strongest(self) -> Against | None:
        """The baseline that decides the verdict: of those that are as good as it, the one that is hardest to beat."""
        deciding = [test for test in self.against if test.verdict == self.verdict] or self.against
        return min(deciding, key=lambda test: test.difference.value, default=None)


@dataclass(frozen=True)
class BandOrder:
    """The order of heads by their entropy in one band of positions.

    Attributes:
        first, last: positions of the band.
        n_prompts: that reach it.
        spearman: predictor → its rank correlation over the heads; None where it is undefined.
        by_band: the predictors that predict this band; the others have one number of a head for all positions.
    """

    first: int
    last: int
    n_prompts: int
    spearman: dict[str, float | None]
    by_band: list[str]

    @property
    def label(self) -> str:
        """The positions, as `4–7`."""
        return f"{self.first}–{self.last}"


@dataclass(frozen=True)
class Quantity:
    """One measured quantity and everything that predicts it.

    Attributes:
        name: unique within the file.
        label: for tables and axes.
        per: `"layer"` or `"head"`.
        figure: of the trace; None for the index, which is made of several.
        definition: what is measured.
        combined: how the prompts make one number of each point.
        unit: `"share"`, `"nats"`, `"points"` or `""`.
        n_prompts: that the number is of.
        n_left_out: prompts in which it is undefined somewhere.
        points: empty where nothing was measured.
        predictors: in the order of the registry.
        missing: predictor → why it is not here.
        note: what to know of the quantity as a whole, as why nothing was measured; None for nothing.
        bands: orders of heads by entropy in bands of positions; None of other quantities, and where there are none.
    """

    name: str
    label: str
    per: str
    figure: str | None
    definition: str
    combined: str
    unit: str
    n_prompts: int
    n_left_out: int
    points: list[Point]
    predictors: list[Predictor]
    missing: dict[str, str]
    note: str | None
    bands: list[BandOrder] | None = None
