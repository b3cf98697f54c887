"""A recommendation: its document, to look at, to save and to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.recipes import Recipe
from ...saving.results import SavedResult, Tables, markdown_of
from ..columns import columns_of
from .bits_document import BITS_FORM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...models.subject import Subject
    from ...saving.tables import DataColumn, Kind
    from .bits_document import BitsDocument

_COLUMNS: dict[str, Kind] = {
    "name": "text",
    "role": "text",
    "layer": "integer",
    "type": "text",
    "n_bytes": "integer",
    "cost": "number",
    "kept": "flag",
}


class Bits(Tables, SavedResult):
    """Which type each tensor should have within a budget; made by `ggufscope.bits`, or loaded.

    Its tables: `"tensors"`, a row for each tensor that has a choice; `"choices"`, one for each type that it may have;
    `"mixes"`, mixes by size.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    _form = BITS_FORM
    document: BitsDocument

    def __init__(self, document: BitsDocument) -> None:
        self.document = document

    @property
    def subject(self) -> Subject:
        """The reference."""
        return self.document.reference

    @property
    def types(self) -> dict[str, str]:
        """Name → type of each tensor that has a choice."""
        return {tensor.name: tensor.type for tensor in self.document.tensors}

    @property
    def recipe(self) -> Recipe:
        """How `llama-quantize` makes the mix."""
        return Recipe.of_json(self.document.recipe)

    @property
    def command(self) -> str:
        """The `llama-quantize` command that makes the mix, for a shell."""
        return str(self.document.recipe["shell"])

    def to_markdown(self) -> str:
        """The report on it as a Markdown document."""
        return markdown_of(self)

    def _own_tables(self) -> Mapping[str, Callable[[], list[DataColumn]]]:
        return {"tensors": lambda: columns_of(map(vars, self.document.tensors), _COLUMNS)}

    def _summary(self) -> str:
        mix = self.document.mix
        return f"{mix.bits_per_weight:.3g} bits per weight, predicted cost {mix.cost:.3g}"
