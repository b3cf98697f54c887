"""Attention to the keys and values of an earlier layer (Gemma 3n and 4): of its own a layer has queries alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..heads import head_shape
from ..limits import NotApplicableError

if TYPE_CHECKING:
    from ..heads import HeadShape
    from ..matrices import Matrix
    from ..parts import Norm
    from ..sources import Sources

_UNUSED = ("attn_k", "attn_v", "attn_k_norm")  # which files have all the same


@dataclass(frozen=True)
class SharedAttention:
    """The weights of a layer.

    Attributes:
        shape: of heads; keys and values are those of the source.
        q, output: the projections.
        q_norm: of queries, over a head; None without.
        source: the layer whose keys and values are read.
    """

    shape: HeadShape
    q: Matrix
    output: Matrix
    q_norm: Norm | None
    source: int

    @property
    def matrices(self) -> list[Matrix]:
        return [self.q, self.output]


def key_source(sources: Sources, layer: int) -> int | None:
    """The layer whose keys and values a layer reads, the last of its kind that has some; None where it has its own.

    Raises:
        NotApplicableError: There is no such layer.
    """
    numbers = sources.hyperparameters
    first = _first_shared(sources)
    if first is None or layer < first:
        return None
    own = head_shape(numbers, layer)
    source = first - (1 if own.window is None else 2)
    if source < 0:
        raise NotApplicableError(f"there is no layer whose keys blk.{layer} could read")
    if head_shape(numbers, source) != own:
        raise NotApplicableError(f"blk.{layer} would read the keys of blk.{source}, which has other heads")
    return source


def _first_shared(sources: Sources) -> int | None:
    """The first layer without keys of its own, as the family or the metadata say; None where all have some."""
    numbers, known = sources.hyperparameters, sources.family.first_shared_layer
    n_shared = numbers.count("attention.shared_kv_layers")
    said = None if n_shared is None else numbers.n_layers - n_shared
    if known is not None and said is not None and said != known:
        raise NotApplicableError(
            f"attention.shared_kv_layers says that layer {said} is the first to read the keys of others, not {known}"
        )
    return said if known is None else known


def shared_attention(sources: Sources, layer: int, source: int) -> SharedAttention:
    """Gathered from the tensors of a layer.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog = sources.catalog
    shape = head_shape(sources.hyperparameters, layer)
    for role in _UNUSED:
        catalog.find(layer, role)
    return SharedAttention(
        shape,
        catalog.matrix(layer, "attn_q", shape.n_heads * shape.key_length, sources.width),
        catalog.matrix(layer, "attn_output", sources.width, shape.n_heads * shape.value_length),
        sources.optional_norm(layer, "attn_q_norm", (shape.key_length,), centred=False),
        source,
    )
