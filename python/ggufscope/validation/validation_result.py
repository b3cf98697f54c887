"""A validation: its document, to look at, to save and to load."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..saving.results import SavedInDirectory, Tables
from .validation_document import VALIDATION_FORM
from .weights_file import weights_toml

if TYPE_CHECKING:
    from .quantity_document import Quantity
    from .validation_document import ValidationDocument

VALIDATION_JSON = "validation.json"
VALIDATION_MARKDOWN = "validation.md"
WEIGHTS = "weights.toml"
FILES = (VALIDATION_JSON, VALIDATION_MARKDOWN, WEIGHTS)


class Validation(Tables, SavedInDirectory):
    """Predictions compared with measurements, and weights fitted to answers; made by `ggufscope.validate`.

    Saved as `validation.json`, numbers with 7 significant digits, with `validation.md` and, where weights were fitted,
    `weights.toml`; weights of an earlier validation are removed where now there are none.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    _form = VALIDATION_FORM
    _files = FILES
    document: ValidationDocument

    def __init__(self, document: ValidationDocument) -> None:
        self.document = document

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """Compared quantities, by name."""
        return {quantity.name: quantity for quantity in self.document.quantities}

    @property
    def weights(self) -> dict[str, float] | None:
        """Fitted weights by component, as `analyze` takes them; None where there was no fit."""
        return self.document.fit.weights

    def _texts_beside(self) -> dict[str, str | None]:
        return {WEIGHTS: weights_toml(self.document)}

    def _summary(self) -> str:
        fit = "weights fitted" if self.document.fit.fitted else "no weights fitted"
        return f"{len(self.document.quantities)} quantities; {fit}"
