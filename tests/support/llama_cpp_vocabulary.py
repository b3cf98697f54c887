"""llama.cpp's own tokenizer, the oracle for ours: it opens the vocabulary of a file and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from pathlib import Path

import llama_cpp

from ggufscope.runtime.engines.llama_cpp.library import load

load()  # its log silenced, by the one listener that there is in a process


class Oracle:
    """The vocabulary of one file."""

    def __init__(self, vocabulary: object) -> None:
        self._vocabulary = vocabulary

    def encode(self, text: str, add_special: bool = True, parse_special: bool = False) -> list[int]:
        data = text.encode()
        room = len(data) + 8
        numbers = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), numbers, room, add_special, parse_special)
        assert count >= 0
        return list(numbers[:count])

    def piece(self, number: int, special: bool) -> bytes:
        room = ctypes.create_string_buffer(8192)
        size = llama_cpp.llama_token_to_piece(self._vocabulary, number, room, len(room), 0, special)
        assert size >= 0
        return room.raw[:size]

    def ends(self) -> set[int]:
        count = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
        return {number for number in range(count) if llama_cpp.llama_vocab_is_eog(self._vocabulary, number)}


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Oracle]:
    """The vocabulary of a file, for as long as the block runs."""
    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
    assert model, f"llama.cpp does not open {path}"
    try:
        yield Oracle(llama_cpp.llama_model_get_vocab(model))
    finally:
        llama_cpp.llama_model_free(model)
