"""The files beside the weights: JSON and text that strangers wrote, read with limits and one-line errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..._core import GGUFError
from .stored import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..reader import ByteReader

    Beside = Callable[[str], ByteReader | None]

_LARGEST = 1 << 25  # bytes; an index of 100 000 tensors has 10 million
_LARGEST_TOKENIZER = 1 << 27  # the largest tokenizer.json of known models has 40 million
_TOKENIZERS = ("tokenizer.json", "tokenizer.model")
_MOST_DIGITS = 20
_SMALLEST_INTEGER, _LARGEST_INTEGER = -(1 << 63), (1 << 64) - 1


class SideFiles:
    """The files beside a checkpoint's weights, by their base names.

    Args:
        beside: opens a file of the checkpoint's directory; None where there is none of that name.
    """

    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    def json_object(self, name: str) -> tuple[str, dict[str, Any]] | None:
        """Name for error lines and contents of a JSON file that holds an object; None where there is no such file.

        Raises:
            GGUFError: The file is too large, no JSON, or no object.
            OSError: It cannot be read.
        """
        contents = self.contents(name)
        if contents is None:
            return None
        shown_name, text = contents
        return shown_name, parse_object(text, shown_name)

    def contents(self, name: str) -> tuple[str, bytes] | None:
        """Name for error lines and bytes of a file; None where there is none.

        Raises:
            GGUFError: The file is too large.
            OSError: It cannot be read.
        """
        file = self._beside(name)
        if file is None:
            return None
        limit = _LARGEST_TOKENIZER if name in _TOKENIZERS else _LARGEST
        try:
            if file.size > limit:
                raise GGUFError(f"{file.name}: {file.size} bytes; the limit is {limit}")
            return file.name, read_bytes(file, 0, file.size)
        finally:
            file.close()


def parse_object(text: bytes, name: str) -> dict[str, Any]:
    """A JSON object that a stranger wrote; integers of more than 64 bits, as of tokenizers without a limit, are floats.

    Raises:
        GGUFError: It is no JSON, nested without bound, or no object.
    """
    try:
        value = json.loads(text.decode("utf-8-sig"), parse_int=_integer)
    except RecursionError:
        raise GGUFError(f"{name}: JSON nested too deeply") from None
    except UnicodeDecodeError as error:
        raise GGUFError(f"{name}: no UTF-8, at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise GGUFError(f"{name}: no JSON, line {error.lineno}: {error.msg}") from None
    if not isinstance(value, dict):
        raise GGUFError(f"{name}: JSON of another kind than an object")
    return value


def _integer(digits: str) -> int | float:
    if len(digits) > _MOST_DIGITS or not _SMALLEST_INTEGER <= (number := int(digits)) <= _LARGEST_INTEGER:
        return float(digits)
    return number
