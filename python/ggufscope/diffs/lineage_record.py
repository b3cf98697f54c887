"""Records of where a model comes from: what a fine-tune moved, whose signs it has, coarser types behind it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MovedRows:
    """Rows of a tensor that differ, where most are equal.

    Attributes:
        tensor: name in the reference.
        count: rows that differ, of those in all experts.
        first: the first few of them.
    """

    tensor: str
    count: int
    first: list[int]


@dataclass(frozen=True)
class Moved:
    """Tensors that differ between two models that store equal tensors in equal types: what a fine-tune changed.

    Attributes:
        n_equal: tensors of equal bytes.
        tensors: names of those that differ, in the order of the reference.
        layers: numbers of the layers with such tensors, ascending.
        roles: of them, the most frequent first.
        rows: tensors of which fewer than half of the rows differ.
    """

    n_equal: int
    tensors: list[str]
    layers: list[int]
    roles: list[str]
    rows: list[MovedRows] = field(default_factory=list)


@dataclass(frozen=True)
class LayerOrigin:
    """Signs and gains of one layer in both models, from a sample of its rows.

    Attributes:
        layer: its number; None for what lies outside the layers.
        n_signs: large weights that were compared: the quarter of the reference's sample with the largest |a|.
        sign_agreement: share of them whose sign the model has; about 0.5 for models that have nothing in common. None
            without matrices.
        gain_correlation: Pearson's, between the gains of all norms of the layer; None without norms, or where they are
            all one number.
    """

    layer: int | None
    n_signs: int
    sign_agreement: float | None
    gain_correlation: float | None


@dataclass(frozen=True)
class Requantized:
    """Tensors of one type whose weights lie on the levels of a coarser one.

    Attributes:
        type: that holds them.
        coarser_types: ggml's names of types that have such levels.
        levels: how many.
        tensors: names in the model.
        fitting: runs of 16 or 32 weights that lie on the levels.
        decided: runs that could tell: weights that know nothing of the levels fit with a chance below one in a million.
    """

    type: str
    coarser_types: list[str]
    levels: int
    tensors: list[str]
    fitting: int
    decided: int


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from, as far as the weights tell.

    Attributes:
        moved: None where types differ, where no tensor is equal, or nothing differs.
        origins: layer by layer, in ascending order, then what lies outside.
        made_from: whether the signs say that the model was made from the reference: `"all"`, `"some"` or `"none"` of
            the layers; None where nothing could be compared.
        requantized: by type and levels.
        reference_requantized: the same of the reference, whose errors hide behind it.
        sentences: all of this in words; names in them are to be escaped.
    """

    moved: Moved | None
    origins: list[LayerOrigin]
    made_from: str | None
    requantized: list[Requantized]
    reference_requantized: list[Requantized]
    sentences: list[str]
