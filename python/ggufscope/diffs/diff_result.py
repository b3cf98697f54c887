"""A diff: its document, to look at, to save and to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..saving.results import NotebookView, SavedResult, markdown_of
from ..text.numbers import counted
from .columns import model_columns, part_columns, tensor_columns
from .diff_document import DIFF_FORM

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..models.subject import Subject
    from .diff_document import DiffDocument
    from .records import ModelDiff


TableName = Literal["tensors", "models", "parts"]


class Diff(NotebookView, SavedResult):
    """Models held against a reference, tensor by tensor; made by `ggufscope.diff`, or loaded.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    _form = DIFF_FORM
    document: DiffDocument

    def __init__(self, document: DiffDocument) -> None:
        self.document = document

    @property
    def subject(self) -> Subject:
        """The reference."""
        return self.document.reference

    @property
    def models(self) -> list[ModelDiff]:
        """The models, in the order they were given in."""
        return self.document.models

    def to_markdown(self) -> str:
        """The diff as a Markdown document; its charts and tables are files of `ggufscope report`."""
        return markdown_of(self)

    def to_columns(self, table: TableName = "tensors") -> dict[str, npt.NDArray[np.generic]]:
        """One NumPy array per field over the rows of a table, ready for a data frame.

        `model` is the position of the row's model. Counts are int64; layers, too, −1 for none; numbers float64, NaN
        where undefined; texts, shapes and places objects.

        Args:
            table: `"tensors"`: a row for each tensor of each model; `"models"`: one for each model; `"parts"`: one for
                each of the worst rows, heads and experts of each tensor.

        Raises:
            ValueError: There is no such table.

        Example:
            >>> columns = diff.to_columns()                                             # doctest: +SKIP
            >>> columns["name"][np.nanargmax(columns["nmse"])]                          # doctest: +SKIP
        """
        if table not in _TABLES:
            raise ValueError(f"no table {table!r}; there are {', '.join(_TABLES)}")
        return _TABLES[table](self.models)

    def _summary(self) -> str:
        nmse = [model.summary.nmse for model in self.models]
        return f"against it {counted(len(nmse), 'model')}, nmse {', '.join(map(_shown, nmse))}"


_TABLES = {"tensors": tensor_columns, "models": model_columns, "parts": part_columns}


def _shown(nmse: float | None) -> str:
    return "undefined" if nmse is None else f"{nmse:.3g}"
