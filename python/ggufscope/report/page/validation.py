"""What the page says of a validation beside its charts: sentences and tables, nothing of it computed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..content import validation_rows as told
from ..content.results import other_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...validation.validation_document import ValidationDocument
    from ..content.results import ReportData

_NUMBERS = {"points", "correct", "wrong", "default", "fitted"}  # columns that hold plain ones, to sort by
_TEXTS = {"formula", "feature of a prompt", "weights from the others", "note", "default kept"}  # long ones


@dataclass(frozen=True)
class PlainTable:
    """A table of texts.

    Attributes:
        name: unique on the page.
        title: for readers.
        about: a sentence above it; None for none.
        header: label of each column, and whether it holds numbers.
        rows: cells.
        texts: the columns whose cells may be long.
    """

    name: str
    title: str
    about: str | None
    header: list[tuple[str, bool]]
    rows: Sequence[Sequence[str]]
    texts: set[int]


@dataclass(frozen=True)
class ShownValidation:
    """A validation on a page.

    Attributes:
        document: the whole.
        read: what was read and compared, in sentences.
        differences: in what the analysis that was compared differs from the one on the page.
        compared: the tables of orders and sizes.
        no_sizes: why there is no table of sizes; None where there is one.
        counts: what the fit is on.
        exploratory: why it is no result; None where it is one.
        fitted: the tables of the fit.
    """

    document: ValidationDocument
    read: list[str]
    differences: list[str]
    compared: list[PlainTable]
    no_sizes: str | None
    counts: str
    exploratory: str | None
    fitted: list[PlainTable]


def shown_validation(data: ReportData) -> ShownValidation | None:
    """The validation of a report; None where there is none."""
    if data.validation is None:
        return None
    document = data.validation.document
    fit = document.fit
    orders, sizes = (make(document.quantities, str) for make in (told.order_rows, told.size_rows))
    trial = [
        _table("trial", "On categories left out of the fit", None, ("scores by", "AUC"), told.trial_rows(fit)),
        _table("folds", "Weights without each category", None, told.FOLD_HEADER, told.fold_rows(fit, str)),
    ]
    features = _table("features", "Features and weights", None, told.FEATURE_HEADER, told.feature_rows(fit, str))
    compared = [
        _table("orders", "Orders", told.ORDERS, told.ORDER_HEADER, orders),
        _table("sizes", "Sizes", told.SIZES, told.SIZE_HEADER, sizes),
    ]
    return ShownValidation(
        document=document,
        read=told.what_was_read(document, str),
        differences=other_settings(data),
        compared=[table for table in compared if table.rows],
        no_sizes=None if sizes else told.NO_SIZES,
        counts=told.fit_counts(fit),
        exploratory=told.why_exploratory(fit),
        fitted=[*(trial if fit.fitted else []), features],
    )


def _table(
    name: str, title: str, about: str | None, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> PlainTable:
    shown = [tuple(cell or "–" for cell in row) for row in rows]
    columns = [(label, label in _NUMBERS) for label in header]
    texts = {at for at, label in enumerate(header) if label in _TEXTS}
    return PlainTable(f"validation-{name}-table", title, about, columns, shown, texts)
