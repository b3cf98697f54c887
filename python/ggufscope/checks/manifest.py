"""Manifests: the digests of the files of a model and of each of its tensors, to hold a copy to later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import CheckError
from ..saving.form import SavedForm
from ..saving.results import SavedResult
from ..text.names import base_name
from ..text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..models.model import Model

SCHEMA = "ggufscope.manifest/1"


@dataclass(frozen=True)
class ListedFile:
    """A file of the model: its base name, its size in bytes, and its SHA-256 as `sha256sum` has it.

    Attributes:
        name: its base name.
        size: in bytes.
        sha256: as `sha256sum` has it.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ListedTensor:
    """A tensor: what the table says of it, and the XXH3 of its bytes, 128 bits in hexadecimal.

    Attributes:
        type: ggml's name of it.
        shape: NumPy order.
        xxh3_128: XXH3 of its bytes, 128 bits in hexadecimal.
    """

    type: str
    shape: list[int]
    xxh3_128: str


@dataclass(frozen=True)
class ManifestDocument:
    """What a manifest holds; its tensors by name, in file order.

    Attributes:
        schema: name and version of this layout.
        files: of the model.
        tensors: by name, in file order.
    """

    schema: str
    files: list[ListedFile]
    tensors: dict[str, ListedTensor] = field(default_factory=dict)


MANIFEST_FORM: SavedForm[ManifestDocument] = SavedForm(
    kind="a manifest of a model",
    noun="manifest",
    schema=SCHEMA,
    types=lambda: ManifestDocument,
    error=CheckError,
    digits=None,
)


class Manifest(SavedResult):
    """The digests of a model's files and tensors.

    Attributes:
        document: everything, as saved.
    """

    _form = MANIFEST_FORM
    document: ManifestDocument

    def __init__(self, document: ManifestDocument) -> None:
        self.document = document

    @classmethod
    def of(cls, model: Model, file_hashes: Sequence[str], tensor_digests: Mapping[str, str]) -> Manifest:
        """The manifest of an open model, from digests that were taken."""
        files = [
            ListedFile(base_name(file), size, digest.removeprefix("sha256:"))
            for file, size, digest in zip(model.files, model.file_sizes, file_hashes, strict=True)
        ]
        tensors = {
            name: ListedTensor(tensor.type, list(tensor.shape), tensor_digests[name])
            for name, tensor in model.tensors.items()
        }
        return cls(ManifestDocument(SCHEMA, files, tensors))

    @property
    def title(self) -> str:
        """The first file."""
        return self.document.files[0].name

    @property
    def tensors(self) -> dict[str, ListedTensor]:
        """Its tensors by name."""
        return self.document.tensors

    def _summary(self) -> str:
        return counted(len(self.tensors), "tensor")
