"""The layout of a saved diff, schema `ggufscope.diff/1`: plain values, None where something is undefined.

These classes are the schema: DIFF_FORM checks a file against them, field by field.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import DiffError
from ..saving.form import SavedForm
from .records import DiffedModel, ModelDiff  # noqa: TC001  pydantic resolves the annotations

SCHEMA = "ggufscope.diff/1"
DIGITS = 12  # significant digits of every number: sums are right to 1e-9


@dataclass(frozen=True)
class DiffSettings:
    """Settings that the numbers of a diff depend on beside the files.

    Attributes:
        stored: factors beside matrices were left out: the blocks as they are.
        tensors: globs over names; empty: all.
        layers: as `"0-3,8,30-"`; None: all.
        roles: globs over roles; empty: all.
    """

    stored: bool = False
    tensors: list[str] = field(default_factory=list)
    layers: str | None = None
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportanceNote:
    """The importance that weighted figures are weighted with.

    Attributes:
        file: base name of the file; None for an object in memory.
        datasets: that it was measured on, as it names them.
        n_chunks: of text that were read; None where it does not say.
        without: matrices of the reference that it says nothing of.
    """

    file: str | None
    datasets: list[str]
    n_chunks: int | None
    without: list[str]


@dataclass(frozen=True)
class DiffRun:
    """Time and version of a diff: the part that differs from run to run."""

    version: str
    started: str
    seconds: float
    threads: int


@dataclass(frozen=True)
class DiffDocument:
    """The whole file.

    Attributes:
        reference: that all models were held against.
        models: in the order they were given in.
        importance: None without.
    """

    schema: str
    reference: DiffedModel
    models: list[ModelDiff]
    importance: ImportanceNote | None
    settings: DiffSettings
    run: DiffRun | None = None


def _check_names(document: DiffDocument) -> None:
    for position, model in enumerate(document.models):
        names = [tensor.model_name or tensor.name for tensor in model.tensors]
        if len(set(names)) != len(names):
            raise DiffError(f"malformed diff: models.{position}.tensors: a name stands there twice")
    if not document.models:
        raise DiffError("malformed diff: models: there are none")


DIFF_FORM: SavedForm[DiffDocument] = SavedForm(
    kind="a saved diff",
    noun="diff",
    schema=SCHEMA,
    types=lambda: DiffDocument,
    error=DiffError,
    digits=DIGITS,
    check=_check_names,
    optional=("run", "reference.file_hashes", "models.subject.file_hashes", "models.lineage"),
)
