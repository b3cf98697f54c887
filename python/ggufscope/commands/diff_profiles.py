"""`ggufscope diff` of two saved profiles, whose models need not be there."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..diffs.of_profiles import ProfileDiff, diff_profiles
from ..diffs.selected_document import SCHEMA
from ..errors import DiffError
from ..inputs.checkpoints import is_checkpoint
from ..inputs.naming import is_remote
from ..models.emptiness import require_some
from ..models.selection import Selection
from ..profiles.profile_result import Profile
from ..report.content.results import ReportData
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..saving.plain import plain_of
from ..saving.reading import open_input
from ..terminal.console import show
from ..terminal.diff_profiles import render_profile_diff
from ..terminal.standard_output import print_out
from ..text.names import base_name

_JSON_BEGINS = b"{"


def are_profiles(paths: list[str]) -> bool:
    """Whether all inputs are saved results, to be read as profiles; no model file begins as one.

    Raises:
        DiffError: Some are, and some are not.
        OSError: One cannot be read.
    """
    saved = [path for path in paths if _begins_as_json(path)]
    if saved and len(saved) < len(paths):
        raise DiffError(f"{saved[0]}: a saved result has no weights to compare: take its model, or profiles alone")
    return bool(saved)


def _begins_as_json(path: str) -> bool:
    if is_remote(path) or is_checkpoint(path):  # saved results are read from this machine alone
        return False
    with open_input(path) as file:
        return file.read(64).lstrip().startswith(_JSON_BEGINS)


def show_profiles(
    paths: list[str],
    output: Path | None,
    html: Path | None,
    *,
    as_json: bool,
    as_markdown: bool,
    table: bool,
    selection: Selection,
    guard: Guard,
) -> None:
    """Compare two profiles and show what differs.

    Args:
        paths: of the profiles, the reference first.
        output: where to save the diff; None for nowhere.
        html: where to write it as a page; likewise.
        as_json: whether to print JSON.
        as_markdown: whether to print Markdown.
        table: whether to show all tensors.
        selection: of the tensors to show.
        guard: of the outputs.
    """
    if len(paths) != 2:
        raise ValueError("profiles are compared two at a time")
    if selection.sort is not None or selection.columns is not None:
        raise ValueError("--sort and --columns are for the tensors of models; of profiles the JSON has all figures")
    reference, model = map(Profile.load, paths)
    require_some(selection, ((name, row.layer, row.role) for name, row in reference.tensors.items()))
    made = diff_profiles(reference, model)
    if output is not None:
        made.save(output, guard=guard)
    if html is not None:
        with atomic_write(html, guard=guard) as page:
            page.write(_page(made))
    tensors = {tensor.name: tensor for tensor in made.document.tensors}
    rows = selection.rows([asdict(tensor) for tensor in tensors.values()])
    if as_json:
        print_out(_selected_json(made, selection, rows) if selection.any else made.to_json().rstrip("\n"))
        return
    chosen = [tensors[row["name"]] for row in rows] if table or selection.filters else None
    files = [base_name(path) for path in paths]
    show(lambda screen: render_profile_diff(screen, made.document, files, chosen, selection.top), markdown=as_markdown)


def _selected_json(made: ProfileDiff, selection: Selection, rows: list[dict[str, Any]]) -> str:
    """The tensors that were selected, and what was asked for."""
    document = {
        "schema": SCHEMA,
        "reference": plain_of(made.document.reference),
        "selection": selection.to_json(),
        "models": [{"model": plain_of(made.document.model), "tensors": rows}],
    }
    return json.dumps(document, indent=1, allow_nan=False)


def _page(made: ProfileDiff) -> str:
    from ..report.page.document import render_page  # noqa: PLC0415  an extra
    from ..report.report import Report  # noqa: PLC0415

    return render_page(Report(ReportData.of_profile_diff(made)))
