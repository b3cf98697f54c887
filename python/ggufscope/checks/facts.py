"""What rules look at: a model, and the statistics of each of its tensors from one pass over the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..arrays.arguments import describe_type
from ..text.names import base_name
from .findings import Place
from .locating import place_of_element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..arrays.statistics import TensorStatistics
    from ..models.model import Model
    from ..models.tensor import Tensor
    from .zero_runs import ZeroRun

_NO_MODEL = frozenset({"adapter", "mmproj", "imatrix", "vocab"})


@dataclass(frozen=True, eq=False)
class TensorFacts:
    """A tensor and what the pass found in it.

    Attributes:
        tensor: it.
        statistics: of all its weights, with norms of rows and columns.
        experts: the statistics of each expert; empty for a tensor that is one piece.
        zero_runs: runs of zero bytes in it, in order; none where all of it is zero.
    """

    tensor: Tensor
    statistics: TensorStatistics
    experts: list[Mapping[str, Any]] = field(default_factory=list)
    zero_runs: list[ZeroRun] = field(default_factory=list)

    @property
    def is_quantized(self) -> bool:
        """Whether its weights are codes in blocks with scales."""
        return describe_type(self.tensor.type)["elements_per_block"] > 1

    @property
    def is_of_layers(self) -> bool:
        """Whether it is a matrix inside a layer, which no healthy model has without content."""
        return self.tensor.kind == "matrix" and self.tensor.layer is not None

    def experts_with(self, field_name: str) -> list[int]:
        """Numbers of the experts in which a count is not 0."""
        return [number for number, fields in enumerate(self.experts) if fields.get(field_name)]


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that rules know.

    Attributes:
        model: open.
        threads: at most so many.
        tensors: what the pass found, in file order; empty where no rule reads weights.
        file_hashes: `"sha256:…"` of the files whose names say one, by position; empty where none does.
    """

    model: Model
    threads: int
    tensors: list[TensorFacts] = field(default_factory=list)
    file_hashes: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_model(self) -> bool:
        """Whether the file claims to be a whole model: no adapter, projector, imatrix or vocabulary."""
        return self.model.general_type not in _NO_MODEL and len(self.model.tensors) > 0

    def weights(self) -> Iterator[TensorFacts]:
        """The tensors that hold weights or factors of them; tables of integers are none."""
        return (facts for facts in self.tensors if facts.tensor.kind != "table" and facts.tensor.n_elements)

    def at_tensor(self, tensor: Tensor, **more: Any) -> Place:
        """The place of a whole tensor: its first byte."""
        return Place(tensor=tensor.name, file=base_name(tensor.file), offset=tensor.offset, **more)

    def at_element(self, tensor: Tensor, element: int, **more: Any) -> Place:
        """The place of an element of a tensor."""
        return place_of_element(tensor, element, **more)
