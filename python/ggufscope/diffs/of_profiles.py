"""Two profiles side by side: what statistics tell without the weights, and no more.

An error needs pairs of weights, which profiles do not have. Norms, moments and counts can be compared, and where any of
them differs, so do the weights; where all agree, the weights may differ all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DiffError
from ..models.kinds import Kind  # noqa: TC001  pydantic resolves the annotations
from ..models.subject import same_model
from ..saving.form import SavedForm
from ..saving.results import SavedResult, Tables, markdown_of
from ..text.numbers import counted
from .records import DiffedModel, ReshapedTensor

if TYPE_CHECKING:
    from ..models.subject import Subject
    from ..profiles.profile_result import Profile
    from ..profiles.rows import Row

SCHEMA = "ggufscope.profilediff/1"
STATEMENT = (
    "of two profiles: differences of statistics. Profiles hold no weights, so that no error can be told from them;"
    " equal statistics do not prove equal weights"
)
FIGURES = (
    "mean", "std", "rms", "l1_norm", "l2_norm", "abs_max", "kurtosis", "zero_fraction", "sparsity", "nan_count",
    "inf_count",
)  # fmt: skip
_OF_TYPES = ("block_scale_", "code_")  # beginnings of statistics of stored blocks
_NOT_OF_WEIGHTS = {"name", "type", "n_bytes", "row_l2", "column_l2"}


@dataclass(frozen=True)
class TensorChange:
    """A tensor in two profiles.

    Attributes:
        name: in both.
        role: as `"attn_v"`; None for a name that says nothing.
        layer: number of its layer; None outside the layers.
        stack: of layers, None for the main one.
        kind: `"matrix"`, `"vector"`, `"factor"` or `"table"`.
        shape: in NumPy order.
        reference_type: ggml's name of the reference's type.
        model_type: of the model's.
        reference_bytes: as stored.
        model_bytes: as stored.
        equal: whether every statistic of weights that both profiles have is the same number.
        norm_change: norm of the model / norm of the reference − 1; None where one is undefined or 0.
        figures: name of a statistic → its value in the reference and in the model; None where it is undefined.
    """

    name: str
    role: str | None
    layer: int | None
    stack: str | None
    kind: Kind
    shape: list[int]
    reference_type: str
    model_type: str
    reference_bytes: int
    model_bytes: int
    equal: bool
    norm_change: float | None
    figures: dict[str, tuple[float | None, float | None]]


@dataclass(frozen=True)
class ProfileDiffDocument:
    """The whole file.

    Attributes:
        statement: what the numbers are, and what they are not.
        reference: the model of the first profile.
        model: that of the second.
        same_identity: whether both are of one model, by table and samples of every tensor.
        tensors: of both, of the same shape, in the order of the reference.
        missing: names that the model lacks.
        extra: names that the reference lacks.
        reshaped: of both, with different shapes.
    """

    schema: str
    statement: str
    reference: DiffedModel
    model: DiffedModel
    same_identity: bool
    tensors: list[TensorChange]
    missing: list[str]
    extra: list[str]
    reshaped: list[ReshapedTensor]


PROFILE_DIFF_FORM: SavedForm[ProfileDiffDocument] = SavedForm(
    kind="a saved diff of profiles",
    noun="diff of profiles",
    schema=SCHEMA,
    types=lambda: ProfileDiffDocument,
    error=DiffError,
    digits=12,
    optional=("reference.file_hashes", "model.file_hashes"),
)


class ProfileDiff(Tables, SavedResult):
    """Differences of the statistics of two models; made by `diff_profiles`, or loaded.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    _form = PROFILE_DIFF_FORM
    document: ProfileDiffDocument

    def __init__(self, document: ProfileDiffDocument) -> None:
        self.document = document

    @property
    def subject(self) -> Subject:
        """The model of the first profile."""
        return self.document.reference

    def to_markdown(self) -> str:
        """The diff as a Markdown document; its charts and tables are files of `ggufscope report`."""
        return markdown_of(self)

    def _summary(self) -> str:
        differing = sum(not tensor.equal for tensor in self.document.tensors)
        return f"other statistics in {differing} of {counted(len(self.document.tensors), 'tensor')}"


def diff_profiles(reference: Profile, model: Profile) -> ProfileDiff:
    """Compare the statistics of two models, tensor by tensor.

    Args:
        reference: the profile that the other is held against.
        model: the other.

    Raises:
        DiffError: They are of different architectures, or have no tensor of one name and shape.
    """
    architectures = reference.model.architecture, model.model.architecture
    if None not in architectures and architectures[0] != architectures[1]:
        raise DiffError(f"profiles of different architectures, {architectures[0]} and {architectures[1]}")
    both = [name for name in reference.tensors if name in model.tensors]
    pairs = [(reference.tensors[name], model.tensors[name]) for name in both]
    tensors = [_change(name, one, other) for name, (one, other) in zip(both, pairs, strict=True) if _alike(one, other)]
    if not tensors:
        raise DiffError("no tensor has the same name and shape in both profiles")
    return ProfileDiff(
        ProfileDiffDocument(
            schema=SCHEMA,
            statement=STATEMENT,
            reference=_model(reference),
            model=_model(model),
            same_identity=same_model(reference.subject, model.subject),
            tensors=tensors,
            missing=[name for name in reference.tensors if name not in model.tensors],
            extra=[name for name in model.tensors if name not in reference.tensors],
            reshaped=[
                ReshapedTensor(name, _shape(one), _shape(other))
                for name, (one, other) in zip(both, pairs, strict=True)
                if not _alike(one, other)
            ],
        )
    )


def _model(profile: Profile) -> DiffedModel:
    model = profile.model
    return DiffedModel(
        **profile.subject.facts(),
        n_tensors=model.n_tensors,
        n_elements=model.n_elements,
        n_bytes=model.n_bytes,
        bits_per_weight=model.bits_per_weight,
        types={name: sizes["n_bytes"] for name, sizes in model.types.items()},
    )


def _alike(one: Row, other: Row) -> bool:
    return _shape(one) == _shape(other)


def _shape(row: Row) -> list[int]:
    return list(row.shape or ())


def _change(name: str, one: Row, other: Row) -> TensorChange:
    norms = one.get("l2_norm"), other.get("l2_norm")
    return TensorChange(
        name=name,
        role=one.role,
        layer=one.layer,
        stack=one.stack,
        kind=one.kind,
        shape=_shape(one),
        reference_type=str(one.type),
        model_type=str(other.type),
        reference_bytes=one.n_bytes,
        model_bytes=other.n_bytes,
        equal=_statistics(one, other) == _statistics(other, one),
        norm_change=norms[1] / norms[0] - 1 if norms[0] and norms[1] is not None else None,
        figures={field: (one.get(field), other.get(field)) for field in FIGURES},
    )


def _statistics(row: Row, beside: Row) -> dict[str, Any]:
    """The statistics of the weights that both rows have; of another type those of stored blocks are none of them."""
    shared = row.to_json().keys() & beside.to_json().keys() - _NOT_OF_WEIGHTS
    return {
        name: value
        for name, value in row.to_json().items()
        if name in shared and (row.type == beside.type or not name.startswith(_OF_TYPES))
    }
