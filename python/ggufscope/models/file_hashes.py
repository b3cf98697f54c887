"""SHA-256 of a model's whole files, computed beside other work on it.

`identity` hashes samples; this hashes every byte, as `sha256sum FILE` does and hubs publish it. One thread hashes while
the pass over the weights brings the same bytes into the page cache; hashlib leaves the GIL to whoever computes
meanwhile.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .model import Model

_PIECE_BYTES = 1 << 20  # copied at once: it stays in the cache between the copy and the hash
_LOOK_SECONDS = 0.1


class FileHashing:
    """Hashes the files of a model from when the block is entered; leaving it early gives up.

    Args:
        model: stays open as long as the block.
        wanted: without, nothing is hashed.
    """

    def __init__(self, model: Model, *, wanted: bool = True) -> None:
        self._model = model
        self._wanted = wanted
        self._given_up = threading.Event()
        self._pool = ThreadPoolExecutor(1, "ggufscope-hash")
        self._future: Future[list[str]] | None = None

    def __enter__(self) -> Self:
        if self._wanted and self._model.file_hashes is None:
            self._future = self._pool.submit(self._hashes)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given_up.set()
        self._pool.shutdown()

    def result(self, look: Callable[[], object] | None = None) -> list[str] | None:
        """`"sha256:…"` of every file, also kept as `model.file_hashes`; None where they are not wanted.

        Args:
            look: called now and then while there is something to wait for; may raise to cancel.

        Raises:
            GGUFError: A file shrank since it was opened.
        """
        while self._future is not None and wait([self._future], _LOOK_SECONDS).not_done:
            if look is not None:
                look()
        return self.result_so_far()

    def result_so_far(self) -> list[str] | None:
        """The same without waiting; None also while there is something left to hash."""
        if self._future is not None and self._future.done():
            self._model.file_hashes = self._future.result()
        return self._model.file_hashes if self._wanted else None

    def _hashes(self) -> list[str]:
        return [self._hash_of(file, size) for file, size in enumerate(self._model.file_sizes)]

    def _hash_of(self, file: int, size: int) -> str:
        import hashlib  # noqa: PLC0415  takes a while to import

        core = self._model.core()
        digest = hashlib.sha256()
        for offset in range(0, size, _PIECE_BYTES):
            if self._given_up.is_set():
                break  # nobody takes the result
            digest.update(core.read(file, offset, min(_PIECE_BYTES, size - offset)))
        return f"sha256:{digest.hexdigest()}"


def hash_files(model: Model, look: Callable[[], object] | None = None) -> list[str]:
    """`"sha256:…"` of every file of a model; see `FileHashing`.

    Raises:
        GGUFError: A file shrank since it was opened.
    """
    with FileHashing(model) as hashing:
        return cast("list[str]", hashing.result(look))
