"""The part of a saved trace that is about experts, and what makes it whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Shares = dict[str, list[list[float | None]]]  # figure of experts → one row per layer, one value per expert


@dataclass(frozen=True)
class ExpertRecord:
    """The experts of a model over all that was read.

    Attributes:
        n_experts: of each layer; 0 of a dense one.
        figures: figure of experts → its definition.
        shares: figure → one row per layer, one value per expert of that layer, over the tokens of all prompts.
        never_chosen: the numbers of the experts of each layer that no token chose.
    """

    n_experts: list[int]
    figures: dict[str, str]
    shares: dict[str, list[list[float | None]]]
    never_chosen: list[list[int]]


def check_experts(record: ExpertRecord | None, by_prompt: Sequence[Shares | None], n_layers: int) -> None:
    """Every table has the layers and experts of the model; prompts have them where the document does.

    Raises:
        TraceError: The document is malformed; the message says where.
    """
    if record is None:
        if any(shares is not None for shares in by_prompt):
            raise TraceError("malformed trace: experts: prompts have some, and the document has not")
        return
    _check_counts(record, n_layers)
    tables = [(f"prompts.{position}.experts", shares) for position, shares in enumerate(by_prompt)]
    for place, shares in [("experts.shares", record.shares), *tables]:
        if shares is None or shares.keys() != record.figures.keys():
            raise TraceError(f"malformed trace: {place}: not the figures of experts of this file")
        for name, rows in shares.items():
            if [len(row) for row in rows] != record.n_experts:
                raise TraceError(f"malformed trace: {place}.{name}: rows do not have the lengths of n_experts")


def _check_counts(record: ExpertRecord, n_layers: int) -> None:
    if len(record.n_experts) != n_layers:
        raise TraceError(f"malformed trace: experts.n_experts: {len(record.n_experts)} entries for {n_layers} layers")
    if not any(record.n_experts) or min(record.n_experts) < 0:
        raise TraceError("malformed trace: experts.n_experts: no layer has any, or one less than none")
    if len(record.never_chosen) != n_layers or any(
        not 0 <= expert < n
        for numbers, n in zip(record.never_chosen, record.n_experts, strict=True)
        for expert in numbers
    ):
        raise TraceError("malformed trace: experts.never_chosen: not the experts of n_experts")
