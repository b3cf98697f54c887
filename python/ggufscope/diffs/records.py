"""Records of a diff: tensors, what is there on one side alone, metadata, and the two files as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..models.kinds import Kind  # noqa: TC001  pydantic resolves the annotations
from ..models.subject import Subject
from .errors_record import Errors
from .fidelity_record import Fidelity  # noqa: TC001  likewise
from .lineage_record import Lineage  # noqa: TC001  likewise
from .run_record import RunRecord  # noqa: TC001  likewise


@dataclass(frozen=True)
class DiffedModel(Subject):
    """A model that was compared: the reference, or one held against it.

    Attributes:
        n_tensors: tensors in its table.
        n_elements: elements of all of them.
        n_bytes: bytes of all of them, without header and padding.
        bits_per_weight: stored bits per element; None without elements.
        types: type → bytes of it, the most first.
    """

    n_tensors: int
    n_elements: int
    n_bytes: int
    bits_per_weight: float | None
    types: dict[str, int]


@dataclass(frozen=True)
class ImportanceNote:
    """The importance that weighted figures are weighted with.

    Attributes:
        file: base name of the file.
        datasets: that it was measured on, as it names them.
        n_chunks: of text that were read; None where it does not say.
        without: matrices of the reference that it says nothing of; many are multiplied with nothing, as embeddings.
        experts_without_data: name of a matrix → its experts that no token reached; they have no weight.
    """

    file: str
    datasets: list[str]
    n_chunks: int | None
    without: list[str]
    experts_without_data: dict[str, list[int]]


@dataclass(frozen=True)
class PartError:
    """The error of one row, head or expert of a tensor.

    Attributes:
        index: its number: of a row in its expert, of a head among those of its kind, of an expert.
        nmse: Σ(b − a)² / Σa² over it; None where every weight of the reference is 0 there.
        error_share: of the squared error of the tensor.
        expert: of a row, the expert that has it; None where the tensor holds none.
        kind: of a head: `"q"`, `"k"`, `"v"` (rows) or `"o"` (columns of attn_output); None for rows and experts.
    """

    index: int
    nmse: float | None
    error_share: float
    expert: int | None = None
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class ComparedTensor:
    """The tensor of a reference and the one that was held against it.

    Attributes:
        name: in the reference.
        model_name: in the model, where it has another name there; else None.
        role: as `"attn_v"`; None for a name that says nothing.
        layer: number of its layer; None outside the layers.
        stack: of layers, None for the main one.
        kind: `"matrix"`, `"vector"`, `"factor"` or `"table"`; roll-ups are over the first two.
        shape: of what was compared, in NumPy order: (experts,) rows, columns.
        reference_type: ggml's name of the reference's type.
        model_type: of the model's.
        reference_bytes: as stored.
        model_bytes: as stored.
        identical: whether the stored bytes are equal, the type and the factors, too; nothing is undone before that.
    """

    name: str
    model_name: str | None
    role: str | None
    layer: int | None
    stack: str | None
    kind: Kind
    shape: list[int]
    reference_type: str
    model_type: str
    reference_bytes: int
    model_bytes: int
    identical: bool


@dataclass(frozen=True, kw_only=True)
class TensorDiff(Errors, ComparedTensor):
    """A tensor's figures. Those of a table of integers are 0 where it is identical, and no error where it is not.

    Attributes:
        max_abs_error_index: place of the first pair that reaches `max_abs_error`: (expert,) row, column.
        changed_rows: rows with an error, of those in all experts; None where the tensor has more rows or columns than
            any model.
        row_nmse_median: median over the rows whose weights are not all 0; None likewise.
        worst_rows: the few with the largest nmse, the worst first; rows without an error are not among them.
        worst_heads: likewise of an attention matrix; empty for others.
        worst_experts: likewise of a stack of experts.
        views: what was undone before the weights were compared, as `"rows permuted"`; see `diffs.views`.
    """

    max_abs_error_index: list[int] | None = None
    changed_rows: int | None = None
    row_nmse_median: float | None = None
    worst_rows: list[PartError] = field(default_factory=list)
    worst_heads: list[PartError] = field(default_factory=list)
    worst_experts: list[PartError] = field(default_factory=list)
    views: list[str] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        """Whether it is in roll-ups: it holds weights."""
        return self.kind in {"matrix", "vector"}


@dataclass(frozen=True)
class ReshapedTensor:
    """A tensor that both have, with another shape, and which was not compared.

    Attributes:
        name: in the reference.
        reference_shape: rows × columns there.
        model_shape: in the model.
    """

    name: str
    reference_shape: list[int]
    model_shape: list[int]


@dataclass(frozen=True)
class MetadataChange:
    """A key of the metadata that is not the same on both sides.

    Attributes:
        key: text from a file, to be escaped.
        reference: its value in short, as people read it; arrays by kind and length. None where the key is not there.
        model: likewise.
        n_changed: of two arrays of one kind and length, how many elements differ; else None.
    """

    key: str
    reference: str | None
    model: str | None
    n_changed: int | None = None


@dataclass(frozen=True, kw_only=True)
class DiffSummary(Errors):
    """A model and its reference as a whole: over all weights that were compared, matrices and vectors.

    Attributes:
        n_tensors: that were compared, of any kind.
        n_identical: of them, those whose stored bytes are equal.
        max_abs_error_tensor: name of the first tensor with the largest error; None where there is no error.
        element_coverage: elements that were compared / elements of the reference's weights.
        weighted_coverage: of the elements that were compared, the share of those with importance; None without any.
    """

    n_tensors: int
    n_identical: int
    max_abs_error_tensor: str | None
    element_coverage: float | None
    weighted_coverage: float | None = None


@dataclass(frozen=True)
class ModelDiff:
    """One model beside the reference.

    Attributes:
        subject: the model.
        summary: over all tensors.
        tensors: that were compared, in the order of the reference.
        missing: names of tensors of the reference that the model lacks; factors that are multiplied in are none.
        extra: names of tensors of the model that the reference lacks, likewise.
        reshaped: tensors of both with different shapes.
        metadata: keys that differ, in the order of the reference, then of the model.
        identical_bytes: whether both have the same tensors and metadata, and the stored bytes of all tensors are equal.
        notes: in sentences, as that the reference has fewer bits; names in them are to be escaped.
        lineage: where the model comes from; None where it was not asked for, or every stored byte is equal.
        run: what came of both reading the same tokens; None where they did not.
        fidelity: whether the converter wrote what the reference has; None where that is no checkpoint.
    """

    subject: DiffedModel
    summary: DiffSummary
    tensors: list[TensorDiff]
    missing: list[str]
    extra: list[str]
    reshaped: list[ReshapedTensor]
    metadata: list[MetadataChange]
    identical_bytes: bool
    notes: list[str] = field(default_factory=list)
    lineage: Lineage | None = None
    run: RunRecord | None = None
    fidelity: Fidelity | None = None
