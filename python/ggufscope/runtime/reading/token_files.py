"""Files of token ids, for models whose tokenizer is not known here, and for ids that another program gave.

[[1, 422, 9], [1, 17]]        JSON: one sequence, or a list of them
1 422 9                       or lines: a sequence each, ids separated by white space
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...errors import TraceError
from .input_files import TOKENS_FORM, read_input

if TYPE_CHECKING:
    from os import PathLike

_LARGEST_FILE = 64 << 20  # bytes
_MOST_SEQUENCES = 10_000
_LONGEST_NUMBER = 10  # digits; no id has more
_LONGEST_QUOTE = 20  # characters


def read_token_sequences(path: str | PathLike[str], n_tokens: int) -> list[list[int]]:
    """The sequences of a file, none of them empty.

    Args:
        path: of the file.
        n_tokens: ids are below this number, the rows of the embedding.

    Raises:
        TraceError: The file is none of token ids, or one of them is out of range; names the place.
        OSError: It cannot be read.
    """
    data = read_input(path, _LARGEST_FILE, TOKENS_FORM)
    try:
        if len(data) > _LARGEST_FILE:
            raise TraceError(f"larger than {_LARGEST_FILE >> 20} MiB")
        text = data.decode("utf-8")
        places = _of_json(text) if text.lstrip().startswith("[") else _of_lines(text)
        return _checked(places, n_tokens)
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: no token ids: byte {error.start} is no UTF-8; {TOKENS_FORM}") from None
    except TraceError as error:
        raise TraceError(f"{path}: {error}; {TOKENS_FORM}") from None


def _of_json(text: str) -> dict[str, list[object]]:
    """The sequences by their place."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise TraceError(f"no valid JSON ({reason})") from None
    if not any(isinstance(item, list) for item in value):
        return {"the sequence": value}
    for place, sequence in enumerate(value):
        if not isinstance(sequence, list):
            raise TraceError(f"item {place} is no list, and others are")
    return {f"sequence {place}": sequence for place, sequence in enumerate(value)}


def _of_lines(text: str) -> dict[str, list[object]]:
    lines = enumerate(text.split("\n"), start=1)
    return {f"line {place}": [_number(word) for word in line.split()] for place, line in lines if line.strip()}


def _number(word: str) -> object:
    """A word as a number, or itself where it is none."""
    return int(word) if word.isascii() and word.isdigit() and len(word) <= _LONGEST_NUMBER else word


def _checked(places: dict[str, list[object]], n_tokens: int) -> list[list[int]]:
    if not places:
        raise TraceError("no token ids")
    if len(places) > _MOST_SEQUENCES:
        raise TraceError(f"{len(places)} sequences, the limit is {_MOST_SEQUENCES}")
    sequences = []
    for where, items in places.items():
        if not items:
            raise TraceError(f"{where} is empty")
        sequence = []
        for place, item in enumerate(items):
            if isinstance(item, bool) or not isinstance(item, int):
                raise TraceError(f"{where}: item {place}, {_quoted(item)}, is no token id")
            if not 0 <= item < n_tokens:
                raise TraceError(f"{where}: token {_quoted(item)} of a vocabulary of {n_tokens}")
            sequence.append(item)
        sequences.append(sequence)
    return sequences


def _quoted(item: object) -> str:
    if isinstance(item, int) and not isinstance(item, bool) and item.bit_length() > 64:
        return "of more than 64 bits"  # which Python may refuse to write
    text = item if isinstance(item, str) else json.dumps(item)
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    return repr(shown) if isinstance(item, str) else shown
