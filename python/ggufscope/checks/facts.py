"""What rules look at: a model, and the statistics of each of its tensors from one pass over the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ..arrays.arguments import types_by_name
from ..models.inspection import source_name
from ..text.names import base_name
from .blueprints import Parts, parts_of
from .findings import Place
from .holes import holes
from .locating import first_element, place_of_element
from .norms import Norms
from .reserved import ReservedBytes, reserved_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..arrays.statistics import TensorStatistics
    from ..models.model import Model
    from ..models.tensor import Tensor
    from .locating import Test
    from .manifest import Manifest
    from .zero_runs import ZeroRun

Contents = Literal["model", "projector", "adapter", "imatrix", "vocabulary", "other"]
_MOST_LOOKED_FOR = 1000  # elements: a file of more faults is told of by its first
_BY_TYPE: dict[str | None, Contents] = {
    None: "model",
    "model": "model",
    "mmproj": "projector",
    "adapter": "adapter",
    "imatrix": "imatrix",
    "vocab": "vocabulary",
}
# Architectures of files that were written before `general.type` was.
_BY_ARCHITECTURE: dict[str | None, Contents] = {"clip": "projector", "controlvector": "adapter", "imatrix": "imatrix"}


def all_equal(fields: Mapping[str, Any] | TensorStatistics) -> bool:
    """Whether statistics are of weights that are all one number."""
    low, high = fields.get("min"), fields.get("max")
    return low is not None and low == high


@dataclass(frozen=True, eq=False)
class TensorFacts:
    """A tensor and what the pass found in it.

    Attributes:
        tensor: it.
        statistics: of all its weights.
        experts: the statistics of each expert; empty for a tensor that is one piece.
        zero_runs: runs of zero bytes in it, in order; none where all of it is zero.
        norms: of its rows and columns.
    """

    tensor: Tensor
    statistics: TensorStatistics
    experts: list[Mapping[str, Any]] = field(default_factory=list)
    zero_runs: list[ZeroRun] = field(default_factory=list)
    norms: Norms = field(default_factory=Norms)

    @cached_property
    def holes(self) -> list[ZeroRun]:
        """The runs of zero bytes that no rows and no experts explain."""
        return holes(self.tensor, self.zero_runs, self.zero_experts)

    @cached_property
    def zero_experts(self) -> list[bool]:
        """Whether each expert is all zeros; empty for a tensor that is one piece."""
        return [fields.get("abs_max") == 0 for fields in self.experts]

    @cached_property
    def reserved(self) -> ReservedBytes | None:
        """The scale bytes that stand for NaN in their number format."""
        return reserved_bytes(self.tensor, len(self.experts))

    @property
    def is_constant(self) -> bool:
        """Whether all weights are one number; a single one is not."""
        return self.tensor.n_elements > 1 and all_equal(self.statistics)

    @property
    def is_quantized(self) -> bool:
        """Whether its weights are codes in blocks with scales."""
        known = types_by_name().get(str(self.tensor.type))  # a saved profile may name others
        return known is not None and known["elements_per_block"] > 1

    @property
    def is_of_layers(self) -> bool:
        """Whether it is a matrix inside a layer, which no healthy model has without content."""
        return self.tensor.kind == "matrix" and self.tensor.layer is not None

    def experts_with(self, field_name: str) -> list[int]:
        """Numbers of the experts in which a count is not 0."""
        return [number for number, fields in enumerate(self.experts) if fields.get(field_name)]


def contents_of(general_type: str | None, architecture: str | None, n_tensors: int) -> Contents:
    """The kind of a file, from its type and architecture; files of before the type are known by the architecture."""
    if not n_tensors:
        return "vocabulary"
    by_type = _BY_TYPE.get(general_type, "other")
    return _BY_ARCHITECTURE.get(architecture, by_type) if by_type == "model" else by_type


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that rules know.

    Attributes:
        model: open.
        threads: at most so many.
        tensors: what the pass found, in file order; empty where no rule reads weights.
        file_hashes: `"sha256:…"` of the files, by position; empty where nobody asks for them.
        manifest: of the model; None where nobody asks for it.
        against: the manifest that it is held against, None without one.
        covers: the model that an importance matrix is held against, None without one.
    """

    model: Model
    threads: int
    tensors: list[TensorFacts] = field(default_factory=list)
    file_hashes: Mapping[int, str] = field(default_factory=dict)
    manifest: Manifest | None = None
    against: Manifest | None = None
    covers: Model | None = None
    _looked_for: list[str] = field(default_factory=list)

    @cached_property
    def contents(self) -> Contents:
        """The kind of file, by what it says of itself."""
        return contents_of(self.model.general_type, self.model.architecture, len(self.model.tensors))

    @property
    def is_model(self) -> bool:
        """Whether the file claims to be a whole model: no adapter, projector, imatrix or vocabulary."""
        return self.contents == "model"

    @cached_property
    def parts(self) -> Parts | None:
        """What its architecture says about a model; None where it is not known."""
        return parts_of(self.model) if self.is_model else None

    def numbers(self) -> Iterator[TensorFacts]:
        """The tensors of numbers that are meant to be finite; tables of integers are none."""
        return (facts for facts in self.tensors if facts.tensor.kind != "table" and facts.tensor.n_elements)

    def weights(self) -> Iterator[TensorFacts]:
        """The tensors that a model computes with: sums of an imatrix are none."""
        return self.numbers() if self.contents != "imatrix" else iter(())

    def trained(self) -> Iterator[TensorFacts]:
        """The weights of models and projectors. Those of adapters may be zero, or as they were drawn, in parts."""
        return self.numbers() if self.contents in {"model", "projector"} else iter(())

    def at_file(self) -> Place:
        """The place of what is the whole file's."""
        return Place(file=base_name(self.model.path))

    def at_tensor(self, tensor: Tensor, **more: Any) -> Place:
        """The place of a whole tensor: its first byte."""
        source = source_name(tensor.source)
        return Place(tensor=tensor.name, file=base_name(tensor.file), offset=tensor.position(0), source=source, **more)

    def at_element(self, tensor: Tensor, element: int | None, **more: Any) -> Place:
        """The place of an element of a tensor; of the whole tensor, where the element is not known."""
        return self.at_tensor(tensor, **more) if element is None else place_of_element(tensor, element, **more)

    def first_element(self, facts: TensorFacts, test: Test, experts: Sequence[int] = ()) -> int | None:
        """The first element whose decoded value passes a test; it is looked for in the first of these experts.

        None where no weights are at hand, and for what comes after very many.
        """
        self._looked_for.append(facts.tensor.name)
        if len(self._looked_for) > _MOST_LOOKED_FOR:
            return None
        return first_element(facts.tensor, test, self.threads, experts[0] if experts else None)
