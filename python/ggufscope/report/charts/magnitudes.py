"""How large the weights of each role are, on a logarithmic axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from .access import profile_of
from .axes import chart_of, drawn_roles, log_ticks, marks, only, role_y
from .labels import PLAIN, number_label
from .registry import LeftOutError, chart
from .words import name, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...profiles.magnitudes import MagnitudeSketch
    from ...profiles.profile_result import Profile
    from ..content.chart import Specification
    from ..content.results import ReportData

THINNEST = 0.005
WHOLE = "all weights"
LINE = 26  # pixels of a role


@chart("magnitudes")
def magnitudes(data: ReportData) -> Iterator[Chart]:
    """How large the weights of each role are, on a logarithmic axis."""
    profile = profile_of(data)
    if not profile.magnitudes:
        fast = profile.settings.fast
        raise LeftOutError("a fast profile has no histograms" if fast else "the profile has no magnitudes")
    if not any(sketch.share for sketch in profile.magnitudes):
        raise LeftOutError("every weight is 0")
    labels = drawn_roles((sketch.role for sketch in profile.magnitudes), WHOLE)
    sentence = _spread(profile)
    yield Chart(
        name="magnitudes",
        title="How large the weights are, by role",
        sentence=sentence,
        definition=(
            "Thickness: share of the weights per octave of magnitude, relative to the thickest place of the role, from"
            " the exact histogram. The stroke marks the rms. Zeros have no place on a logarithmic axis, and what is"
            f" thinner than {THINNEST:g} of the thickest is not drawn; both are in the table."
            f"{only(len(profile.roles))}"
        ),
        alt=f"One shape per role over a logarithmic axis of magnitudes. {sentence}",
        table=_magnitude_table(profile.magnitudes),
        specification=_magnitude_picture(profile, labels),
    )


def _spread(profile: Profile) -> str:
    known = [(row.role, row.rms) for row in profile.roles_of("matrix") if row.rms is not None]
    if not known:
        return f"The root mean square of all weights is {number(profile.total.rms)}."
    low, high = (pick(known, key=lambda pair: pair[1]) for pick in (min, max))
    if low[0] == high[0]:
        return f"The root mean square of {name(low[0])} is {number(low[1])}."
    ends = f"{number(low[1])} ({name(low[0])}) and {number(high[1])} ({name(high[0])})"
    return f"The root mean square of the matrices of a role lies between {ends}."


def _magnitude_table(sketches: list[MagnitudeSketch]) -> ChartTable:
    columns = (
        ChartColumn("role", "role"),
        ChartColumn("low", "from"),
        ChartColumn("high", "to, exclusive"),
        ChartColumn("share", "share of weights", "share"),
        ChartColumn("share_per_octave", "share per octave", "share"),
        ChartColumn("zero_share", "zeros", "share"),
    )
    rows = [
        (sketch.role, low, high, share, density, sketch.zero_share)
        for sketch in sketches
        for low, high, share, density in zip(
            sketch.low, sketch.high, sketch.share, sketch.share_per_octave, strict=True
        )
    ]
    return ChartTable(columns, tuple(rows))


def _magnitude_picture(profile: Profile, labels: dict[str | None, str]) -> Specification:
    sketches = [sketch for sketch in profile.magnitudes if sketch.role in labels]
    rows = [row for sketch in sketches for row in _cells(sketch, labels[sketch.role])]
    rms: dict[str | None, float | None] = {None: profile.total.rms, **{k: row.rms for k, row in profile.roles.items()}}
    rows += [{"role": label, "rms": rms[role]} for role, label in labels.items() if rms.get(role)]
    edges = [row[end] for row in rows for end in ("low", "high", "rms") if end in row]
    order = list(labels.values())
    axis = alt.Axis(labelExpr=number_label(), values=log_ticks(edges), grid=True, labelOverlap="greedy")
    x = alt.X("low:Q", title="magnitude of a weight", scale=alt.Scale(type="log", nice=False), axis=axis)
    shapes = (
        marks()
        .transform_filter("isValid(datum.low)")
        .mark_bar(style="plain", binSpacing=0, aria=False)
        .encode(
            x=x,
            x2="high:Q",
            y=role_y(order),
            size=alt.Size("thickness:Q", scale=alt.Scale(domain=[0, 1], range=[0, LINE - 3]), legend=None),
            tooltip=[
                alt.Tooltip("role:N", title="role"),
                alt.Tooltip("low:Q", title="from", format=PLAIN),
                alt.Tooltip("high:Q", title="to", format=PLAIN),
                alt.Tooltip("share:Q", title="share of weights", format=".3~%"),
            ],
        )
    )
    stroke = (
        marks()
        .transform_filter("isValid(datum.rms)")
        .mark_tick(style="stroke", thickness=2, size=LINE - 6)
        .encode(
            x=alt.X("rms:Q"),
            y=role_y(order),
            tooltip=[alt.Tooltip("role:N", title="role"), alt.Tooltip("rms:Q", title="rms", format=PLAIN)],
        )
    )
    return chart_of(shapes, stroke, rows=rows, height=LINE * len(order))


def _cells(sketch: MagnitudeSketch, label: str) -> list[dict[str, Any]]:
    """The cells of a role that are thick enough to be seen."""
    thickest = max(sketch.share_per_octave, default=1.0)
    cells = zip(sketch.low, sketch.high, sketch.share, sketch.share_per_octave, strict=True)
    return [
        {"role": label, "low": low, "high": high, "share": share, "thickness": density / thickest}
        for low, high, share, density in cells
        if density >= THINNEST * thickest
    ]
