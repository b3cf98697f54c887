"""Records of a profile beside its rows: what it was made with, and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .._core import current_isa
from .._version import __version__
from ..inputs.naming import file_name

if TYPE_CHECKING:
    import datetime

    from ..models.model import Model


@dataclass(frozen=True)
class ProfileSettings:
    """Settings that the numbers of a profile depend on, beside the model.

    Attributes:
        fast: without histogram, row and column norms and code statistics.
        sparsity_threshold: magnitude under which a weight counts for `sparsity`.
        stored: of the blocks as they are, without the factors beside matrices.
    """

    fast: bool = False
    sparsity_threshold: float = 1e-6
    stored: bool = False

    def to_json(self) -> dict[str, Any]:
        """The settings as they stand in a saved profile: `stored` where it is so, as files from before it lack it."""
        return {name: value for name, value in asdict(self).items() if name != "stored" or value}


@dataclass(frozen=True)
class ProfileRun:
    """Time, threads and version of a profile: the part that differs from run to run.

    Attributes:
        files: base names of the model's files.
        started: date and time, UTC, ISO 8601.
        seconds: duration of the pass over the data, roll-ups included.
        bytes_per_second: bytes of tensor data over `seconds`.
        elements_per_second: elements over `seconds`.
        threads: worker threads.
        isa: instruction set the kernels ran with.
        version: of ggufscope.
        reading: how the bytes of files of this machine came to the threads, as their first pieces showed that it costs
            least: "copied", or in place, "populated" or "mapped"; by file where they differ, with commas. None where
            nothing was chosen, as of small models and of files that lie elsewhere: they are copied.
    """

    files: list[str]
    started: str
    seconds: float
    bytes_per_second: float
    elements_per_second: float
    threads: int
    isa: str
    version: str
    reading: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The run as it stands in a saved profile: `reading` where it is told, as files from before it lack it."""
        return {name: value for name, value in asdict(self).items() if name != "reading" or value is not None}

    @classmethod
    def of(
        cls, model: Model, started: datetime.datetime, seconds: float, threads: int, isa: str | None = None
    ) -> ProfileRun:
        """The run over all of a model that began at a time and took so long."""
        tensors = model.tensors.values()
        return cls(
            files=[file_name(file) for file in model.files],
            started=started.isoformat(timespec="seconds"),
            seconds=round(seconds, 6),
            bytes_per_second=float(round(sum(tensor.n_bytes for tensor in tensors) / seconds)),
            elements_per_second=float(round(sum(tensor.n_elements for tensor in tensors) / seconds)),
            threads=threads,
            isa=isa or current_isa(),
            version=__version__,
            reading=_reading(model),
        )


def _reading(model: Model) -> str | None:
    ways = [way or "copied" for way in model.core().reading_ways]
    if not any(model.core().reading_ways):
        return None
    return ways[0] if len(set(ways)) == 1 else ", ".join(ways)
