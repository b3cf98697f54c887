"""The XXH3 of every tensor's bytes, taken in a thread of its own beside the pass over the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..arrays.background import Background
from .pieces import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.model import Model
    from ..models.tensor import Tensor


class TensorHashing(Background[dict[str, str]]):
    """Hashes the tensors of a model from when the block is entered; leaving it early gives up.

    Args:
        model: stays open as long as the block.
        wanted: without, nothing is hashed.
    """

    def __init__(self, model: Model, *, wanted: bool) -> None:
        super().__init__(self._digests, "ggufscope-hash", wanted=wanted)
        self._model = model

    def result(self, look: Callable[[], object] | None = None) -> dict[str, str]:
        """The digest of each tensor by name; empty where none is wanted.

        Args:
            look: called now and then while there is something to wait for; may raise to cancel.

        Raises:
            GGUFError: A file shrank since it was opened.
        """
        self.wait(look)
        return self.so_far() or {}

    def _digests(self) -> dict[str, str]:
        return {name: self._digest_of(tensor) for name, tensor in self._model.tensors.items()}

    def _digest_of(self, tensor: Tensor) -> str:
        import xxhash  # noqa: PLC0415  only who writes or verifies a manifest needs it

        digest = xxhash.xxh3_128()
        for _, piece in pieces(tensor):
            if self.given_up.is_set():
                break  # nobody takes the result
            digest.update(piece.data)
        return digest.hexdigest()
