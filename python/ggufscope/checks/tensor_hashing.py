"""The XXH3 of every tensor's bytes, taken in a thread of its own beside the pass over the weights."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Self

from .pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ..models.model import Model
    from ..models.tensor import Tensor

_LOOK_SECONDS = 0.1


class TensorHashing:
    """Hashes the tensors of a model from when the block is entered; leaving it early gives up.

    Args:
        model: stays open as long as the block.
        wanted: without, nothing is hashed.
    """

    def __init__(self, model: Model, *, wanted: bool) -> None:
        self._model = model
        self._wanted = wanted
        self._given_up = threading.Event()
        self._pool = ThreadPoolExecutor(1, "ggufscope-hash")
        self._future: Future[dict[str, str]] | None = None

    def __enter__(self) -> Self:
        if self._wanted:
            self._future = self._pool.submit(self._digests)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given_up.set()
        self._pool.shutdown()

    def result(self, look: Callable[[], object] | None = None) -> dict[str, str]:
        """The digest of each tensor by name; empty where none is wanted.

        Args:
            look: called now and then while there is something to wait for; may raise to cancel.

        Raises:
            GGUFError: A file shrank since it was opened.
        """
        while self._future is not None and wait([self._future], _LOOK_SECONDS).not_done:
            if look is not None:
                look()
        return {} if self._future is None else self._future.result()

    def _digests(self) -> dict[str, str]:
        return {name: self._digest_of(tensor) for name, tensor in self._model.tensors.items()}

    def _digest_of(self, tensor: Tensor) -> str:
        import xxhash  # noqa: PLC0415  only who writes or verifies a manifest needs it

        digest = xxhash.xxh3_128()
        for _, piece in pieces(tensor):
            if self._given_up.is_set():
                break  # nobody takes the result
            digest.update(piece.data)
        return digest.hexdigest()
