"""A validation in Markdown: a report of its own, and the section of one that has the analysis, too.

Nothing is computed here. Text that comes from the file is escaped, for terminals, Markdown and HTML alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.escape import escape_markdown as safe
from ..content.validation_rows import (
    FEATURE_HEADER,
    FOLD_HEADER,
    NO_SIZES,
    ORDER_HEADER,
    ORDERS,
    SIZE_HEADER,
    SIZES,
    feature_rows,
    fit_counts,
    fold_rows,
    order_rows,
    size_rows,
    trial_rows,
    what_was_read,
    why_exploratory,
)
from .tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.fit_document import Fit
    from ...validation.quantity_document import Quantity
    from ...validation.validation_document import ValidationDocument

MARK = "<!-- ggufscope validation -->"


def render_validation_markdown(document: ValidationDocument) -> str:
    """The text of `validation.md`."""
    return "\n".join([MARK, *validation_head(document), "", *validation_section(document)]) + "\n"


def validation_head(document: ValidationDocument) -> Iterator[str]:
    """Title and facts of a report about a validation alone."""
    model = document.model
    yield f"# Validation of {safe(model.title)}"
    yield ""
    facts = {
        "architecture": model.architecture,
        "declared type": model.file_type,
        "layers": model.n_layers,
        "identity": model.identity,
    }
    yield from table(("", ""), [(name, safe(value)) for name, value in facts.items() if value is not None])
    if model.synthetic:
        yield ""
        yield "**SYNTHETIC**: random weights made by ggufscope synth, not a trained model."


def validation_section(document: ValidationDocument) -> Iterator[str]:
    """The lines of the section `Predicted against measured` of a report."""
    yield "## Predicted against measured"
    yield ""
    yield safe(document.statement)
    yield ""
    yield from what_was_read(document, safe)
    yield ""
    for line in (*document.findings, *(f"note: {note}" for note in document.notes)):
        yield f"- {safe(line)}"
    for warning in document.warnings:
        yield f"- **{safe(warning)}**"
    yield ""
    yield from _orders(document.quantities)
    yield ""
    yield from _sizes(document.quantities)
    yield ""
    yield from _fit(document.fit)


def _orders(quantities: list[Quantity]) -> Iterator[str]:
    yield "### Orders"
    yield ""
    yield ORDERS
    yield ""
    yield from table(ORDER_HEADER, order_rows(quantities, safe))


def _sizes(quantities: list[Quantity]) -> Iterator[str]:
    yield "### Sizes"
    yield ""
    yield SIZES
    yield ""
    rows = size_rows(quantities, safe)
    if rows:
        yield from table(SIZE_HEADER, rows)
    else:
        yield NO_SIZES


def _fit(fit: Fit) -> Iterator[str]:
    yield "### Weights of the index"
    yield ""
    yield fit_counts(fit)
    label = why_exploratory(fit)
    if label is not None:
        yield f"**Exploratory**: {label}"
    yield ""
    if fit.fitted:
        yield f"On categories that were left out of the fit, {safe(fit.verdict)}:"
        yield ""
        yield from table(("", "AUC"), trial_rows(fit))
        yield ""
        yield from table(FOLD_HEADER, fold_rows(fit, safe))
    else:
        yield f"Not fitted: {safe(fit.reason)}."
    yield ""
    yield from table(FEATURE_HEADER, feature_rows(fit, safe))
