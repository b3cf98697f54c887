"""The pieces of all files of a window, in its memory: which give way to others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .pieces import State
from .room import Room

if TYPE_CHECKING:
    from .pieces import FilePieces, Piece

_NEARLY = 64  # a piece of which less than this part is unread counts as read: gaps between tensors are not read
LATELY = 0.1  # seconds in which another thread may still come for the rest of such a piece


class Shelf:
    """Pieces in memory; whoever calls holds the lock of the window.

    Args:
        size: bytes of all pieces.
        piece_bytes: of the largest pieces.

    Attributes:
        files: whose pieces these are.
    """

    def __init__(self, size: int, piece_bytes: int) -> None:
        self.files: list[FilePieces] = []
        self._room = Room(size, piece_bytes)

    @property
    def coming(self) -> bool:
        """Whether a piece is on its way."""
        return any(piece.state is State.COMING for file in self.files for piece in file.pieces())

    def make_room(self, wanted: Piece, *, forced: bool) -> bool:
        """Whether there is room for a piece, by giving up others.

        Args:
            wanted: the piece.
            forced: also by giving up what is still to be read: what should have been read before, or else the latest.
        """
        if self._room.fits(wanted.size):
            return True
        idle = [piece for file in self.files for piece in file.pieces() if piece.idle]
        long_ago = time.monotonic() - LATELY
        spare = [piece for piece in idle if piece.unread * _NEARLY < piece.size and piece.used < long_ago]
        spare.sort(key=lambda piece: -piece.used)
        if forced:
            kept = sorted((piece for piece in idle if piece not in spare), key=lambda piece: piece.order)
            passed = [piece for piece in kept if piece.order < wanted.order]
            spare = [*kept[len(passed) :], *spare]
            for piece in passed:
                self.drop(piece)
        while not self._room.fits(wanted.size):
            if not spare:
                return False
            self.drop(spare.pop())
        return True

    def begin(self, piece: Piece) -> Piece:
        """Give memory to a piece that there is room for."""
        piece.state = State.COMING
        piece.memory = self._room.take(piece.size)
        return piece

    def fail(self, piece: Piece, failure: BaseException) -> None:
        """Take the memory of a piece that does not come; whoever reads it is told why."""
        piece.state, piece.failure = State.FAILED, failure
        self._give_back(piece)

    def drop(self, piece: Piece) -> None:
        """Give up a piece."""
        piece.file.remove(piece)
        self._give_back(piece)

    def _give_back(self, piece: Piece) -> None:
        self._room.give_back(piece.memory)
        piece.memory = memoryview(b"")
