"""The sources of predictions: presets of an analysis, a trace of a probe, products of norms, depth.

A source gives a score over layers, (L,), or over heads, (L, heads), with L the layers of the trace; NaN where it has no
value; or it says why it has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.presets.probe import SCORES as PROBE_SCORES
from ..arrays.means import mean_of_finite
from ..runtime.reading.probes import words_of
from .matching import ENTROPY, predicted_entropy
from .measured import measure
from .quantities import RISK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis import Analysis
    from ..analysis.preset_document import LayerRecord, PresetSummary
    from ..analysis.presets.registry import Scale
    from ..arrays.floats import Floats
    from ..runtime.trace_result import Trace
    from .matching import Matching
    from .quantities import Comparison, SourceScore

_PROBE_SCORES = {figure: score for score, (figure, _) in PROBE_SCORES.items()}
_PRODUCT_RATIO = ("ffn_product", "vo_product")


class MissingError(Exception):
    """A source has no such score; the message is the reason, for the reader."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Values, (L,) or (L, heads), and how they came about, as people read it."""

    values: Floats
    formula: str


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that predicts.

    Attributes:
        analysis: with its presets.
        probe: a trace of a probe; None without one.
        n_heads: query heads of each layer of the trace.
        matching: the positions in which entropies of trace and probe are compared; None: all of both.
    """

    analysis: Analysis
    probe: Trace | None
    n_heads: Sequence[int]
    matching: Matching | None = None

    @property
    def n_layers(self) -> int:
        return len(self.n_heads)

    @property
    def scale(self) -> Scale:
        """The scaling of the components of the index."""
        return "rank" if self.analysis.document.settings.scale == "rank" else "minmax"

    def preset(self, name: str) -> PresetSummary:
        document = self.analysis.document
        for preset in (document.preset, *document.other_presets):
            if preset.name == name:
                return preset
        hint = ": it was made from a profile" if document.model.source != "model" else ""
        raise MissingError(f"the analysis has no preset {name}{hint}")

    def of_layers(self, values: Sequence[float | None]) -> Floats:
        """Values of the analysis' layers at the layers of the trace."""
        column = np.full(self.n_layers, np.nan)
        for record, value in zip(self.analysis.document.preset.layers, values, strict=True):
            if 0 <= record.layer < self.n_layers and value is not None:
                column[record.layer] = value
        return column

    def of_heads(self, rows: Sequence[Sequence[float | None]]) -> Floats:
        """A table of the analysis' layers and heads, likewise."""
        table = np.full((self.n_layers, max(self.n_heads, default=0)), np.nan)
        for record, row in zip(self.analysis.document.preset.layers, rows, strict=True):
            if 0 <= record.layer < self.n_layers:
                values = np.array(row[: self.n_heads[record.layer]], np.float64)  # None becomes NaN
                table[record.layer, : len(values)] = values
        return table


def resolved(source: SourceScore, sources: Sources) -> SourceScore:
    """The source by the score that it has: another one stands in where propagation had no openings.

    Raises:
        MissingError: There is no such preset.
    """
    if source.instead is None:
        return source
    formulas = sources.preset(source.name).formulas
    return source if source.score in formulas else replace(source, score=source.instead)


def predict(comparison: Comparison, source: SourceScore, sources: Sources) -> Prediction:
    """The prediction of a quantity by a source.

    Raises:
        MissingError: The source has none.
    """
    prediction = PREDICT[source.name](comparison, source, sources)
    if not np.isfinite(prediction.values).any():
        raise MissingError(f"{source.score} is undefined on every {comparison.per}")
    return prediction


def _of_preset(comparison: Comparison, source: SourceScore, sources: Sources) -> Prediction:
    """A score of the analysis' preset of that name."""
    return _score(sources.preset(source.name), source.score, comparison, sources)


def _score(preset: PresetSummary, score: str, comparison: Comparison, sources: Sources) -> Prediction:
    if comparison.per == "head":
        if score not in preset.per_head:
            raise MissingError(f"preset {preset.name} has no {score} of heads")
        return Prediction(sources.of_heads(preset.per_head[score]), f"{score} of heads, {preset.summary}")
    formula = preset.formulas.get(score, f"{score} of the preset {preset.name}")
    return Prediction(sources.of_layers([_of_layer(record, score, preset) for record in preset.layers]), formula)


