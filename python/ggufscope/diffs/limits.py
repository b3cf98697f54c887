"""Limits on a diff, and the tensors beyond them: what a build may be stopped for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.numbers import counted, shape_text, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .diff_document import DiffDocument
    from .records import ModelDiff, TensorDiff


@dataclass(frozen=True)
class Limits:
    """How far a model may be from its reference; None sets no limit.

    Attributes:
        max_nmse: the most that the NMSE of any tensor may be.
        min_cosine: the least that the cosine of any tensor may be.
        identical: whether all tensors have to be the same bytes.

    Raises:
        ValueError: A limit that is no number, or that no tensor could keep.
    """

    max_nmse: float | None = None
    min_cosine: float | None = None
    identical: bool = False

    def __post_init__(self) -> None:
        if self.max_nmse is not None and not 0 <= self.max_nmse < math.inf:
            raise ValueError(f"max_nmse must be 0 or more, not {self.max_nmse:g}")
        if self.min_cosine is not None and not -1 <= self.min_cosine <= 1:
            raise ValueError(f"min_cosine must be from -1 to 1, not {self.min_cosine:g}")

    @property
    def any(self) -> bool:
        """Whether there is a limit."""
        return self.max_nmse is not None or self.min_cosine is not None or self.identical


@dataclass(frozen=True)
class Offender:
    """A tensor beyond a limit.

    Attributes:
        model: position of its model in the diff.
        name: of the tensor; text from a file, to be escaped.
        why: in a few words.
    """

    model: int
    name: str
    why: str


def offenders(document: DiffDocument, limits: Limits) -> list[Offender]:
    """The tensors beyond the limits, model by model.

    A tensor of the reference that could not be compared is beyond every limit, as it is missing or has another shape.
    So is one with pairs that are not finite, unless its bytes are equal. One that the reference lacks is beyond
    `identical` alone.
    """
    if not limits.any:
        return []
    return [
        Offender(position, name, why)
        for position, model in enumerate(document.models)
        for name, why in _of_model(model, limits)
    ]


def _of_model(model: ModelDiff, limits: Limits) -> Iterator[tuple[str, str]]:
    for name in model.missing:
        yield name, "is missing"
    for tensor in model.reshaped:
        yield tensor.name, f"is {shape_text(tensor.model_shape)}, not {shape_text(tensor.reference_shape)}"
    if limits.identical:
        yield from ((name, "is not in the reference") for name in model.extra)
    for compared in sorted(model.tensors, key=_badness):
        if not compared.identical:
            reasons = list(_reasons(compared, limits))
            if reasons:
                yield compared.name, ", ".join(reasons)


def _badness(tensor: TensorDiff) -> float:
    """The order in which tensors are named: those without an NMSE, then the largest first."""
    return -math.inf if tensor.nmse is None else -tensor.nmse


def _reasons(tensor: TensorDiff, limits: Limits) -> Iterator[str]:
    if limits.identical:
        yield "is not the same bytes"
    if limits.max_nmse is None and limits.min_cosine is None:
        return
    if tensor.kind == "table":
        yield "holds other integers"
    if not tensor.counts:  # what factors do is in the weights of their matrices
        return
    if tensor.non_finite_count:
        yield f"has {counted(tensor.non_finite_count, 'pair')} with NaN or Inf"
    if limits.max_nmse is not None:
        yield from _nmse_beyond(tensor, limits.max_nmse)
    if limits.min_cosine is not None:
        yield from _cosine_below(tensor, limits.min_cosine)


def _nmse_beyond(tensor: TensorDiff, limit: float) -> Iterator[str]:
    if tensor.nmse is None and tensor.error_squares > 0:
        yield f"has an error, rms {short(tensor.rmse or 0)}, where the reference is 0"
    elif tensor.nmse is not None and tensor.nmse > limit:
        yield f"has NMSE {short(tensor.nmse)} ({short(100 * tensor.nmse)} %)"


def _cosine_below(tensor: TensorDiff, limit: float) -> Iterator[str]:
    if tensor.cosine is None and tensor.error_squares > 0:
        yield "has no cosine, all of one side being 0"
    elif tensor.cosine is not None and tensor.cosine < limit:
        yield f"has cosine {tensor.cosine:.9g}"
