"""The files of a model as they are read, and their metadata: everything of a model that its tensors know."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._core import GGUFError
from .halves import half_rows
from .metadata import Metadata, of_layer
from .roles import LARGEST_LAYER
from .stacks import layers_with_state, next_token_layers

if TYPE_CHECKING:
    from .._core import Model as CoreModel
    from .._core import TensorInfo
    from ..inputs.checkpoints.composing import Composition

# Each tensor costs some kilobytes and a tenth of a millisecond wherever it is shown or measured. Models have a few
# thousand tensors, and those with one for each expert have large ones; a header alone may claim a quarter of a million.
MOST_SMALL_TENSORS = 4096
_LEAST_MEAN_BYTES = 4096
_LONGEST_ARCHITECTURE = 256  # characters; keys that are asked for begin with it


class MappedModel:
    """The files of a model and their metadata, without the tensors.

    Args:
        core: its compiled side.
        name: that it was opened by, of a model that lies elsewhere.
        composition: of a checkpoint; None of a GGUF file.

    Attributes:
        address: under which the model is opened anew, whatever directory the process works in later. A name of a model
            elsewhere may hold secrets, as the user gave it: it is never shown.
        is_mapped: whether tensors lie in memory as they are stored; otherwise every look at one is a read.
    """

    def __init__(self, core: CoreModel, name: str | None = None, composition: Composition | None = None) -> None:
        self._core = core
        self.composition = composition
        self.is_mapped = composition is None and name is None
        self.files: list[str] = list(core.files if composition is None else composition.files)
        self.address = os.path.abspath(self.files[0]) if name is None else name
        self.file_sizes: list[int] = list(core.file_sizes if composition is None else composition.file_sizes)
        self.format_version: int = core.version
        self.byte_order: str = core.byte_order
        self.alignment: int = core.alignment
        self.metadata = Metadata(core)
        infos = core.tensors
        _refuse_crumbs(self.path, infos)
        shapes = {info.name: info.shape for info in infos}
        self.next_token_layers = next_token_layers(self.metadata, self.architecture, shapes)
        self.layers_with_state = layers_with_state(shapes)
        self.half_rows = half_rows(shapes)

        self._by_layer: dict[str, Any] = {}

    def of_layer(self, key: str, layer: int | None) -> Any:
        """The value of a key for one layer, as `metadata.of_layer` has it; an array is read once."""
        if key not in self._by_layer:
            self._by_layer[key] = self.metadata.head(key, LARGEST_LAYER + 1) if key in self.metadata else None
        return of_layer(self._by_layer[key], layer)

    def core(self) -> CoreModel:
        """The compiled side of the model, for ggufscope's own modules.

        Raises:
            ValueError: The model is closed.
        """
        if self._core.closed:
            raise ValueError(f"{self.path}: the model is closed")
        return self._core

    @property
    def is_checkpoint(self) -> bool:
        """Whether it is a checkpoint of safetensors files, seen as the GGUF file that a converter would write."""
        return self.composition is not None

    def read_file(self, file: int, offset: int, size: int) -> bytes:
        """A copy of bytes of one of the files.

        Raises:
            GGUFError: The file shrank since it was opened.
            OSError: It cannot be read.
            ValueError: The model is closed.
        """
        core = self.core()
        return core.read(file, offset, size) if self.composition is None else self.composition.read(file, offset, size)

    def side_file(self, name: str) -> bytes | None:
        """A file that lies beside a checkpoint's weights, as `tokenizer.json`; None where there is none.

        Raises:
            GGUFError: It is larger than such files are.
            OSError: It cannot be read.
        """
        contents = None if self.composition is None else self.composition.side.contents(name)
        return None if contents is None else contents[1]

    @property
    def path(self) -> str:
        """The first file of the model."""
        return self.files[0]

    @cached_property
    def architecture(self) -> str | None:
        """`general.architecture`, as `"llama"`; None where the file names none.

        Raises:
            GGUFError: It is no name that keys could begin with.
        """
        name = self._text("general.architecture")
        if name is not None and len(name) > _LONGEST_ARCHITECTURE:
            limit = f"the limit is {_LONGEST_ARCHITECTURE}"
            raise GGUFError(f"{self.path}: general.architecture is a text of {len(name)} characters; {limit}")
        return name

    def close(self) -> None:
        """Unmap the files as soon as no `Tensor.data` view is alive any more. Closing twice is fine."""
        self._core.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed: names, types and shapes are still known, bytes are not."""
        return self._core.closed

    def _text(self, key: str) -> str | None:
        value: Any = self.metadata.get(key)
        return value if isinstance(value, str) else None


def _refuse_crumbs(path: str, infos: list[TensorInfo]) -> None:
    """Refuse a table of more tensors than its data are worth.

    Raises:
        GGUFError: They are many and tiny.
    """
    n_bytes = sum(info.n_bytes for info in infos)
    if len(infos) > MOST_SMALL_TENSORS and n_bytes < _LEAST_MEAN_BYTES * len(infos):
        raise GGUFError(
            f"{path}: {len(infos)} tensors of {n_bytes / len(infos):.0f} bytes on average; the limit is "
            f"{MOST_SMALL_TENSORS} unless they have {_LEAST_MEAN_BYTES} bytes"
        )
