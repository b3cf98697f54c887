"""One tensor of a diff in full: every figure, and its worst rows, heads and experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..report.content.diff_words import part_text, percent_text, share_text, types_text
from ..text.glyphs import LONGEST_TEXT, Glyphs
from .console import safe
from .diff_tensors import figure_texts
from .fitted import Fitted, render_fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rich.console import Console

    from ..diffs.records import PartError, TensorDiff

_FIGURES = (
    "nmse", "sqnr_db", "error_share", "rmse", "cosine", "bias", "rescale", "max_abs_error", "max_abs_error_index",
    "unchanged", "changed_rows", "row_nmse_median", "weighted_nmse", "non_finite_count", "views",
)  # fmt: skip
_UNSAID = {"non_finite_count": 0, "views": None, "weighted_nmse": None}  # values that are not worth a line


def render_tensor(console: Console, tensor: TensorDiff, row: Mapping[str, Any]) -> None:
    """A tensor of the diff.

    Args:
        console: to print to.
        tensor: its record.
        row: the same as a row of `diffs.rows`.
    """
    glyphs = Glyphs.of(console.encoding)
    facts = f"{types_text(tensor, glyphs.arrow)} {glyphs.dot} {glyphs.shape(tensor.shape)}"
    console.print(Text(glyphs.cut(tensor.name, LONGEST_TEXT), "bold"), soft_wrap=True)
    if tensor.model_name is not None:
        console.print(Text(f"in the model {glyphs.cut(tensor.model_name, LONGEST_TEXT)}"), soft_wrap=True)
    console.print(safe(f"{facts}{f' {glyphs.dot} the same bytes' if tensor.identical else ''}"))
    figures = [name for name in _FIGURES if name not in _UNSAID or row[name] != _UNSAID[name]]
    names, texts = zip(*(figure_texts(name, row[name], glyphs) for name in figures), strict=True)
    console.print()
    render_fitted(console, [Fitted("figure", names, "text"), Fitted("value", texts, "name")])
    for what, parts in (("row", tensor.worst_rows), ("head", tensor.worst_heads), ("expert", tensor.worst_experts)):
        if parts:
            _render_parts(console, what, parts, glyphs)


def _render_parts(console: Console, what: str, parts: Sequence[PartError], glyphs: Glyphs) -> None:
    console.print()
    console.print(Text(f"{what}s with the largest error", "bold"))
    render_fitted(
        console,
        [
            Fitted(what, [part_text("", part) for part in parts], "text"),
            Fitted("NMSE %", [glyphs.nothing if part.nmse is None else percent_text(part.nmse) for part in parts]),
            Fitted("of its error %", [share_text(part.error_share) for part in parts]),
        ],
    )
