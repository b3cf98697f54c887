"""Where the bytes and parameters of a model are, and how large its weights: by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from .chart import Chart, Column, Table
from .parts import (
    MOST_ROLES,
    bytes_in_words,
    chart_of,
    count_in_words,
    in_order,
    log_ticks,
    marks,
    name,
    number,
    profile_of,
    role_y,
)
from .registry import LeftOutError, chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...magnitudes import MagnitudeSketch
    from ...profiles import Profile
    from ..data import ReportData
    from .chart import Specification

THINNEST = 0.005
OTHER, WHOLE = "other names", "all weights"
SHARES = {"byte_share": "bytes", "element_share": "parameters"}


@chart("magnitudes")
def magnitudes(data: ReportData) -> Iterator[Chart]:
    """How large the weights of each role are, on a logarithmic axis."""
    profile = profile_of(data)
    if not profile.magnitudes:
        raise LeftOutError(
            "a fast profile has no histograms" if profile.settings.fast else "the profile holds no finite weight"
        )
    order = [WHOLE, *in_order(sketch.role for sketch in profile.magnitudes if sketch.role is not None)]
    sketches = sorted(
        (sketch for sketch in profile.magnitudes if _role(sketch) in order),
        key=lambda sketch: order.index(_role(sketch)),
    )
    sentence = _spread(profile)
    yield Chart(
        name="magnitudes",
        title="How large the weights are, by role",
        sentence=sentence,
        definition=(
            "Thickness: share of the weights per octave of magnitude, relative to the thickest place of the role, from"
            " the exact histogram. The stroke marks the rms. Zeros have no place on a logarithmic axis, and what is"
            f" thinner than {THINNEST:g} of the thickest is not drawn; both are in the table."
        ),
        alt=f"One shape per role over a logarithmic axis of magnitudes. {sentence}",
        table=_magnitude_table(sketches),
        specification=_magnitude_picture(sketches, profile, order),
    )


def _role(sketch: MagnitudeSketch) -> str:
    return WHOLE if sketch.role is None else name(sketch.role)


def _spread(profile: Profile) -> str:
    known = [(role, row.rms) for role, row in profile.roles.items() if row.rms is not None]
    if not known:
        return f"The root mean square of all weights is {number(profile.total.rms)}."
    low, high = (pick(known, key=lambda pair: pair[1]) for pick in (min, max))
    if low[0] == high[0]:
        return f"The root mean square of {name(low[0])} is {number(low[1])}."
    return (
        f"The root mean square lies between {number(low[1])} ({name(low[0])}) and {number(high[1])} ({name(high[0])})."
    )


def _magnitude_table(sketches: list[MagnitudeSketch]) -> Table:
    columns = (
        Column("role", "role"),
        Column("low", "from"),
        Column("high", "to, exclusive"),
        Column("share", "share of weights", "share"),
        Column("share_per_octave", "share per octave", "share"),
        Column("zero_share", "zeros", "share"),
    )
    rows = [
        (sketch.role, low, high, share, density, sketch.zero_share)
        for sketch in sketches
        for low, high, share, density in zip(
            sketch.low, sketch.high, sketch.share, sketch.share_per_octave, strict=True
        )
    ]
    return Table(columns, tuple(rows))


def _magnitude_picture(sketches: list[MagnitudeSketch], profile: Profile, order: list[str]) -> Specification:
    rows = [row for sketch in sketches for row in _cells(sketch)]
    rms = {WHOLE: profile.total.rms} | {name(role): row.rms for role, row in profile.roles.items()}
    rows += [{"role": role, "rms": rms[role]} for role in order if rms.get(role)]
    edges = [row[end] for row in rows for end in ("low", "high") if end in row]
    axis = alt.Axis(format="~g", values=log_ticks(edges), grid=True, labelOverlap="greedy")
    x = alt.X("low:Q", title="magnitude of a weight", scale=alt.Scale(type="log", nice=False), axis=axis)
    height = 26
    shapes = (
        marks()
        .transform_filter("isValid(datum.low)")
        .mark_bar(style="plain", binSpacing=0)
        .encode(
            x=x,
            x2="high:Q",
            y=role_y(order),
            size=alt.Size("thickness:Q", scale=alt.Scale(domain=[0, 1], range=[0, height - 3]), legend=None),
            tooltip=[
                alt.Tooltip("role:N", title="role"),
                alt.Tooltip("low:Q", title="from", format=".3~g"),
                alt.Tooltip("high:Q", title="to", format=".3~g"),
                alt.Tooltip("share:Q", title="share of weights", format=".3~%"),
            ],
        )
    )
    stroke = (
        marks()
        .transform_filter("isValid(datum.rms)")
        .mark_tick(style="stroke", thickness=2, size=height - 6)
        .encode(
            x=alt.X("rms:Q"),
            y=role_y(order),
            tooltip=[alt.Tooltip("role:N", title="role"), alt.Tooltip("rms:Q", title="rms", format=".4~g")],
        )
    )
    return chart_of(shapes, stroke, rows=rows, height=height * len(order))


def _cells(sketch: MagnitudeSketch) -> list[dict[str, Any]]:
    """The cells of a role that are thick enough to be seen."""
    thickest = max(sketch.share_per_octave, default=1.0)
    cells = zip(sketch.low, sketch.high, sketch.share, sketch.share_per_octave, strict=True)
    return [
        {"role": _role(sketch), "low": low, "high": high, "share": share, "thickness": density / thickest}
        for low, high, share, density in cells
        if density >= THINNEST * thickest
    ]


@chart("sizes")
def sizes(data: ReportData) -> Iterator[Chart]:
    """Shares of bytes and parameters by role."""
    profile = profile_of(data)
    known = [entry for entry in profile.model.sizes if entry["byte_share"] is not None]
    if not known:
        raise LeftOutError("the model has no weights" if not profile.model.n_bytes else "the profile has no sizes")
    first = known[0]
    where = _size_role(first["role"]) if first["role"] is not None else f"tensors of {OTHER}"
    shares = [f"{100 * first[key]:.1f} %" for key in SHARES]
    sentence = f"Most bytes are in {where}: {shares[0]} of them for {shares[1]} of the parameters."
    yield Chart(
        name="sizes",
        title="Where the bytes and the parameters are",
        sentence=sentence,
        definition="Shares of the bytes of all tensors and of their elements, by role, over all layers.",
        alt=f"Two bars for each of {len(known)} roles: its share of the bytes and of the parameters. {sentence}",
        table=_size_table(profile),
        specification=_size_picture(known[:MOST_ROLES]),
    )


def _size_role(role: str | None) -> str:
    return OTHER if role is None else name(role)


def _size_table(profile: Profile) -> Table:
    columns = {
        "role": ("role", ""),
        "n_tensors": ("tensors", ""),
        "n_elements": ("parameters", ""),
        "element_share": ("share of parameters", "share"),
        "n_bytes": ("bytes", "B"),
        "byte_share": ("share of bytes", "share"),
    }
    return Table(
        tuple(Column(key, label, unit) for key, (label, unit) in columns.items()),
        tuple(tuple(entry[key] for key in columns) for entry in profile.model.sizes),
    )


def _size_picture(known: list[dict[str, Any]]) -> Specification:
    order = [_size_role(entry["role"]) for entry in known]
    rows = [
        {
            "role": _size_role(entry["role"]),
            "of": label,
            "share": entry[key],
            "bytes": entry["n_bytes"],
            "parameters": entry["n_elements"],
            "label": bytes_in_words(entry["n_bytes"]) if key == "byte_share" else count_in_words(entry["n_elements"]),
        }
        for entry in known
        for key, label in SHARES.items()
    ]
    parts = list(SHARES.values())
    largest = max(max(entry[key] for key in SHARES) for entry in known)
    room = alt.Scale(domain=[0, 1.25 * largest], nice=False)  # for the labels behind the bars
    base = marks().encode(
        x=alt.X("share:Q", title="share of the model", scale=room, axis=alt.Axis(format="%", tickCount=5, grid=True)),
        y=role_y(order, padding=0.12),
        yOffset=alt.YOffset("of:N", sort=parts, scale=alt.Scale(paddingInner=0)),
    )
    labels = base.mark_text(style="note", align="left", dx=4, fontSize=9).encode(text="label:N")
    bars = base.mark_bar().encode(
        color=alt.Color("of:O", title=None, sort=parts),
        tooltip=[
            alt.Tooltip("role:N", title="role"),
            alt.Tooltip("of:N", title="share of"),
            alt.Tooltip("share:Q", title="share", format=".2%"),
            alt.Tooltip("bytes:Q", title="bytes", format=",d"),
            alt.Tooltip("parameters:Q", title="parameters", format=",d"),
        ],
    )
    return chart_of(bars, labels, rows=rows, height=26 * len(order))
