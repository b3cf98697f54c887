"""Everything that the weights say of where a model comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lineage_record import Lineage, Requantized
from .moved import moved
from .origins import made_from, origins
from .requantized import CoarserType, coarser_type
from .wording import moved_sentences, origin_sentences, requantized_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...models.tensor import Tensor
    from ..matching import TensorPair
    from ..records import TensorDiff


class LineageTracer:
    """Traces the lineages of models beside one reference, whose tensors it looks at once."""

    def __init__(self) -> None:
        self._of_reference: dict[str, CoarserType | None] = {}

    def trace(self, pairs: Sequence[TensorPair], diffs: Sequence[TensorDiff]) -> Lineage | None:
        """Where a model comes from; None where it is the reference, byte for byte.

        Args:
            pairs: that were compared.
            diffs: of them, in the same order.

        Raises:
            GGUFError: A file shrank since it was opened.
            ValueError: A model is closed.
        """
        if all(diff.identical for diff in diffs):
            return None
        differing = [pair for pair, diff in zip(pairs, diffs, strict=True) if not diff.identical]
        for pair in differing:
            if pair.reference.name not in self._of_reference:
                self._of_reference[pair.reference.name] = coarser_type(pair.reference)
        return _lineage(
            pairs,
            diffs,
            _grouped((pair.model, coarser_type(pair.model)) for pair in differing),
            _grouped((pair.reference, self._of_reference[pair.reference.name]) for pair in differing),
        )


def _lineage(
    pairs: Sequence[TensorPair],
    diffs: Sequence[TensorDiff],
    of_model: list[Requantized],
    of_reference: list[Requantized],
) -> Lineage:
    changed = moved(pairs, diffs)
    layers = origins(pairs)
    verdict = made_from(layers)
    sentences = [
        *moved_sentences(changed),
        *origin_sentences(layers, verdict),
        *requantized_sentences(of_model, "model"),
        *requantized_sentences(of_reference, "reference"),
    ]
    return Lineage(changed, layers, verdict, of_model, of_reference, sentences)


def _grouped(tensors: Iterable[tuple[Tensor, CoarserType | None]]) -> list[Requantized]:
    """Tensors on the levels of a coarser type, together by their type and the levels."""
    groups: dict[tuple[str, tuple[str, ...]], Requantized] = {}
    for tensor, coarser in tensors:
        if coarser is None:
            continue
        key = (tensor.type, coarser.types)
        before = groups.get(key)
        names, fitting, decided = (before.tensors, before.fitting, before.decided) if before else ([], 0, 0)
        groups[key] = Requantized(
            tensor.type,
            list(coarser.types),
            coarser.levels,
            [*names, tensor.name],
            fitting + coarser.fitting,
            decided + coarser.decided,
        )
    return list(groups.values())
