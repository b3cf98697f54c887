"""A diff: its document, to look at, to save and to load."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..arrays.arguments import thread_count
from ..errors import DiffError
from ..models.model import Model
from ..models.model import open as open_model
from ..saving.results import SavedResult, Tables, markdown_of, saved_columns
from ..text.names import base_name
from ..text.notebook_bar import with_notebook_bar
from ..text.numbers import counted
from .columns import model_columns, part_columns, tensor_columns
from .diff_document import DIFF_FORM
from .run_choice import RunChoice
from .runs import prepared_runs, with_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from ..models.subject import Subject
    from ..runtime.reading.given import AskedPrompts, AskedText
    from ..saving.tables import DataColumn
    from .diff_document import DiffDocument
    from .records import ModelDiff


class Diff(Tables, SavedResult):
    """Models held against a reference, tensor by tensor; made by `ggufscope.diff`, or loaded.

    Its tables: `"tensors"`, a row for each tensor of each model; `"models"`, one for each model; `"parts"`, one for
    each of the worst rows, heads and experts of each tensor; in these three `model` is the position of the row's model.
    The others are those of saved files: there it is the name of its file.

    Example:
        >>> columns = diff.to_columns()                                             # doctest: +SKIP
        >>> columns["name"][np.nanargmax(columns["nmse"])]                          # doctest: +SKIP

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    _form = DIFF_FORM
    document: DiffDocument

    def __init__(self, document: DiffDocument, files: Sequence[str] = ()) -> None:
        self.document = document
        self._files = list(files)  # of the reference and the models; of a diff that was loaded they are not known

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

    @with_notebook_bar("diff")
    def run(
        self,
        *models: str | PathLike[str] | Model,
        text: AskedText | None = None,
        prompts: AskedPrompts = None,
        tokens: str | PathLike[str] | None = None,
        exact: bool = False,
        threads: int | None = None,
        progress: Callable[[str, float], object] | None = None,
    ) -> Diff:
        """The same diff with runs: the reference and each model read the same tokens, see `docs/diff.md`.

        Args:
            *models: the reference and the models, in the order of the diff, as paths or open; by default the files that
                the diff was made of. A diff that was loaded needs them.
            text: a file to read, or the text itself; without one, prompts or tokens a neutral text is read.
            prompts: a file of prompts, or prompts themselves, as for `trace`.
            tokens: a file of token ids.
            exact: output errors over every token by itself, see `RunChoice`.
            threads: at most so many; by default the cores this process may use.
            progress: called as `progress(what, share)` in the calling thread meanwhile; may raise to cancel. By default
                there is a bar in notebooks, and none elsewhere.

        Raises:
            DiffError: A `ValueError`: two models cannot read the same, or they are not those of the diff.
            TraceError: A model cannot be run, or what it is to read cannot be read.
            GGUFError: A file is malformed, or it shrank while it was read.
            OSError: A file cannot be opened.
            ValueError: Not as many models as the diff has, or less than one thread.

        Example:
            >>> gs.diff("model-F16.gguf", "model-Q4_0.gguf").run().models[0].run.output.kl_mean     # doctest: +SKIP
        """
        sources = models or self._files
        if len(sources) != 1 + len(self.models):
            raise ValueError(f"the diff is of {counted(1 + len(self.models), 'file')}, not of {len(sources)}")
        choice, n_threads = RunChoice(text, prompts, tokens, exact=exact), thread_count(threads)
        with ExitStack() as stack:
            opened = [each if isinstance(each, Model) else stack.enter_context(open_model(each)) for each in sources]
            for one, record in zip(opened, (self.subject, *(model.subject for model in self.models)), strict=True):
                if record.identity not in {None, one.identity}:
                    raise DiffError(f"{one.path} is not the {base_name(record.file or record.title)} of the diff")
            runs = stack.enter_context(prepared_runs(opened[0], opened[1:], choice, n_threads))
            records = with_runs(self.models, runs, progress)
        return Diff(dataclasses.replace(self.document, models=records), [each.address for each in opened])

    def _own_tables(self) -> Mapping[str, Callable[[], list[DataColumn]]]:
        """A row for each tensor of each model, for each model, and for the worst rows, heads and experts of tensors.

        In these `model` is the position of the row's model; in the others it is the name of its file.
        """
        return {
            "tensors": lambda: tensor_columns(self.models),
            "models": self._model_columns,
            "parts": lambda: part_columns(self.models),
        }

    def _model_columns(self) -> list[DataColumn]:
        """What the library has of models, and behind that what files of the table have more."""
        columns = model_columns(self.models)
        names = {column.name for column in columns}
        return [*columns, *(column for column in saved_columns(self, "models") if column.name not in names)]

    def _summary(self) -> str:
        nmse = [model.summary.nmse for model in self.models]
        odd = sum(model.summary.non_finite_count for model in self.models)
        not_finite = f", {counted(odd, 'pair')} with NaN or Inf" if odd else ""
        return f"against it {counted(len(nmse), 'model')}, nmse {', '.join(map(_shown, nmse))}{not_finite}"


def _shown(nmse: float | None) -> str:
    return "undefined" if nmse is None else f"{nmse:.3g}"
