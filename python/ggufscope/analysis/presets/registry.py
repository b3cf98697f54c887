"""The registries: scores of a preset, and presets.

A score is one function of the layer table under the name its formula has in docs/analysis.md:

    @score("heuristic", "‖W_v‖ · scale(g_attn)", reads=("v", "attn_norm"))
    def value_output(table: LayerTable, norm: Norm) -> Floats: ...

A preset is a way to get scores and to say which of them make up the risk index; `analyze` runs every preset that is
registered and fits the input, and everything behind it (scaling, sensitivity, confound test, report) is the same for
all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...models.model import Model
    from ...runtime import Plan, Trace
    from ...runtime.openings import Openings
    from ...runtime.reading.probes import Probe
    from ...runtime.standout_document import StandoutKind
    from ..inputs.layer_table import Applicability, LayerTable

Norm = Literal["mean", "rms"]
Scale = Literal["minmax", "rank"]
NORMS: tuple[Norm, ...] = ("mean", "rms")
SCALES: tuple[Scale, ...] = ("minmax", "rank")


@dataclass(frozen=True, eq=False)
class Series:
    """A score over the layers.

    Attributes:
        values: (L,), NaN where undefined.
        formula: as people read it.
        reads: the matrices and gains (keys of `layer_table`) it comes from.
        gauge_invariant: whether it stays as it is when the weights are rescaled without a change of the function.
        offset: added before its range is compared with its size (1 for a relative change).
        noise: that its differences do not exceed, in words behind "within"; None where they do, or none is known.
    """

    values: Floats
    formula: str
    reads: tuple[str, ...]
    gauge_invariant: bool
    offset: float = 0.0
    noise: str | None = None

    @property
    def complete(self) -> bool:
        """Whether it is defined on every layer."""
        return len(self.values) > 0 and bool(np.isfinite(self.values).all())


@dataclass(frozen=True)
class Ingredient:
    """A score inside a component: u(score) if it rises with risk, 1 − u(score) if it falls."""

    score: str
    rising: bool = True


@dataclass(frozen=True)
class Component:
    """A term of the risk index: one score, or the mean of several scaled ones."""

    name: str
    ingredients: tuple[Ingredient, ...]

    @property
    def composite(self) -> bool:
        return len(self.ingredients) > 1 or not self.ingredients[0].rising

    @property
    def formula(self) -> str:
        """As people read it: the score, or the mean of the scaled ones."""
        if not self.composite:
            return self.ingredients[0].score
        units = (f"u({part.score})" if part.rising else f"1 − u({part.score})" for part in self.ingredients)
        return f"mean of {', '.join(units)}"


@dataclass(frozen=True, eq=False)
class PresetInput:
    """The input of a preset.

    Attributes:
        table: the layers.
        norm: the norm scale chosen.
        model: the open model; None where the input is a profile.
        threads: at most so many; None for the cores this process may use.
        progress: called as `progress(done, total)`; may raise to cancel.
        probe: that the model is to read; None without one.
        probed: a trace of a probe that it read already, in place of another; None without one.
        seed: of every random draw.
        announce: called with the plan of a probe before the model runs.
        openings: exact beginnings of texts; None where there are none.
        no_openings: the reason for that.
    """

    table: LayerTable
    norm: Norm
    model: Model | None = None
    threads: int | None = None
    progress: Callable[[int, int], object] | None = None
    probe: Probe | None = None
    seed: int = 0
    announce: Callable[[Plan], object] | None = None
    probed: Trace | None = None
    openings: Openings | None = None
    no_openings: str | None = None


@dataclass(frozen=True, eq=False)
class ThirdScores:
    """The scores of a preset over a third of the depth.

    Attributes:
        third: `"early"`, `"middle"` or `"late"`.
        layers: its layers, by their numbers in the file.
        values: by name, NaN where undefined.
    """

    third: str
    layers: tuple[int, ...]
    values: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class PresetScores:
    """The scores of a preset, and the components of its index.

    Attributes:
        series: by name, in the order to report.
        components: the terms of the risk index; every ingredient is a name in `series`.
        per_head: tables (L, heads), NaN where there is no such head.
        applicability: scores that it could not compute.
        notes: its assumptions, and what it read in another way than usual, for the reader.
        explained: whether `applicability` has the reason for every undefined score; else those that lack a tensor are
            explained by it.
        thirds: scores of the early, middle and late layers together, where the preset has any.
        standouts: what stood out while the model ran, where the preset ran it.
        summary: one line about where these numbers come from; None for the one of the preset.
        sequences: token ids that it read then.
    """

    series: Mapping[str, Series]
    components: tuple[Component, ...]
    per_head: Mapping[str, Floats] = field(default_factory=dict)
    applicability: tuple[Applicability, ...] = ()
    notes: tuple[str, ...] = ()
    explained: bool = False
    thirds: tuple[ThirdScores, ...] = ()
    standouts: tuple[StandoutKind, ...] = ()
    summary: str | None = None
    sequences: tuple[npt.NDArray[np.int32], ...] = ()


@dataclass(frozen=True)
class Preset:
    """A registered preset.

    Attributes:
        needs_model: whether a profile is not enough.
        in_place_of: the preset that this one replaces where a probe is asked for; it runs then alone.
    """

    name: str
    summary: str
    needs_model: bool
    in_place_of: str | None
    compute: Callable[[PresetInput], PresetScores]


@dataclass(frozen=True)
class RegisteredScore:
    """A registered score; see `score`."""

    name: str
    formula: str
    reads: tuple[str, ...]
    gauge_invariant: bool
    offset: float
    uses_norm: bool
    function: Callable[..., Floats]
    noise: Callable[[LayerTable], str | None] | None

    def series(self, table: LayerTable, norm: Norm) -> Series:
        values = self.function(table, norm) if self.uses_norm else self.function(table)
        noise = None if self.noise is None else self.noise(table)
        return Series(values, self.formula, self.reads, self.gauge_invariant, self.offset, noise)


PRESETS: dict[str, Preset] = {}
_SCORES: dict[str, dict[str, RegisteredScore]] = {}


def scores(preset: str) -> dict[str, RegisteredScore]:
    """The scores of a preset, in the order of their definitions."""
    return dict(_SCORES.get(preset, {}))


def score(
    preset: str,
    formula: str,
    *,
    reads: tuple[str, ...],
    gauge_invariant: bool = False,
    offset: float = 0.0,
    noise: Callable[[LayerTable], str | None] | None = None,
) -> Callable[[Callable[..., Floats]], Callable[..., Floats]]:
    """Register a function (table) or (table, norm) → (L,) as the score of its name.

    Args:
        preset: which preset it belongs to.
        formula: as people read it.
        reads: the matrices and gains it comes from; their types are what could confound it.
        gauge_invariant: see `Series`.
        offset: see `Series`.
        noise: a function that tells the one of `Series`.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        uses_norm = "norm" in function.__annotations__
        registered = RegisteredScore(
            function.__name__, formula, reads, gauge_invariant, offset, uses_norm, function, noise
        )
        _SCORES.setdefault(preset, {})[registered.name] = registered
        return function

    return register


def preset(
    name: str,
    summary: str,
    *,
    needs_model: bool = False,
    in_place_of: str | None = None,
    presets: dict[str, Preset] = PRESETS,
) -> Callable[[Callable[[PresetInput], PresetScores]], Callable[[PresetInput], PresetScores]]:
    """Register a function PresetInput → PresetScores as the preset of this name.

    Args:
        name: of the preset.
        summary: one line about it, for the reader.
        needs_model: see `Preset`.
        in_place_of: see `Preset`.
        presets: the registry.
    """

    def register(function: Callable[[PresetInput], PresetScores]) -> Callable[[PresetInput], PresetScores]:
        presets[name] = Preset(name, summary, needs_model, in_place_of, function)
        return function

    return register
