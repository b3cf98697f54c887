"""Opens a checkpoint: its files, its config, its tokenizer, and the GGUF file that is composed of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._core import GGUFError
from .composing import Composition, compose
from .config import Config
from .general_keys import general_keys
from .index import CheckpointFiles, open_files
from .keys import MOST_LAYERS, keys_of, n_layers
from .known import CONVERSIONS
from .side_files import SideFiles
from .tensor_names import knows
from .viewing import View, view_converted, view_plain
from .vocabulary import vocabulary_keys

if TYPE_CHECKING:
    from ..located import Located
    from ..reader import ByteReader
    from ..remote.window import Window
    from .conversion import Conversion
    from .key_values import KeyValue
    from .side_files import Beside

_CONFIG = "config.json"
_LONGEST_CLASS = 60  # characters of a name that are shown


def open_checkpoint(located: Located, window: Window | None = None) -> Composition:
    """A checkpoint as a composed GGUF file.

    Headers, config and tokenizer are read; weights are not. The composition's readers are open, and the caller's.

    Args:
        located: a safetensors file, one of several, or an index.
        window: that remote files are read through.

    Raises:
        GGUFError: A file is missing, malformed, or says something that cannot be; one line that names it.
        UnsupportedTypeError: A tensor has a type that cannot be decoded.
        OSError: A file cannot be read.
    """
    beside = _opener(located, window)
    files = open_files(located.name, beside)
    try:
        side = SideFiles(_opener(located, None))
        told = side.json_object(_CONFIG)
        config = None if told is None else Config(told[1], told[0])
        view, keys = _seen(files, config, side)
        composition = compose(
            files.readers[0].name,
            view,
            [*general_keys(config, files.tensors, _title(located)), *keys],
            files.readers,
            side,
        )
        composition.plain = _why_plain(config)
        return composition
    except BaseException:
        files.close()
        raise


def _title(located: Located) -> str | None:
    """The title of a model: the name of its directory; None where it has none."""
    name = located.name if located.path is None else os.path.abspath(located.path)
    return name.rpartition("/")[0].rpartition("/")[2] or None


def _opener(located: Located, window: Window | None) -> Beside:
    def opener(name: str) -> ByteReader | None:
        try:
            return located.sibling(f"{located.name.rpartition('/')[0]}/{name}").open(window)
        except FileNotFoundError:
            return None

    return opener


def _seen(files: CheckpointFiles, config: Config | None, side: SideFiles) -> tuple[View, list[KeyValue]]:
    """The tensors, and the keys of the architecture and the vocabulary."""
    conversion = _conversion(config)
    if config is None or conversion is None:
        return view_plain(files.tensors), []
    config = config.with_defaults(conversion.defaults)
    layers = n_layers(config)
    if layers > MOST_LAYERS:
        raise config.refusal(("num_hidden_layers",), f"must be at most {MOST_LAYERS}")
    try:
        view = view_converted(files.tensors, conversion, config, layers)
    except GGUFError as error:
        raise _with_file(error, files) from None
    keys = keys_of(config, conversion.architecture, conversion.without, conversion.keys)
    return view, [*keys, *vocabulary_keys(config, conversion, side)]


def _conversion(config: Config | None) -> Conversion | None:
    """How checkpoints of a class are converted; None of a class that is not known, or without a config."""
    conversion = None if config is None else CONVERSIONS.get(config.architecture or "")
    return conversion if conversion is not None and knows(conversion.architecture) else None


def _why_plain(config: Config | None) -> str | None:
    """Why tensors keep their names; None where they are converted."""
    if _conversion(config) is not None:
        return None
    if config is None:
        return f"there is no {_CONFIG} beside it"
    if config.architecture is None:
        return f"its {_CONFIG} names no class"
    return f"its class, {config.architecture[:_LONGEST_CLASS]}, is not known"


def _with_file(error: GGUFError, files: CheckpointFiles) -> GGUFError:
    """An error about a tensor behind the name of the first file."""
    text = str(error)
    return GGUFError(f"{files.readers[0].name}: {text}") if text.startswith("tensor ") else error
