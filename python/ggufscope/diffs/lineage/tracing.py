"""Everything that the weights say of where a model comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lineage_record import Lineage, Requantized
from .moved import moved
from .origins import made_from, origins
from .requantized import coarser_type
from .wording import moved_sentences, origin_sentences, requantized_sentences, undone_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...models.tensor import Tensor
    from ..matching import TensorPair
    from ..records import TensorDiff


def lineage_of(pairs: Sequence[TensorPair], diffs: Sequence[TensorDiff]) -> Lineage | None:
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
    changed = moved(pairs, diffs)
    layers = origins(pairs)
    verdict = made_from(layers)
    differing = [pair for pair, diff in zip(pairs, diffs, strict=True) if not diff.identical]
    of_model = requantized(pair.model for pair in differing)
    of_reference = requantized(pair.reference for pair in differing)
    sentences = [
        *undone_sentences(diffs),
        *moved_sentences(changed),
        *origin_sentences(layers, verdict),
        *requantized_sentences(of_model, "model"),
        *requantized_sentences(of_reference, "reference"),
    ]
    return Lineage(changed, layers, verdict, of_model, of_reference, sentences)


def requantized(tensors: Iterable[Tensor]) -> list[Requantized]:
    """Tensors on the levels of a coarser type, together by their type and the levels.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    groups: dict[tuple[str, tuple[str, ...]], Requantized] = {}
    for tensor in tensors:
        coarser = coarser_type(tensor)
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
