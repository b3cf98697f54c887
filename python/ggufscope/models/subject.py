"""The model that a result is about: one record, with one rule for its title, in every result."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Model

UNNAMED = "unnamed model"


@dataclass(frozen=True)
class Subject:
    """A model as results name it; the record of a result adds what that result knows of it.

    Attributes:
        title: of the model; see `title_of`. Text from its file, to be escaped.
        file: base name of its first file; None for an object in memory.
        name: `general.name`; None where the file has none.
        architecture: `general.architecture`; None where the file names none.
        file_type: the type or mix that the file declares, as `"Q4_K_M"`; None where it declares none.
        synthetic: whether the weights are made up, as `ggufscope synth` marks them.
        identity: hash of the tensor table and of samples of every tensor; None where it is not known.
    """

    title: str
    file: str | None
    name: str | None
    architecture: str | None
    file_type: str | None
    synthetic: bool
    identity: str | None

    @classmethod
    def of(cls, model: Model) -> Subject:
        """The record of an open model."""
        file = Path(model.path).name
        return Subject(
            title=title_of(model.name, file, model.architecture),
            file=file,
            name=model.name,
            architecture=model.architecture,
            file_type=model.file_type,
            synthetic=model.synthetic,
            identity=model.identity,
        )

    def facts(self) -> dict[str, Any]:
        """The fields of this class alone, to make the record of another result from."""
        return {field.name: getattr(self, field.name) for field in fields(Subject)}


def title_of(name: str | None, file: str | None, architecture: str | None) -> str:
    """Name of a model, else of its first file, else of its architecture."""
    return name or file or architecture or UNNAMED
