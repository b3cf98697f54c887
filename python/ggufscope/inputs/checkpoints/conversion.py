"""One architecture, as llama.cpp's converter treats it: a row of the tables in `known/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .changes import Change
    from .config import Config
    from .keys import Key


@dataclass(frozen=True)
class Conversion:
    """How checkpoints of some classes become GGUF files.

    Attributes:
        architecture: GGUF's name.
        changes: of tensors; each sees what the one before it made.
        keys: of the metadata that only this architecture has, or has with another meaning.
        without: names of general keys that it has not.
        defaults: of the class where the config says nothing.
        adds_space_prefix: `tokenizer.ggml.add_space_prefix` where it is always the same.
        adds_bos: `tokenizer.ggml.add_bos_token` where the converter writes it whatever the tokenizer says.
        token_ids: numbers of special tokens that are always the same, by GGUF's names of them, as `"eot"`.
        added_as_they_are: added tokens are written as the tokenizer has them: none looks special, none has its spaces
            put back; and those of `tokenizer.json` count beside `tokenizer.model`.
        made: tensors that stand in no file: name, numbers.
    """

    architecture: str
    changes: tuple[Change, ...] = ()
    keys: tuple[Key, ...] = ()
    without: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    adds_space_prefix: bool | None = None
    adds_bos: bool | None = None
    token_ids: Mapping[str, int] = field(default_factory=dict)
    added_as_they_are: bool = False
    made: Callable[[Config], list[tuple[str, list[float]]]] | None = None
