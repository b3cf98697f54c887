"""The piece of a model at a worker: its statistics for the profile, and what a check looks at beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ...checks.gathering import looks_at_the_same
from ...checks.zero_runs import LEAST, ZeroRun, zero_runs
from ...models.model import open as open_model
from ...profiles.pieces import measure_piece
from ...profiles.profile_records import ProfileSettings

if TYPE_CHECKING:
    from ..._core import Part
    from ...models.model import Model
    from ...profiles.pieces import Piece

# How a check comes to its statistics: those of the profile are the same, or it takes a pass of its own.
Look = Literal["same", "own pass"]

_OF_CHECK = ProfileSettings(stored=True)


@dataclass(frozen=True)
class Looked:
    """Results of one piece.

    Attributes:
        parts: for the profile.
        stored: for the check; None where they are those of the profile.
        runs: of zero bytes, of each tensor that ends in the piece, by its position in the table.
    """

    parts: list[Part]
    stored: list[Part] | None = None
    runs: dict[int, list[ZeroRun]] = field(default_factory=dict)


def look_of(model: Model, settings: ProfileSettings) -> Look:
    """How a check of a model comes to its statistics beside a profile with some settings."""
    return "same" if looks_at_the_same(model, settings) else "own pass"


def measure_and_look(name: str, piece: Piece, settings: ProfileSettings, look: Look | None, threads: int) -> Looked:
    """Measure a piece; see `measure_piece`.

    Args:
        name: of the model.
        piece: of its plan.
        settings: of the profile.
        look: how a check comes to its statistics; None where it takes nothing from pieces.
        threads: at most so many.

    Raises:
        GGUFError: Another model lies there, or the file shrank while it was read.
        OSError: The file cannot be opened.
    """
    parts = measure_piece(name, piece, settings, threads)
    if look is None:
        return Looked(parts)
    stored = measure_piece(name, piece, _OF_CHECK, threads) if look == "own pass" else None
    with open_model(name) as model:
        ending = [model.tensors[run.tensor] for run in piece.runs if run.end == model.tensors[run.tensor].n_parts]
        runs = {tensor.index: zero_runs(tensor) for tensor in ending if tensor.n_bytes >= LEAST}
    return Looked(parts, stored, runs)
