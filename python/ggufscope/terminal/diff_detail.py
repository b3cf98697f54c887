"""One tensor of a diff in full: every figure, and its worst rows, heads and experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report.content.diff_words import part_text, percent_text, share_text, types_text
from ..text.glyphs import LONGEST_TEXT
from .columns import Column
from .diff_tensors import figure_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..diffs.records import PartError, TensorDiff
    from ..text.glyphs import Glyphs
    from .screen import Screen

_FIGURES = (
    "nmse", "sqnr_db", "error_share", "rmse", "cosine", "bias", "rescale", "max_abs_error", "max_abs_error_index",
    "unchanged", "changed_rows", "row_nmse_median", "weighted_nmse", "non_finite_count", "views",
)  # fmt: skip
_UNSAID = {"non_finite_count": 0, "views": None, "weighted_nmse": None}  # values that are not worth a line


def render_tensor(screen: Screen, tensor: TensorDiff, row: Mapping[str, Any]) -> None:
    """A tensor of the diff.

    Args:
        screen: to print to.
        tensor: its record.
        row: the same as a row of `diffs.rows`.
    """
    glyphs = screen.glyphs
    facts = f"{types_text(tensor, glyphs.arrow)} {glyphs.dot} {glyphs.shape(tensor.shape)}"
    screen.headline(glyphs.cut(tensor.name, LONGEST_TEXT))
    if tensor.model_name is not None:
        screen.line(f"in the model {glyphs.cut(tensor.model_name, LONGEST_TEXT)}")
    screen.line(f"{facts}{f' {glyphs.dot} the same bytes' if tensor.identical else ''}")
    figures = [name for name in _FIGURES if name not in _UNSAID or row[name] != _UNSAID[name]]
    names, texts = zip(*(figure_texts(name, row[name], glyphs) for name in figures), strict=True)
    screen.blank()
    screen.table([Column("figure", names, "text"), Column("value", texts, "name")])
    for what, parts in (("row", tensor.worst_rows), ("head", tensor.worst_heads), ("expert", tensor.worst_experts)):
        if parts:
            _render_parts(screen, what, parts, glyphs)


def _render_parts(screen: Screen, what: str, parts: Sequence[PartError], glyphs: Glyphs) -> None:
    screen.blank()
    screen.heading(f"{what}s with the largest error")
    screen.table(
        [
            Column(what, [part_text("", part) for part in parts], "text"),
            Column("NMSE %", [glyphs.nothing if part.nmse is None else percent_text(part.nmse) for part in parts]),
            Column("of its error %", [share_text(part.error_share) for part in parts]),
        ],
    )
