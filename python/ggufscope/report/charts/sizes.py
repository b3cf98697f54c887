"""Where the bytes and parameters of a model are: by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from .access import profile_of
from .axes import MOST_ROLES, chart_of, marks, only, role_y
from .labels import percent_label
from .registry import LeftOutError, chart
from .words import bytes_in_words, count_in_words, name, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...profiles.profile_result import Profile
    from ..content.chart import Specification
    from ..content.results import ReportData

OTHER = "other names"
SHARES = {"byte_share": "bytes", "element_share": "parameters"}


@chart("sizes")
def sizes(data: ReportData) -> Iterator[Chart]:
    """Shares of bytes and parameters by role."""
    profile = profile_of(data)
    known = [size for size in profile.model.sizes if size["byte_share"] is not None]
    if not known:
        raise LeftOutError("the model has no weights" if not profile.model.n_bytes else "the profile has no sizes")
    first = known[0]
    where = name(first["role"]) if first["role"] is not None else f"tensors of {OTHER}"
    shares = [f"{100 * first[key]:.1f} %" for key in SHARES]
    sentence = f"Most bytes are in {where}: {shares[0]} of them for {shares[1]} of the parameters."
    yield Chart(
        name="sizes",
        title="Where the bytes and the parameters are",
        sentence=sentence,
        definition=f"Shares of the bytes of all tensors and of their elements, by role.{only(len(known))}",
        alt=f"Two bars for each of {len(known)} roles: its share of the bytes and of the parameters. {sentence}",
        table=_size_table(profile),
        specification=_size_picture(known[:MOST_ROLES]),
    )


def _size_table(profile: Profile) -> ChartTable:
    columns = {
        "role": ("role", ""),
        "n_tensors": ("tensors", ""),
        "n_elements": ("parameters", ""),
        "element_share": ("share of parameters", "share"),
        "n_bytes": ("bytes", "B"),
        "byte_share": ("share of bytes", "share"),
    }
    return ChartTable(
        tuple(ChartColumn(key, label, unit) for key, (label, unit) in columns.items()),
        tuple(tuple(size[key] for key in columns) for size in profile.model.sizes),
    )


def _size_picture(known: list[dict[str, Any]]) -> Specification:
    order = unique([size["role"] or OTHER for size in known])
    rows = [
        {
            "role": label,
            "of": of,
            "share": size[key],
            "bytes": size["n_bytes"],
            "parameters": size["n_elements"],
            "label": bytes_in_words(size["n_bytes"]) if key == "byte_share" else count_in_words(size["n_elements"]),
        }
        for size, label in zip(known, order, strict=True)
        for key, of in SHARES.items()
    ]
    parts = list(SHARES.values())
    largest = max(max(size[key] for key in SHARES) for size in known)
    room = alt.Scale(domain=[0, 1.25 * largest], nice=False)  # for the labels behind the bars
    base = marks().encode(
        x=alt.X(
            "share:Q",
            title="share of the model",
            scale=room,
            axis=alt.Axis(labelExpr=percent_label(), tickCount=5, grid=True),
        ),
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
