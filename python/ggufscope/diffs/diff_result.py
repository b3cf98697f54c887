"""A diff: its document, to look at, to save and to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..saving.results import NotebookView, SavedResult, markdown_of
from ..text.numbers import counted
from .diff_document import DIFF_FORM

if TYPE_CHECKING:
    from ..models.subject import Subject
    from .diff_document import DiffDocument
    from .records import ModelDiff


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

    def _summary(self) -> str:
        return f"{counted(len(self.models), 'model')} against it"
