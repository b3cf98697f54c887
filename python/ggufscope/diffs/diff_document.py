"""The layout of a saved diff, schema `ggufscope.diff/1`: plain values, None where something is undefined.

These classes are the schema: DIFF_FORM checks a file against them, field by field.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import DiffError
from ..saving.form import SavedForm
from ..saving.integers import first_too_large
from .records import DiffedModel, ImportanceNote, ModelDiff  # noqa: TC001  pydantic resolves the annotations

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..saving.form import Plain
    from .errors_record import Errors

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
class DiffRun:
    """Time and version of a diff: the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
        threads: that were used at most.
    """

    version: str
    started: str
    seconds: float
    threads: int


@dataclass(frozen=True)
class DiffDocument:
    """The whole file.

    Attributes:
        schema: name and version of this layout.
        reference: that all models were held against.
        models: in the order they were given in.
        importance: None without.
        settings: that the numbers depend on beside the files.
        run: None where it was left out.
    """

    schema: str
    reference: DiffedModel
    models: list[ModelDiff]
    importance: ImportanceNote | None
    settings: DiffSettings
    run: DiffRun | None = None


def _check(document: DiffDocument) -> None:
    too_large = first_too_large(document)
    if too_large is not None:
        raise DiffError(f"malformed diff: {too_large}: no integer of 64 bits")
    for position, model in enumerate(document.models):
        names = [tensor.model_name or tensor.name for tensor in model.tensors]
        if len(set(names)) != len(names):
            raise DiffError(f"malformed diff: models.{position}.tensors: a name stands there twice")
        for place, errors in enumerate([model.summary, *model.tensors]):
            _check_figures(f"models.{position}.{f'tensors.{place - 1}' if place else 'summary'}", errors)
    if not document.models:
        raise DiffError("malformed diff: models: there are none")


def _check_figures(place: str, errors: Errors) -> None:
    """Make sure that sums of squares, and what follows from them, can be such."""
    for name in _NOT_NEGATIVE:
        value = getattr(errors, name)
        if value is not None and value < 0:
            raise DiffError(f"malformed diff: {place}.{name}: is negative")


_NOT_NEGATIVE = (
    "error_squares", "reference_squares", "model_squares", "nmse", "rmse", "max_abs_error", "unchanged",
    "weighted_error_squares", "weighted_reference_squares", "weighted_nmse",
)  # fmt: skip


def _text(plain: Plain) -> str:
    """A line for each tensor, key and name; what is short stands on one, too."""
    return "{\n" + ",\n".join(f"{_dump(key)}: {_lines(value, _model_text)}" for key, value in plain.items()) + "\n}\n"


def _model_text(model: Plain) -> str:
    if "tensors" not in model:
        return _dump(model)
    return "{\n" + ",\n".join(f" {_dump(key)}: {_lines(value, _dump)}" for key, value in model.items()) + "\n}"


def _lines(value: Any, text: Callable[[Any], str]) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(text, value)) + "\n]"
    return _dump(value)


def _dump(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


DIFF_FORM: SavedForm[DiffDocument] = SavedForm(
    kind="a saved diff",
    noun="diff",
    schema=SCHEMA,
    types=lambda: DiffDocument,
    error=DiffError,
    digits=DIGITS,
    check=_check,
    text=_text,
    optional=(
        "run",
        "reference.file_hashes",
        "models.subject.file_hashes",
        "models.lineage",
        "models.run",
        "models.fidelity",
    ),
)
