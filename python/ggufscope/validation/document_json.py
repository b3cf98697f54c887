"""A validation as text, checked when it is read."""

from __future__ import annotations

from ..errors import ValidationError
from ..saving.form import SavedForm
from .quantities import PREDICTORS
from .validation_document import SCHEMA, ValidationDocument

DIGITS = 7  # as in traces

_MOST = 1 << 31  # layers or heads; what draws them takes no larger integers

_FORM = SavedForm("a saved validation", "validation", SCHEMA, ValidationDocument, ValidationError, DIGITS)


def document_to_json(document: ValidationDocument) -> str:
    """The text of the saved file."""
    return _FORM.to_json(document)


def document_from_json(data: bytes | str) -> ValidationDocument:
    """Check the text of a saved validation.

    Raises:
        ValidationError: It is not one; names the place.
    """
    document = _FORM.from_json(data)
    names = [quantity.name for quantity in document.quantities]
    if len(set(names)) != len(names):
        raise ValidationError("malformed validation: quantities: a name stands there twice")
    for number, quantity in enumerate(document.quantities):
        names = [predictor.name for predictor in quantity.predictors]
        if len(set(names)) != len(names) or not set(names) <= set(PREDICTORS):
            where = f"quantities.{number}.predictors"
            raise ValidationError(f"malformed validation: {where}: one that there is not, or that stands there twice")
        for place, point in enumerate(quantity.points):
            if not all(0 <= each < _MOST for each in (point.layer, point.head or 0)):
                raise ValidationError(f"malformed validation: quantities.{number}.points.{place}: no layer or head")
            if point.predicted.keys() != set(names):
                where = f"quantities.{number}.points.{place}.predicted"
                raise ValidationError(f"malformed validation: {where}: not the predictors of the quantity")
    return document
