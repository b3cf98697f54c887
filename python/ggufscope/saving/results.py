"""The behaviour that all saved results share: text, file, value, and the views that the report room has of them.

A result stands below its report. Where it is asked for one, it asks the room `report` by name, when it is asked.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..text.notebook import NotebookView
from .directories import remove_ours, usable_directory
from .files import atomic_write
from .frames import arrays_of, pandas_frame, polars_frame
from .guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    import numpy.typing as npt
    import pandas as pd
    import polars as pl

    from ..models.subject import Subject
    from .form import SavedForm
    from .tables import DataColumn

_VIEWS = "..report.views"


class SavedResult(NotebookView):
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


def saved_columns(result: object, table: str) -> list[DataColumn]:
    """The columns that the report room has of a table of a result."""
    columns: list[DataColumn] = import_module(_VIEWS, __package__).table_columns(result, table)
    return columns


class Tables:
    """A result with tables, for arrays and data frames: those of its saved CSV and Parquet files, by name.

    A class may have tables of its own, which stand before those.
    """

    def _own_tables(self) -> Mapping[str, Callable[[], list[DataColumn]]]:
        """Columns of each table that the report room does not know, or knows otherwise, by name."""
        return {}

    @property
    def table_names(self) -> tuple[str, ...]:
        """Names of the tables that `to_columns`, `to_pandas` and `to_polars` give; the first is what they give unasked.

        Those of saved CSV and Parquet files have the same names.
        """
        names: Sequence[str] = import_module(_VIEWS, __package__).table_names(self)
        return tuple(dict.fromkeys([*self._own_tables(), *names]))

    def to_columns(self, table: str | None = None) -> dict[str, npt.NDArray[Any]]:
        """One NumPy array per field over the rows of a table.

        Integers are int64, or objects with None where a row has none, as the layer of a tensor outside the layers;
        numbers float64, NaN where undefined; texts, shapes and places objects.

        Args:
            table: one of `table_names`; by default the first of them.

        Raises:
            ValueError: There is no such table; the line says which there are.
        """
        return arrays_of(self._columns(table))

    def to_pandas(self, table: str | None = None) -> pd.DataFrame:
        """A table as a data frame of pandas: integers `Int64`, numbers `float64`, texts `string`, shapes tuples.

        Args:
            table: one of `table_names`; by default the first of them.

        Raises:
            ValueError: There is no such table; the line says which there are.
            MissingExtraError: pandas is not installed; the line says how to install it.
        """
        return pandas_frame(self._columns(table))

    def to_polars(self, table: str | None = None) -> pl.DataFrame:
        """A table as a data frame of polars: `Int64`, `Float64`, `String`, shapes lists.

        Args:
            table: one of `table_names`; by default the first of them.

        Raises:
            ValueError: There is no such table; the line says which there are.
            MissingExtraError: polars is not installed; the line says how to install it.
        """
        return polars_frame(self._columns(table))

    def _columns(self, table: str | None) -> list[DataColumn]:
        own = self._own_tables()
        name = table if table is not None else next(iter(own), None)
        if name is not None and name in own:
            return own[name]()
        names = self.table_names
        if name is not None and name not in names:
            raise ValueError(f"no table {name!r}; there are {', '.join(names)}")
        return saved_columns(self, name or names[0])
