"""The layout of a preset in a saved analysis: its index as a whole, and each layer of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ComponentValue:
    """A term of the index at one layer: before scaling, and scaled to [0, 1].

    Attributes:
        raw: before scaling; None where undefined.
        scaled: from 0 to 1; None where undefined.
    """

    raw: float | None
    scaled: float | None


@dataclass(frozen=True)
class Zeros:
    """Exact zeros of W_v at one layer: measured share, the band its type explains, and what lies outside.

    Attributes:
        zero_fraction: share of exact zeros; None where it is not known.
        expected_zero_fraction: the band that the type explains; None for a type without one.
        excess_zero_fraction: how far the share lies outside the band: 0 inside it, negative below it; None without one.
    """

    zero_fraction: float | None
    expected_zero_fraction: tuple[float, float] | None
    excess_zero_fraction: float | None


@dataclass(frozen=True)
class LayerRecord:
    """One layer.

    Attributes:
        layer: its number in the file.
        types: matrix or gain → type.
        scores: every score of the preset.
        components: the terms of the index.
        contributions: component → the points it adds to the index.
        risk: the index, 0 to 100, within this model.
        risk_without_confounded: the index without what the confound test flagged.
        level: `low`, `medium` or `high`, only where neither the weights nor what is confounded matter.
        rank: 1 for the highest index; ties share their mean rank.
        rank_interval: 5 % and 95 % quantiles of the rank over weights.
        p_first, p_top_three: probabilities over weights.
        value_zeros: exact zeros of W_v against those of its type.
    """

    layer: int
    types: dict[str, str | None]
    scores: dict[str, float | None]
    components: dict[str, ComponentValue]
    contributions: dict[str, float]
    risk: float | None
    risk_without_confounded: float | None
    level: str | None
    rank: float | None
    rank_interval: tuple[float, float] | None
    p_first: float | None
    p_top_three: float | None
    value_zeros: Zeros


@dataclass(frozen=True)
class Variant:
    """The index with another norm scale or scaling.

    Attributes:
        norm: scale of a gain vector.
        scale: of a component over the layers.
        tau: Kendall's τ of its order and the reported one.
        top_layers: the three highest, highest first.
        risk, rank, p_first, p_top_three: per layer, as in LayerRecord.
    """

    norm: str
    scale: str
    tau: float | None
    top_layers: list[int]
    risk: list[float | None]
    rank: list[float | None]
    p_first: list[float | None]
    p_top_three: list[float | None]


@dataclass(frozen=True)
class ThirdRecord:
    """Scores of a preset of the early, middle or late layers together.

    Attributes:
        third: `"early"`, `"middle"` or `"late"`.
        layers: their numbers.
        values: score → its value; None where undefined.
    """

    third: str
    layers: list[int]
    values: dict[str, float | None]


@dataclass(frozen=True)
class PresetSummary:
    """A preset and its index as a whole.

    Attributes:
        name: `"heuristic"`, `"propagation"` or `"probe"`.
        summary: what it is, in a sentence.
        weights: of the components that count, with those of the components that equal them; they add up to 1.
        effective_weights: score → its weight through every component it enters, of what varies; they add up to 1.
        independent_components: their effective number, the participation ratio of their correlation matrix.
        flat: components and ingredients that differ by less than 5 %, or by no more than noise.
        dropped: component → why it is not in the index.
        confounded: what `risk_without_confounded` leaves out.
        formulas: score or component → formula.
        gauge_invariant: score or component → whether rescaling the weights leaves it as it is.
        variants: the index with the other norm scale and scaling.
        per_head: tables, layers × heads, where the preset has any.
        layers: one record per layer.
        reads: score or component → the roles of the tensors it comes from.
        thirds: scores of the early, middle and late layers together, where the preset has any.
        noise: those of `flat` whose differences are noise → which, in words behind "within"; None in files of the first
            release.
        equal: component or ingredient → another one that is equal on every layer and counts for both; None in files of
            the first release.
    """

    name: str
    summary: str
    weights: dict[str, float]
    effective_weights: dict[str, float]
    independent_components: float | None
    flat: list[str]
    dropped: dict[str, str]
    confounded: list[str]
    formulas: dict[str, str]
    gauge_invariant: dict[str, bool]
    variants: list[Variant]
    per_head: dict[str, list[list[float | None]]]
    layers: list[LayerRecord]
    reads: dict[str, list[str]] = field(default_factory=dict)
    thirds: list[ThirdRecord] = field(default_factory=list)
    noise: dict[str, str] | None = None
    equal: dict[str, str] | None = None

    @property
    def varying(self) -> list[str]:
        """The components that count and are not flat."""
        return [name for name in self.weights if name not in self.flat]
