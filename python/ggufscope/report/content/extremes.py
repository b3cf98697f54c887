"""The matrices with the most extreme statistics, each beside the usual value."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from .blocks import Panel, Paragraph, TextTable, heads
from .cells import number, percent
from .words import Link, Own, Rounded, own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...profiles.profile_result import Profile
    from .shown import Shown
    from .words import Words

_FEWEST = 3  # matrices: of fewer, none is unusual


class _Statistic(NamedTuple):
    """A statistic of matrices: its field, its name for readers, and how it is written."""

    field: str
    label: str
    text: Callable[[float | None], Own] = number


def _percent(share: float | None) -> Own:
    return Own(f"{percent(share)} %")


_STATISTICS = (
    _Statistic("abs_max", "largest weight"),
    _Statistic("rms", "largest rms"),
    _Statistic("kurtosis", "heaviest tails"),
    _Statistic("outlier_fraction_6", "most outliers", _percent),
    _Statistic("sparsity", "most near zero", _percent),
)


def extremes(shown: Shown) -> Iterator[Panel]:
    """The matrix with the largest value of each statistic, and the median over all matrices."""
    if shown.profile is None:
        return
    rows = list(_rows(shown.profile))
    if not rows:
        return
    table = TextTable(
        "extremes",
        Own("The most extreme matrices"),
        heads("statistic", "matrix", "value", "median", numeric="value|median"),
        rows,
        folded=False,
    )
    link = Paragraph(
        own("Tails by excess kurtosis, outliers beyond 6 σ. {}.", Link("All tensors", "table-tensors")), "aside"
    )
    yield Panel(Own("The most extreme matrices"), [table, link])


def _rows(profile: Profile) -> Iterator[tuple[Words, ...]]:
    matrices = [row for row in profile.tensors.values() if row.is_matrix]
    for field, label, text in _STATISTICS:
        known = [(value, row.name) for row in matrices if (value := row.get(field)) is not None]
        if len(known) < _FEWEST:
            continue
        (value, name), usual = max(known, key=lambda pair: pair[0]), median(value for value, _ in known)
        if value > 0:
            yield (
                Own(label),
                str(name).removesuffix(".weight"),
                Rounded(text(value), value),
                Rounded(text(usual), usual),
            )
