"""The curves of charts over depth: which scores, their values on every layer, and the types they read there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from .words import name

if TYPE_CHECKING:
    from ...analysis.preset_document import LayerRecord, PresetSummary
    from .sources import Source

HEURISTIC, BEHAVIOUR = "heuristic", "behaviour"  # the second: whichever of SOURCES the analysis has


@dataclass(frozen=True)
class Curve:
    """A score of a preset, or one of its components, and what to call it."""

    score: str
    label: str
    preset: str = HEURISTIC


@dataclass(frozen=True)
class DepthChart:
    """The properties in which charts over depth differ.

    Attributes:
        name: of the chart.
        title: what is seen.
        short: the title among others, with the unit.
        axis: what the vertical axis measures.
        definition: of the scores.
        curves: drawn where the analysis has them.
        percent: whether they are shares.
        logarithmic: whether the axis is.
        with_zeros: draw the zeros that the type of W_v explains.
        of: the family of the chart.
    """

    name: str
    title: str
    short: str
    axis: str
    definition: str
    curves: tuple[Curve, ...]
    percent: bool = False
    logarithmic: bool = False
    with_zeros: bool = False
    of: str = "scores"

    @property
    def of_behaviour(self) -> bool:
        """Whether its scores come from one of SOURCES; name, title and definition then name that in braces."""
        return any(curve.preset == BEHAVIOUR for curve in self.curves)

    def told_by(self, source: Source) -> DepthChart:
        """The chart of what a source says."""
        texts = {key: getattr(self, key).format_map(asdict(source)) for key in ("name", "title", "definition")}
        return replace(
            self,
            of=f"scores-{source.suffix}",
            curves=tuple(replace(curve, preset=source.preset) for curve in self.curves),
            **texts,
        )


@dataclass(frozen=True)
class DrawnCurve:
    """A curve with its values on every layer, the types it reads there, and the noise that it does not exceed."""

    curve: Curve
    layers: list[LayerRecord]
    values: list[float | None]
    types: list[str]
    noise: str | None

    @property
    def known(self) -> list[tuple[int, float]]:
        """(layer, value) where there is one."""
        pairs = zip(self.layers, self.values, strict=True)
        return [(record.layer, value) for record, value in pairs if value is not None]


def drawn(curve: Curve, preset: PresetSummary) -> DrawnCurve:
    """A curve over the layers of its preset."""
    values = [_value(record, curve.score) for record in preset.layers]
    types = _types(preset.layers, preset.reads.get(curve.score, []))
    return DrawnCurve(curve, preset.layers, values, types, (preset.noise or {}).get(curve.score))


def _value(record: LayerRecord, score: str) -> float | None:
    if score in record.scores:
        return record.scores[score]
    return record.components[score].raw if score in record.components else None


def _types(layers: list[LayerRecord], roles: list[str]) -> list[str]:
    """The types a score reads at each layer.

    Where they differ, those of the roles that do, `"attn_v Q6_K"`; else all of them, each once, `"Q4_K + F32"`.
    """
    changing = [role for role in roles if len({record.types.get(role) for record in layers}) > 1]
    if changing:
        return [", ".join(f"{role} {_type(record, role)}" for role in changing) for record in layers]
    return [" + ".join(dict.fromkeys(_type(record, role) for role in roles)) or "unknown" for record in layers]


def _type(record: LayerRecord, role: str) -> str:
    kind = record.types.get(role)
    return "none" if kind is None else name(kind)


def zeros(record: LayerRecord) -> tuple[float | None, float | None, float | None]:
    """Exact zeros of W_v at a layer, and the least and the most that its type explains."""
    found = record.value_zeros
    low, high = found.expected_zero_fraction or (None, None)
    return found.zero_fraction, low, high
