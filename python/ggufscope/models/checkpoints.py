"""Opens a checkpoint of safetensors files as the GGUF file that a converter would write of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core import Model as CoreModel
from ..inputs.checkpoints.opening import open_checkpoint

if TYPE_CHECKING:
    from ..inputs.checkpoints.composing import Composition
    from ..inputs.located import Located
    from ..inputs.remote.window import Window
    from .remote import RemoteFiles


def composed(located: Located, window: Window | None = None) -> tuple[CoreModel, Composition]:
    """The compiled side of a checkpoint, and what it is composed of.

    Raises:
        GGUFError: A file is missing or malformed.
        UnsupportedTypeError: A tensor has a type that cannot be decoded.
        OSError: A file cannot be read.
    """
    composition = open_checkpoint(located, window)
    core = CoreModel.composed(composition.header, composition.segments, composition.readers, composition.name)
    return core, composition


def composed_of_remote(located: Located, window: int | None) -> tuple[RemoteFiles, CoreModel, Composition]:
    """The same of a checkpoint that lies elsewhere, with its files.

    Raises:
        GGUFError: A file is missing or malformed.
        UnsupportedTypeError: A tensor has a type that cannot be decoded.
        OSError: A file cannot be read.
        ValueError: The window is too small.
    """
    from .remote import RemoteFiles  # noqa: PLC0415

    remote = RemoteFiles(located, window)
    core, composition = composed(located, remote.window_of_files)
    remote.add(composition.weights)
    return remote, core, composition
