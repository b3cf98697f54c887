"""The result of a benchmark, and its form for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..models.subject import Subject
from .machine import Machine, versions

if TYPE_CHECKING:
    from ..models.model import Model
    from .tasks import Measurement, Timing

SCHEMA = "ggufscope.bench/1"


@dataclass(frozen=True)
class MeasuredModel:
    """The model whose profiles were timed.

    Attributes:
        title: its name, or that of its file.
        file: base name of its first file.
        architecture, file_type: as the file declares them; None where it does not.
        n_parameters: elements of all tensors.
        n_bytes: bytes of all files.
        bits_per_weight: stored bits per element; None without elements.
        synthetic: whether the weights are made up.
    """

    title: str
    file: str | None
    architecture: str | None
    file_type: str | None
    n_parameters: int
    n_bytes: int
    bits_per_weight: float | None
    synthetic: bool

    @classmethod
    def of(cls, model: Model) -> MeasuredModel:
        subject = Subject.of(model)
        return cls(
            title=subject.title,
            file=subject.file,
            architecture=model.architecture,
            file_type=model.file_type,
            n_parameters=model.n_parameters,
            n_bytes=sum(model.file_sizes),
            bits_per_weight=model.bits_per_weight,
            synthetic=model.synthetic,
        )


@dataclass(frozen=True)
class Bench:
    """The measurements of one run.

    Attributes:
        measurements: in the order of measuring.
        machine: as it was at the start.
        isa: instruction set of the kernels.
        threads: the numbers of threads.
        started: date and time, UTC, ISO 8601.
        seconds: the whole run took.
        model: what was profiled; None for blocks made up in memory.
    """

    measurements: Sequence[Measurement]
    machine: Machine
    isa: str
    threads: Sequence[int]
    started: str
    seconds: float
    model: MeasuredModel | None = None

    def to_json(self) -> str:
        """Strict JSON; one measurement per line."""
        head = {
            "schema": SCHEMA,
            "machine": asdict(self.machine),
            "isa": self.isa,
            "threads": list(self.threads),
            "versions": versions(),
            "started": self.started,
            "seconds": _rounded(self.seconds),
            "model": None if self.model is None else asdict(self.model),
        }
        lines = ",\n".join(json.dumps(_entry(row), allow_nan=False) for row in self.measurements)
        return json.dumps(head, indent=1, allow_nan=False)[:-2] + f',\n "measurements": [\n{lines}\n]\n}}'


def _entry(row: Measurement) -> dict[str, Any]:
    """One measurement: medians of its rounds, and the same for its limits."""
    task = row.task
    return {
        "subject": task.subject,
        "kernel": task.kernel,
        "threads": task.threads,
        "isa": task.isa,
        "n_elements": task.n_elements,
        "n_bytes": task.n_bytes,
        **task.facts,
        **_timing(row.timing),
        "core_share": None if row.core_share is None else _rounded(row.core_share),
        "noisy": row.noisy,
        "elements_per_second": _rounded(row.elements_per_second),
        "bytes_per_second": _rounded(row.bytes_per_second),
        "limits": {name: _limit(row, name, row.limits) for name in row.limits},
    }


def _limit(row: Measurement, name: str, limits: Mapping[str, Timing]) -> dict[str, Any]:
    ratio = row.ratio(name)
    return {**_timing(limits[name]), "ratio": _rounded(ratio), "share": _rounded(1 / ratio)}


def _timing(timing: Timing) -> dict[str, Any]:
    return {
        "rounds": len(timing.seconds),
        "seconds": _rounded(timing.median),
        "spread": _rounded(timing.spread),
    }


def _rounded(value: float) -> float:
    """Six digits, which are more than a clock is worth."""
    return float(f"{value:.6g}")
