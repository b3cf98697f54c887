"""A shelf of many models: how they stand, every one in a row with a link to its page, what is wrong with some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...text.names import short_name
from ...text.numbers import bytes_text, count_text, counted, percent
from .blocks import Headline, Paragraph, Share, Shares, TextTable, heads
from .cells import NOTHING
from .shelf_data import VERDICT_WORDS, VERDICTS
from .words import FileLink, Own, Rounded, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .blocks import Block
    from .shelf_data import RoleSpread, Shelf
    from .shown import Shown

_MOST_ROWS = 2_000  # of the models on a page; the tables in files have all
_MOST_FAULTS = 200
_SERIES = {"sound": 0, "warnings": 1, "errors": 5, "failed": 6}  # colours that mean the same on every shelf


def model_label(row: Mapping[str, Any]) -> str:
    """The short name of a model."""
    return short_name(str(row["source"]))


def page_of(row: Mapping[str, Any]) -> str:
    """The page of a model, from the directory of the report on."""
    return f"models/{row['model']}.html"


def _linked(row: Mapping[str, Any], shelf: Shelf) -> Words:
    """The short name of a model, which leads to its page, where it has one."""
    label = model_label(row)
    return FileLink(label, page_of(row)) if shelf.paged and row["state"] == "measured" else label


def shelf_headline(shown: Shown) -> Iterator[Block]:
    """The directory, and the models in it in figures."""
    shelf = shown.shelf
    if shelf is None:
        return
    counts = {word.capitalize(): shelf.count(verdict) for verdict, word in VERDICT_WORDS.items()}
    yield Headline(
        title=shelf.name,
        subject="Shelf",
        facts={},
        figures={
            "Models": Own(count_text(len(shelf.models))),
            "Parameters": Own(count_text(sum(row["n_elements"] or 0 for row in shelf.models))),
            "Size": Own(bytes_text(sum(row["n_bytes"] or 0 for row in shelf.models))),
            **{label: Own(count_text(n)) for label, n in counts.items() if n},
        },
        synthetic=False,
        identity=None,
        origin=Own("the directory of a fleet"),
    )


def shelf_verdicts(shown: Shown) -> Iterator[Block]:
    """How many models have each verdict."""
    shelf = shown.shelf
    if shelf is None or not shelf.models:
        return
    counts = [(verdict, shelf.count(verdict)) for verdict in VERDICTS]
    yield Shares(
        "Models by verdict",
        [
            Share(Own(VERDICT_WORDS[verdict]), n / len(shelf.models), Own(count_text(n)), _SERIES[verdict])
            for verdict, n in counts
            if n
        ],
    )


def shelf_models(shown: Shown) -> Iterator[Block]:
    """Every model in a row, the largest first."""
    shelf = shown.shelf
    if shelf is None:
        return
    columns = ("model", "kind", "parameters", "size", "bits", "declared type", "verdict", "beyond 6σ")
    left_out = len(shelf.models) - _MOST_ROWS
    yield TextTable(
        "shelf",
        Own("Models"),
        heads(*columns, numeric="parameters|size|bits|beyond 6σ", long="model"),
        [_model_cells(row, shelf) for row in shelf.models[:_MOST_ROWS]],
        about=Own(f"The largest {_MOST_ROWS}; {counted(left_out, 'model')} more are in the files.")
        if left_out > 0
        else "",
        folded=False,
    )


def _model_cells(row: Mapping[str, Any], shelf: Shelf) -> tuple[Words, ...]:
    kind = row["architecture"] if row["contents"] == "model" else row["contents"]
    bits = row["bits_per_weight"]
    return (
        _linked(row, shelf),
        kind or NOTHING,
        _rounded(row["n_elements"], count_text),
        _rounded(row["n_bytes"], bytes_text),
        NOTHING if bits is None else Rounded(f"{bits:.2f}", bits),
        row["file_type"] or NOTHING,
        Own(row["verdict"] if row["verdict"] in VERDICTS else "unknown"),
        _rounded(row["outlier_fraction_6"], lambda share: f"{percent(share)} %"),
    )


def _rounded(value: Any, text: Any) -> Words:
    return NOTHING if value is None else Rounded(text(value), value)


def shelf_roles(shown: Shown) -> Iterator[Block]:
    """Outliers by role."""
    shelf = shown.shelf
    if shelf is None or not shelf.spreads:
        return
    yield TextTable(
        "role-outliers",
        Own("Outliers by role"),
        heads("role", "models", "least", "median", "most", "in", numeric="models|least|median|most", long="in"),
        [_spread_cells(spread, shelf) for spread in shelf.spreads],
        about=Own("Share of weights further than six standard deviations from the mean of their role in their model."),
    )


def _spread_cells(spread: RoleSpread, shelf: Shelf) -> tuple[Words, ...]:
    row = next(row for row in shelf.models if row["model"] == spread.model)
    shares = (spread.least, spread.median, spread.most)
    return (
        spread.role,
        Rounded(count_text(spread.n_models), spread.n_models),
        *(Rounded(f"{percent(share)} %", share) for share in shares),
        _linked(row, shelf),
    )


def shelf_faults(shown: Shown) -> Iterator[Block]:
    """The models that failed, or are not sound, with the line that says why."""
    shelf = shown.shelf
    if shelf is None:
        return
    wrong = [row for row in shelf.models if row["verdict"] in {"failed", "errors", "warnings"}]
    wrong.sort(key=lambda row: -VERDICTS.index(row["verdict"]))
    if not wrong:
        return
    left_out = len(wrong) - _MOST_FAULTS
    yield TextTable(
        "faults",
        Own("Failures and findings"),
        heads("model", "verdict", "what", long="model|what"),
        [(row["source"], Own(row["verdict"]), row["failure"] or row["finding"] or "") for row in wrong[:_MOST_FAULTS]],
        about=Own(f"{counted(left_out, 'model')} more are in the files.") if left_out > 0 else "",
        folded=False,
    )


def shelf_method(shown: Shown) -> Iterator[Block]:
    """Definitions of the columns."""
    if shown.shelf is None:
        return
    yield Paragraph(
        Own(
            "Parameters, size and bits are of all tensors as stored; weights beyond 6σ are those of the matrices"
            " of a model together, outliers by role those of all tensors of the role. The verdict is that of"
            " `ggufscope check`: sound, warnings, errors; failed is what could not be measured."
        ),
        "aside",
    )
