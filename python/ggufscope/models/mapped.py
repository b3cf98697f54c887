"""The files of a model as they are mapped, and their metadata: everything of a model that its tensors know."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .halves import half_rows
from .metadata import Metadata
from .stacks import layers_with_state, next_token_layers

if TYPE_CHECKING:
    from .._core import Model as CoreModel


class MappedModel:
    """The mapped files of a model and their metadata, without the tensors."""

    def __init__(self, core: CoreModel) -> None:
        self._core = core
        self.files: list[str] = list(core.files)
        self.absolute_path = os.path.abspath(self.files[0])  # whatever directory the process works in later
        self.file_sizes: list[int] = list(core.file_sizes)
        self.format_version: int = core.version
        self.byte_order: str = core.byte_order
        self.alignment: int = core.alignment
        self.metadata = Metadata(core)
        shapes = {info.name: info.shape for info in core.tensors}
        self.next_token_layers = next_token_layers(self.metadata, self.architecture, shapes)
        self.layers_with_state = layers_with_state(shapes)
        self.half_rows = half_rows(shapes)

    def core(self) -> CoreModel:
        """The compiled side of the model, for ggufscope's own modules.

        Raises:
            ValueError: The model is closed.
        """
        if self._core.closed:
            raise ValueError(f"{self.path}: the model is closed")
        return self._core

    @property
    def path(self) -> str:
        """The first file of the model."""
        return self.files[0]

    @cached_property
    def architecture(self) -> str | None:
        """`general.architecture`, as `"llama"`; None where the file names none."""
        return self._text("general.architecture")

    def close(self) -> None:
        """Unmap the files as soon as no `Tensor.data` view is alive any more. Closing twice is fine."""
        self._core.close()

    @property
    def closed(self) -> bool:
        return self._core.closed

    def _text(self, key: str) -> str | None:
        value: Any = self.metadata.get(key)
        return value if isinstance(value, str) else None
