"""What `ggufscope diff` shows of models: progress, then the whole view or the tensors that were selected, or JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

from ..diffs.rows import COLUMNS
from ..diffs.selected_document import selected_document
from ..terminal.diff import render_diff, render_head
from ..terminal.diff_detail import render_tensor
from ..terminal.diff_importance import render_importance_note
from ..terminal.diff_metadata import render_metadata
from ..terminal.diff_tensors import DEFAULT_COLUMNS, render_diff_tensors, render_side_by_side
from ..terminal.diff_verdict import offender_lines, render_verdict
from ..terminal.progress import progress_bar, share_bar
from ..terminal.standard_output import print_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..diffs import Diff
    from ..diffs.limits import Limits, Offender
    from ..models.selection import Selection
    from ..terminal.screen import Screen

_COMPARING = 0.1  # of the time of a diff with a run


def shown_columns(selection: Selection) -> list[str]:
    """The columns to show; one that there is not, also to sort by, is refused before the work starts."""
    return selection.shown_columns(COLUMNS, list(DEFAULT_COLUMNS))


@contextlib.contextmanager
def diff_bar(
    *, run: bool
) -> Iterator[tuple[Callable[[int, int], object] | None, Callable[[str, float], object] | None]]:
    """Progress of the comparison, and of reading where both models read: one bar for both."""
    if not run:
        with progress_bar("comparing") as progress:
            yield progress, None
        return
    with share_bar() as report:
        if report is None:
            yield None, None
            return
        yield (
            lambda done, total: report("comparing", _COMPARING * done / max(total, 1)),
            lambda what, share: report(what, _COMPARING + (1 - _COMPARING) * share),
        )


def print_diff_json(made: Diff, selection: Selection, beyond: list[Offender]) -> None:
    """The diff on standard output, or its tensors as they were selected; what is beyond the limits on standard error.

    Names, layers and roles are those that were compared, and the diff tells them itself.
    """
    if selection.sort is not None or selection.top is not None or selection.columns is not None:
        print_out(json.dumps(selected_document(made.document, selection), indent=1, allow_nan=False))
    else:
        print_out(made.to_json().rstrip("\n"))
    for line in offender_lines(made.document, beyond):
        print(f"ggufscope: {line}", file=sys.stderr)


def render_models(
    screen: Screen,
    made: Diff,
    rows: list[list[dict[str, Any]]],
    columns: list[str],
    selection: Selection,
    *,
    kv: bool,
    limits: Limits,
    beyond: list[Offender],
) -> None:
    """The whole view; with a selection of tensors their table in place of where the error is."""
    document = made.document
    if selection.any:
        render_head(screen, document)
    else:
        render_diff(screen, document)
    render_importance_note(screen, document)
    render_verdict(screen, document, limits, beyond)
    if rows:
        screen.blank()
        _render_rows(screen, made, rows, columns, selection)
    if kv:
        render_metadata(screen, document)


def _render_rows(
    screen: Screen, made: Diff, rows: list[list[dict[str, Any]]], columns: list[str], selection: Selection
) -> None:
    """One tensor in full, those of one model in a table, or of several models side by side."""
    chosen = selection.columns is not None
    if len(rows) > 1 and not chosen and selection.sort is None:
        render_side_by_side(screen, rows, selection.top)
        return
    for table, model in zip(rows, made.models, strict=True):
        if len(table) == 1 and not chosen:
            (tensor,) = (each for each in model.tensors if each.name == table[0]["name"])
            render_tensor(screen, tensor, table[0])
        else:
            render_diff_tensors(screen, table, columns, chosen=chosen, top=selection.top)
