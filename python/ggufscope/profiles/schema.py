"""The layout of a saved profile, and what must be true of it.

The models below spell it. The statistics of a row are not listed here: they come from the core's registry, each kind
with its check. Keys nobody knows are ignored, so that a file with a statistic of a later version loads; what is there
must be right.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic.functional_serializers import PlainSerializer
from pydantic.functional_validators import AfterValidator

from ..arrays import histogram
from ..arrays.fields import QUANTILE_PERCENTS, VECTOR_SUMMARIES, registry
from .head_table import MOST_PLACES
from .rows import PARTS

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


def _ascending(values: list[float]) -> list[float]:
    if sorted(values) != values:
        raise ValueError("quantiles must not descend")
    return values


_KINDS: dict[str, Any] = {
    "count": Count,
    "index": list[Count],
    "number": Number,
    "share": Share,
    "quantiles": Annotated[
        list[Number],
        Field(min_length=len(QUANTILE_PERCENTS), max_length=len(QUANTILE_PERCENTS)),
        AfterValidator(_ascending),
    ],
    # Decoded here, once, whoever needs it: the check of a row, and the row itself.
    "histogram": Annotated[str, AfterValidator(histogram.decode), PlainSerializer(lambda decoded: decoded)],
}


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", protected_namespaces=())


class _Row(_Strict):
    n_elements: Count
    n_bytes: Count

    @model_validator(mode="after")
    def _histogram_is_complete(self) -> Self:
        """Every finite element is in the histogram."""
        decoded: histogram.Histogram | None = getattr(self, "histogram", None)
        lost: list[int] = [getattr(self, f"{kind}_count", None) or 0 for kind in ("nan", "inf", "beyond_float32")]
        total = self.n_elements - sum(lost) if decoded is None else int(decoded[1].sum())
        if total != self.n_elements - sum(lost):
            raise ValueError(f"the histogram counts {total} finite elements of {self.n_elements - sum(lost)}")
        return self


class _Tensor(_Row):
    name: str
    type: str
    shape: list[Count]
    role: str | None = None
    layer: Count | None = None
    stack: str | None = None
    expert: Count | None = None
    kind: Literal["matrix", "vector", "factor", "table"] | None = None
    factor: list[Number | None] | None = None

    @model_validator(mode="after")
    def _shape_fits(self) -> Self:
        if prod(self.shape) != self.n_elements:
            raise ValueError(f"a tensor of shape {self.shape} does not have {self.n_elements} elements")
        return self


class _RollUp(_Row):
    n_tensors: Count


class _Layer(_RollUp):
    layer: Count
    stack: str | None = None


class _Role(_RollUp):
    role: str


class _Expert(_Role):
    expert: Count


class _LayerRole(_Layer):
    role: str


class _Magnitudes(_Strict):
    """A sketch: cells that ascend, and the weights in them."""

    role: str | None
    zero_share: Share
    low: list[Number]
    high: list[Number]
    share: list[Share]
    share_per_octave: list[Number]

    @model_validator(mode="after")
    def _cells_fit(self) -> Self:
        if len({len(self.low), len(self.high), len(self.share), len(self.share_per_octave)}) > 1:
            raise ValueError("low, high, share and share_per_octave must be equally long")
        edges = [edge for pair in zip(self.low, self.high, strict=True) for edge in pair]
        if edges != sorted(edges) or (edges and edges[0] <= 0):
            raise ValueError("the cells must ascend from above 0")
        return self


class _Third(_RollUp):
    third: str
    stack: str | None = None


class _StackTotal(_RollUp):
    stack: str


class _Heads(_Strict):
    role: str
    layers: list[Count]
    fields: dict[str, list[list[Number | None]]]

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        shapes = {name: [len(row) for row in table] for name, table in self.fields.items()}
        for name, lengths in shapes.items():
            if len(lengths) != len(self.layers) or lengths != next(iter(shapes.values())):
                raise ValueError(f"the table of {name} has other layers or heads than the first")
            if len(lengths) * max(lengths, default=0) > MOST_PLACES:
                raise ValueError(f"the table of {name} has {len(lengths)} layers and up to {max(lengths)} heads")
        return self

    @model_validator(mode="after")
    def _counts_are_counts(self) -> Self:
        for field in registry():
            rows = self.fields.get(field["name"], []) if field["kind"] == "count" else []
            if any(value is not None and not 0 <= value < 1 << 63 for row in rows for value in row):
                raise ValueError(f"the table of {field['name']} has a number that is no count")
        return self


class _TypeSizes(_Strict):
    n_tensors: Count
    n_elements: Count
    n_bytes: Count


class _RoleSizes(_Strict):
    role: str | None
    n_tensors: Count
    n_elements: Count
    n_bytes: Count
    element_share: Share | None
    byte_share: Share | None


class _Model(_Strict):
    name: str | None
    architecture: str | None
    file_type: str | None
    synthetic: bool
    identity: str
    file_sizes: list[Count]
    n_tensors: Count
    n_elements: Count
    n_bytes: Count
    bits_per_weight: Number | None
    types: dict[str, _TypeSizes]
    type_map: dict[str, dict[str, list[Count]]]
    sizes: list[_RoleSizes] = []
    file_hashes: list[Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]] | None = None
    general_type: str | None = None
    notes: list[str] | None = None

    @model_validator(mode="after")
    def _every_file_is_hashed(self) -> Self:
        if self.file_hashes is not None and len(self.file_hashes) != len(self.file_sizes):
            raise ValueError(f"{len(self.file_hashes)} file_hashes of {len(self.file_sizes)} files")
        return self


class _Settings(_Strict):
    fast: bool
    sparsity_threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    stored: bool = False


class _Run(_Strict):
    files: list[str]
    started: str
    seconds: Number
    bytes_per_second: Number
    elements_per_second: Number
    threads: Count
    isa: str
    version: str
    reading: str | None = None


@cache
def _with_statistics(base: type[_Row]) -> type[_Row]:
    """`base` with every statistic, each optional: which there are depends on type and settings."""
    fields: dict[str, Any] = {}
    for field in registry():
        if field["kind"] == "vector":
            fields |= {f"{field['name']}_{what}": (Number | None, None) for what in VECTOR_SUMMARIES}
        elif field["name"] not in base.model_fields:
            fields[field["name"]] = (_KINDS[field["kind"]] | None, None)
    return create_model(base.__name__, __base__=base, **fields)


def _with_parts(base: type[_RollUp]) -> type[_Row]:
    """`base` with every statistic, of all its tensors and of its matrices and vectors by themselves."""
    part = _with_statistics(_RollUp)
    parts: dict[str, Any] = dict.fromkeys(PARTS, (part | None, None))
    return create_model(base.__name__, __base__=_with_statistics(base), **parts)


@cache
def document_model() -> type[BaseModel]:
    """The whole file."""
    tables: dict[str, Any] = {
        name: (list[row], ...)  # type: ignore[valid-type]
        for name, row in {
            "tensors": _with_statistics(_Tensor),
            "layers": _with_parts(_Layer),
            "roles": _with_statistics(_Role),
            "experts": _with_statistics(_Expert),
            "thirds": _with_parts(_Third),
        }.items()
    }
    layer_roles, stack_totals = _with_statistics(_LayerRole), _with_parts(_StackTotal)
    return create_model(
        "Profile",
        __base__=_Strict,
        model=(_Model, ...),
        coverage=(Share, ...),
        settings=(_Settings, ...),
        total=(_with_parts(_RollUp), ...),
        heads=(list[_Heads], ...),
        layer_roles=(list[layer_roles], []),  # type: ignore[valid-type]
        halves=(list[layer_roles], []),  # type: ignore[valid-type]
        stack_totals=(list[stack_totals], []),  # type: ignore[valid-type]
        magnitudes=(list[_Magnitudes], []),
        run=(_Run | None, None),
        **tables,
    )
