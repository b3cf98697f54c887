"""SHA-256 of a model's whole files, computed beside other work on it.

`identity` hashes samples; this hashes every byte, as `sha256sum FILE` does and hubs publish it. One thread hashes while
the pass over the weights brings the same bytes into the page cache; hashlib leaves the GIL to whoever computes
meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..arrays.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Model

_PIECE_BYTES = 1 << 20  # copied at once: it stays in the cache between the copy and the hash


class FileHashing(Background[list[str]]):
    """Hashes the files of a model from when the block is entered; leaving it early gives up.

    Args:
        model: stays open as long as the block.
        wanted: without, nothing is hashed.
    """

    def __init__(self, model: Model, *, wanted: bool = True) -> None:
        super().__init__(self._hashes, "ggufscope-hash", wanted=wanted and model.file_hashes is None)
        self._model = model
        self._asked = wanted

    def result(self, look: Callable[[], object] | None = None) -> list[str] | None:
        """`"sha256:…"` of every file, also kept as `model.file_hashes`; None where they are not wanted.

        Args:
            look: called now and then while there is something to wait for; may raise to cancel.

        Raises:
            GGUFError: A file shrank since it was opened.
        """
        self.wait(look)
        return self.result_so_far()

    def result_so_far(self) -> list[str] | None:
        """The same without waiting; None also while there is something left to hash."""
        hashes = self.so_far()
        if hashes is not None:
            self._model.file_hashes = hashes
        return self._model.file_hashes if self._asked else None

    def _hashes(self) -> list[str]:
        return [self._hash_of(file, size) for file, size in enumerate(self._model.file_sizes)]

    def _hash_of(self, file: int, size: int) -> str:
        import hashlib  # noqa: PLC0415  takes a while to import

        read = self._model.read_file
        digest = hashlib.sha256()
        for offset in range(0, size, _PIECE_BYTES):
            if self.given_up.is_set():
                break  # nobody takes the result
            digest.update(read(file, offset, min(_PIECE_BYTES, size - offset)))
        return f"sha256:{digest.hexdigest()}"


def hash_files(model: Model, look: Callable[[], object] | None = None) -> list[str]:
    """`"sha256:…"` of every file of a model; see `FileHashing`.

    Raises:
        GGUFError: A file shrank since it was opened.
    """
    with FileHashing(model) as hashing:
        return cast("list[str]", hashing.result(look))