def _of_layer(record: LayerRecord, score: str, preset: PresetSummary) -> float | None:
    if score == RISK:
        return record.risk
    if score in record.scores:
        return record.scores[score]
    if score in record.components:
        return record.components[score].raw
    raise MissingError(f"preset {preset.name} has no {score}")


def _of_probe(comparison: Comparison, source: SourceScore, sources: Sources) -> Prediction:
    """A figure measured on a probe: from a trace of it, else from the analysis' preset `probe`."""
    if sources.probe is None:
        return _of_probe_preset(comparison, source, sources)
    weights, entropy = sources.analysis.document.settings.weights, predicted_entropy(sources.probe, sources.matching)
    measured = measure(comparison, sources.probe, weights, sources.scale, entropy)
    if measured.n_points == 0:
        raise MissingError(f"the probe: {measured.note}")
    shape = (sources.n_layers, max(sources.n_heads, default=0)) if comparison.per == "head" else (sources.n_layers,)
    values = np.full(shape, np.nan)
    n_prompts = len(measured.prompts)
    values[measured.places(comparison.per)] = measured.combine(np.full((1, n_prompts), 1 / n_prompts))[0]
    words = words_of(sources.probe.document.settings.probe_kind)
    return Prediction(values, f"{source.score}, measured on {words}")


def _of_probe_preset(comparison: Comparison, source: SourceScore, sources: Sources) -> Prediction:
    try:
        preset = sources.preset("probe")
    except MissingError:
        raise MissingError("there is no probe: neither a trace of one nor an analysis with one") from None
    if source.score == ENTROPY:
        score = {"head": "head_entropy", "layer": "mean_head_entropy"}[comparison.per]
    elif comparison.per == "head":
        score = source.score
    else:
        score = RISK if source.score == RISK else _PROBE_SCORES.get(source.score, "")
    if not score:
        raise MissingError(f"the analysis' probe did not keep {source.score}; a trace of one would have it")
    return _score(preset, score, comparison, sources)


def _of_norms(comparison: Comparison, source: SourceScore, sources: Sources) -> Prediction:
    """Plain norms: per head as propagation has them, invariant products per layer, else a score of the heuristic."""
    gauge = sources.analysis.document.gauge
    if source.score == "baseline":
        return _head_norms(comparison, sources)
    if source.score in gauge.products:
        return Prediction(sources.of_layers(gauge.products[source.score]), gauge.formulas[source.score])
    if source.score == " / ".join(_PRODUCT_RATIO):
        above, below = (sources.of_layers(gauge.products[name]) for name in _PRODUCT_RATIO)
        ratio = np.divide(above, below, out=np.full(sources.n_layers, np.nan), where=below > 0)
        return Prediction(ratio, " / ".join(f"({gauge.formulas[name]})" for name in _PRODUCT_RATIO))
    return _score(sources.preset("heuristic"), source.score, comparison, sources)


def _head_norms(comparison: Comparison, sources: Sources) -> Prediction:
    presets = (sources.analysis.document.preset, *sources.analysis.document.other_presets)
    tables = [preset.per_head["baseline"] for preset in presets if "baseline" in preset.per_head]
    if not tables:
        raise MissingError("the analysis has no norms of heads: it was not made from the model itself")
    table, formula = sources.of_heads(tables[0]), "−‖W_q g‖ · ‖W_k g‖"
    if comparison.per == "head":
        return Prediction(table, formula)
    return Prediction(mean_of_finite(table, axis=1), f"mean over heads of {formula}")


def _of_depth(_rule: Comparison, _source: SourceScore, sources: Sources) -> Prediction:
    return Prediction(np.arange(sources.n_layers, dtype=np.float64), "number of the layer")


PREDICT: dict[str, Callable[[Comparison, SourceScore, Sources], Prediction]] = {
    "heuristic": _of_preset,
    "propagation": _of_preset,
    "probe": _of_probe,
    "norms": _of_norms,
    "depth": _of_depth,
}
