"""The model that a result is about: one record, with one rule for its title, in every result."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

from ..inputs.naming import file_name
from ..text.names import base_name

if TYPE_CHECKING:
    from .model import Model

UNNAMED = "unnamed model"
_SHOWN_CHARACTERS = 20  # of a hash: enough to tell two apart


class Identified(Protocol):
    """Whatever says which model it is of: an open model, or the record of one."""

    @property
    def identity(self) -> str | None: ...

    @property
    def file_hashes(self) -> list[str] | None: ...


@dataclass(frozen=True)
class Subject:
    """A model as results name it; the record of a result adds what that result knows of it.

    Attributes:
        title: of the model; see `title_of`. Text from its file, to be escaped.
        file: base name of its first file, of a checkpoint's behind its directory; None for an object in memory.
        name: `general.name`; None where the file has none.
        architecture: `general.architecture`; None where the file names none.
        file_type: the type or mix that the file declares, as `"Q4_K_M"`; None where it declares none.
        synthetic: whether the weights are made up, as `ggufscope synth` marks them.
        identity: hash of the tensor table and of samples of every tensor; None where it is not known.
        file_hashes: `"sha256:…"` of each whole file; None where nobody asked for them.
    """

    title: str
    file: str | None
    name: str | None
    architecture: str | None
    file_type: str | None
    synthetic: bool
    identity: str | None
    file_hashes: list[str] | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, model: Model, file_hashes: list[str] | None = None) -> Subject:
        """The record of an open model."""
        file = _file_of(model)
        return Subject(
            title=title_of(model.name, file, model.architecture),
            file=file,
            name=model.name,
            architecture=model.architecture,
            file_type=model.file_type,
            synthetic=model.synthetic,
            identity=model.identity,
            file_hashes=file_hashes,
        )

    def facts(self) -> dict[str, Any]:
        """The fields of this class alone, to make the record of another result from."""
        return {each.name: getattr(self, each.name) for each in fields(Subject)}


def _file_of(model: Model) -> str:
    """Name of the first file; of a checkpoint behind its directory, since all are called `model.safetensors`."""
    name = file_name(model.path)
    directory = base_name(os.path.dirname(model.path)) if model.is_checkpoint else ""
    return f"{directory}/{name}" if directory else name


def title_of(name: str | None, file: str | None, architecture: str | None) -> str:
    """Name of a model, else of its first file, else of its architecture."""
    return name or file or architecture or UNNAMED


def same_model(first: Identified, second: Identified) -> bool:
    """Whether both are of one model: by the hashes of its whole files where both have them, else by identity alone."""
    if first.identity is None or first.identity != second.identity:
        return False
    return first.file_hashes is None or second.file_hashes is None or first.file_hashes == second.file_hashes


def told_apart(first: Identified, second: Identified) -> tuple[str, str]:
    """The hashes by which two models differ, short: of their identity, or of the first file that differs."""
    if first.identity != second.identity:
        return _short(first.identity), _short(second.identity)
    for one, other in zip(first.file_hashes or [], second.file_hashes or [], strict=False):
        if one != other:
            return f"whole file {_short(one)}", f"whole file {_short(other)}"
    return _short(first.identity), _short(second.identity)


def _short(digest: str | None) -> str:
    return "identity not known" if digest is None else digest[:_SHOWN_CHARACTERS]
