"""A check: its document, and its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..saving.results import SavedResult
from ..text.numbers import counted
from .check_document import CHECK_FORM

if TYPE_CHECKING:
    from .check_document import CheckDocument
    from .findings import Finding
    from .manifest import Manifest


CHECK_JSON = "check.json"  # beside other results of a model


class Check(SavedResult):
    """The verdict on a model file.

    Attributes:
        document: everything, as saved.
        manifest: digests of the files and tensors; None where nobody asked for them. It is saved by itself.
    """

    _form = CHECK_FORM
    document: CheckDocument

    def __init__(self, document: CheckDocument, manifest: Manifest | None = None) -> None:
        self.document = document
        self.manifest = manifest

    @property
    def title(self) -> str:
        """Title of the model, or the name of a file that is none; text from the file, to be escaped."""
        return self.document.files[0] if self.document.model is None else self.document.model.title

    @property
    def findings(self) -> list[Finding]:
        """The findings, the gravest first; of a rule at most a hundred, see `document.unlisted`."""
        return self.document.findings

    @property
    def sound(self) -> bool:
        """Whether the file could be read, and no finding is an error."""
        return self.document.readable and not self.document.counts["error"]

    def _summary(self) -> str:
        return ", ".join(counted(count, severity) for severity, count in self.document.counts.items())
