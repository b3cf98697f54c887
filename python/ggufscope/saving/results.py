"""The behaviour that all saved results share: text, file, value, and the views that the report room has of them.

A result stands below its report. Where it is asked for one, it asks the room `report` by name, when it is asked.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .directories import remove_ours, usable_directory
from .files import atomic_write
from .guard import Guard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ..models.subject import Subject
    from .form import SavedForm

_VIEWS = "..report.views"


class SavedResult:
    """A result with a saved form. Two are equal if the same would be saved of both.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    _form: ClassVar[SavedForm[Any]]

    document: Any

    @property
    def subject(self) -> Subject:
        """The model that the result is about."""
        subject: Subject = self.document.model
        return subject

    @property
    def title(self) -> str:
        """Title of that model: its name, else its file; text from its file, to be escaped."""
        return self.subject.title

    @property
    def of_older_schema(self) -> bool:
        """Whether it is from a file of an earlier schema, in which numbers mean something else."""
        return bool(self._form.older) and self._form.is_older(self.document)

    def _saved_document(self) -> Any:
        """The document that is saved."""
        return self.document

    @classmethod
    def _of_document(cls, document: Any) -> Self:
        """The result of a document that was read and checked."""
        return cls(document)  # type: ignore[call-arg]

    def _summary(self) -> str:
        """The result in a few words, for `repr`."""
        raise NotImplementedError

    def to_json(self) -> str:
        """The text of the saved file: strict JSON."""
        return self._form.to_json(self._saved_document())

    def as_saved(self) -> Self:
        """The result as it would be loaded from its file, with the digits that the file keeps, without the file."""
        return self._of_document(self._form.as_saved(self._saved_document()))

    def save(self, path: str | PathLike[str], *, force: bool = False, guard: Guard | None = None) -> list[Path]:
        """Write the result as JSON; an earlier one is replaced once the new one is complete.

        Args:
            path: the file.
            force: replace files, too, that ggufscope did not write.
            guard: decides in place of `force`; that of a command knows its inputs.

        Returns:
            The files written.

        Raises:
            OutputError: An `OSError`: the file cannot be written, or one stands there that is not from ggufscope.
        """
        text = self.to_json()
        with atomic_write(path, guard=guard or Guard(force=force)) as file:
            file.write(text)
        return [Path(path)]

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """The result of the text of a saved file, checked.

        Raises:
            ValueError: The error of its kind, as for `load`.
        """
        return cls._of_document(cls._form.from_json(data))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read and check a saved result.

        Raises:
            ValueError: The error of its kind (`ProfileError`, `TraceError`, …): the file holds no such result, one of
                another schema version, or a malformed one; names the place.
            OSError: The file cannot be read.
        """
        return cls._of_document(cls._form.read(path))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SavedResult) or type(self) is not type(other):
            return NotImplemented
        return self is other or self._value() == other._value()

    def __hash__(self) -> int:
        return hash((type(self), self.title))

    def _value(self) -> Any:
        """Plain values that two equal results share."""
        return self._form.plain(self._saved_document())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.title!r}: {self._summary()}>"


class SavedInDirectory(SavedResult):
    """A result that is saved as JSON, with Markdown and what else belongs to it, under fixed names in a directory."""

    _files: ClassVar[Sequence[str]]  # names: of the JSON, of the Markdown, then of the others

    def to_markdown(self) -> str:
        """The result as a Markdown document."""
        return markdown_of(self)

    def save(
        self,
        directory: str | PathLike[str],
        *,
        markdown: bool = True,
        force: bool = False,
        guard: Guard | None = None,
    ) -> list[Path]:
        """Write the result into a directory, which is made if it is not there.

        Files of an earlier result are replaced, each once the new one is complete; a file of these names that is from
        something else is not touched.

        Args:
            directory: where to write.
            markdown: write Markdown beside the JSON; without, a Markdown file that is there stays as it is.
            force: replace files, too, that ggufscope did not write.
            guard: decides in place of `force`; that of a command knows its inputs.

        Returns:
            The files written.

        Raises:
            OutputError: An `OSError`: a file cannot be written, or is not from ggufscope.
        """
        json_name, markdown_name, *_ = self._files
        texts: dict[str, str | None] = {json_name: self.to_json()}
        if markdown:
            texts[markdown_name] = self.to_markdown()
        texts |= self._texts_beside()
        guard = guard or Guard(force=force)
        target = usable_directory(directory, texts, guard)
        for name, text in texts.items():
            if text is None:
                remove_ours(target / name)
                continue
            with atomic_write(target / name, guard=guard) as file:
                file.write(text)
        return [target / name for name, text in texts.items() if text is not None]

    def _texts_beside(self) -> dict[str, str | None]:
        """Text of each other file by its name; None: this result has none, and that of an earlier one must go."""
        return {}

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read and check a saved result.

        Args:
            path: the JSON file, or the directory that holds it under its usual name.

        Raises:
            ValueError: The error of its kind (`AnalysisError`, `ValidationError`): the file holds no such result, one
                of another schema version, or a malformed one; names the place.
            OSError: The file cannot be read.
        """
        file = Path(path)
        return super().load(file / cls._files[0] if file.is_dir() else file)


def markdown_of(result: SavedResult) -> str:
    """The view that the report room has of a result as Markdown."""
    text: str = import_module(_VIEWS, __package__).markdown(result)
    return text


class NotebookView:
    """A result that Jupyter shows as a table."""

    def _repr_html_(self) -> str:
        text: str = import_module(_VIEWS, __package__).notebook_html(self)
        return text
