"""A profile as a pure function of pieces of the model, each measured by itself in any process.

    plan ──▶ Piece, Piece, …  ──measure_piece──▶  parts, parts, …  ──Assembly, in file order──▶  Profile

A piece holds whole tensors, or experts of a large one. A matrix is never cut: the engine adds its chunks up one after
another, in float64, and sums of two halves, each added up by itself, would have other bits. The largest matrix of a
model, its embedding, is some hundred megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .._core import GGUFError, observe_model
from ..models.given_factors import factors_of
from ..models.heads import group_rows
from ..models.model import open as open_model
from .batches import BatchLimits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._core import Part
    from ..models.model import Model
    from ..models.tensor import Tensor
    from .profile_records import ProfileSettings

_LIMITS = BatchLimits(n_bytes=128 << 20)
# Each piece reads the header anew, which takes some megabytes where all is fetched.
_LIMITS_ELSEWHERE = BatchLimits(n_bytes=512 << 20)


class Run(NamedTuple):
    """Consecutive parts of one tensor, as the core tells them apart: experts, or the one part that others have.

    Attributes:
        tensor: position in the tensor table.
        begin: the first part.
        end: the part after the last.
    """

    tensor: int
    begin: int
    end: int


@dataclass(frozen=True)
class Piece:
    """Consecutive runs of a model, in file order; pickles in some hundred bytes.

    Attributes:
        runs: of one tensor each.
        n_bytes: bytes of tensor data.
        table: fingerprint of the tensor table, by which another process knows that it may have the same model.
        fingerprint: of the tensors, too, by which it knows that it has.
    """

    runs: tuple[Run, ...]
    n_bytes: int
    table: str
    fingerprint: str


def plan(model: Model, limits: BatchLimits | None = None) -> list[Piece]:
    """The pieces of a model, in file order; each but a single large matrix keeps to the limits.

    By default they have 128 MiB, and 512 MiB of a model that lies elsewhere.

    Raises:
        GGUFError: The file shrank since it was opened.
        ValueError: The model is closed.
    """
    chosen = limits or (_LIMITS_ELSEWHERE if model.is_remote else _LIMITS)
    return [_piece(model, runs) for runs in cut(model, chosen)]


def cut(model: Model, limits: BatchLimits) -> Iterator[list[Run]]:
    """The runs of each piece."""
    runs: list[Run] = []
    total = _Size()
    for tensor in model.tensors.values():
        each = _Size.of_part(tensor)
        for part in range(tensor.n_parts):
            if runs and not (total + each).keeps_to(limits):
                yield runs
                runs, total = [], _Size()
            if runs and runs[-1].tensor == tensor.index:
                runs[-1] = runs[-1]._replace(end=part + 1)
            else:
                runs.append(Run(tensor.index, part, part + 1))
            total += each
    if runs:
        yield runs


def measure_piece(
    name: str, piece: Piece, settings: ProfileSettings, threads: int = 1, isa: str | None = None
) -> list[Part]:
    """The statistics of a piece, in file order, in a process that opens the model by itself.

    Args:
        name: of the model, under which this process finds it, too.
        piece: of `plan`.
        settings: of the profile.
        threads: at most so many. The result does not depend on it, nor on
        isa: instruction set to work with; None for the one in use.

    Raises:
        GGUFError: Another model lies there, or the file shrank while it was read.
        OSError: The file cannot be opened.
    """
    with open_model(name) as model:
        if model.fingerprint(()) == piece.table:
            parts = observe_runs(model, piece.runs, settings, threads, isa)
            # Samples of a model that is fetched came by with the rest.
            if model.fingerprint(model.tensors[run.tensor] for run in piece.runs) == piece.fingerprint:
                return parts
        raise GGUFError(f"{model.path}: this is another model than the one whose profile was begun")


def observe_runs(
    model: Model, runs: Sequence[Run], settings: ProfileSettings, threads: int, isa: str | None
) -> list[Part]:
    """The statistics of some runs of an open model, in file order."""
    chosen = [model.tensors[run.tensor] for run in runs]
    return observe_model(
        model.core(),
        [tensor.index for tensor in chosen],
        [group_rows(model, tensor) for tensor in chosen],
        threads,
        settings.fast,
        settings.sparsity_threshold,
        isa=isa or "",
        factors={} if settings.stored else factors_of(chosen),
        parts={run.tensor: (run.begin, run.end) for run in runs},
    )


class TakesTensors(Protocol):
    """Takes the tensors of a model in file order, each with all its parts."""

    def add(self, tensor: Tensor, parts: Sequence[Part]) -> None: ...


class Assembly:
    """Results of pieces, which may come in any order, on their way into a collector, which takes tensors in file order.

    Each is merged as soon as it is its turn: whoever has few pieces measured ahead holds few results.

    Args:
        model: stays open as long as results come.
        pieces: all of its plan.
        collector: of the model.
    """

    def __init__(self, model: Model, pieces: Sequence[Piece], collector: TakesTensors) -> None:
        self._model = model
        self._pieces = pieces
        self._collector = collector
        self._results: dict[int, list[Part]] = {}
        self._parts: list[Part] = []  # of the tensor of which some are merged
        self._n_merged = 0
        self.done_bytes = 0

    @property
    def n_waiting(self) -> int:
        """Results that wait for one before them."""
        return len(self._results)

    @property
    def complete(self) -> bool:
        """Whether the collector has all of the model."""
        return self._n_merged == len(self._pieces)

    def add(self, position: int, parts: list[Part]) -> None:
        """Take the result of the piece at a position of the plan."""
        self._results[position] = parts
        self.done_bytes += self._pieces[position].n_bytes
        while (following := self._results.pop(self._n_merged, None)) is not None:
            for part in following:
                self._merge(part)
            self._n_merged += 1

    def _merge(self, part: Part) -> None:
        self._parts.append(part)
        tensor = self._model.tensors[part.tensor]
        if len(self._parts) == tensor.n_parts:
            self._collector.add(tensor, self._parts)
            self._parts = []


def _piece(model: Model, runs: Sequence[Run]) -> Piece:
    tensors = [model.tensors[run.tensor] for run in runs]
    n_bytes = sum(
        tensor.n_bytes // tensor.n_parts * (run.end - run.begin) for tensor, run in zip(tensors, runs, strict=True)
    )
    return Piece(tuple(runs), n_bytes, model.fingerprint(()), model.fingerprint(tensors))


class _Size(NamedTuple):
    """Sizes that a piece is cut by, of some parts."""

    n_bytes: int = 0
    n_parts: int = 0
    n_norms: int = 0

    @classmethod
    def of_part(cls, tensor: Tensor) -> _Size:
        n_rows = tensor.n_rows // tensor.n_parts
        return cls(tensor.n_bytes // tensor.n_parts, 1, n_rows + (tensor.shape[-1] if tensor.shape else 1))

    def __add__(self, other: object) -> _Size:
        if not isinstance(other, _Size):
            return NotImplemented
        return _Size(*(a + b for a, b in zip(self, other, strict=True)))

    def keeps_to(self, limits: BatchLimits) -> bool:
        return self.n_bytes <= limits.n_bytes and self.n_parts <= limits.n_parts and self.n_norms <= limits.n_norms
