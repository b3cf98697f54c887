"""Checks of a saved analysis beyond the types of its fields: tables fit the layers, and names that are used are known.

Reports look things up by position and by name; what passes here, they find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import AnalysisError
from ..runtime.standout_document import misplaced
from .embedding_document import malformed_embedding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .analysis_document import AnalysisDocument, GaugeRecord
    from .preset_document import PresetSummary

_RANK = "_rank"


def check_analysis(document: AnalysisDocument) -> None:
    """Make sure that the parts of a document fit together.

    Raises:
        AnalysisError: They do not; names the place.
    """
    layers = [record.layer for record in document.preset.layers]
    presets = [("preset", document.preset)]
    presets += [(f"other_presets.{number}", preset) for number, preset in enumerate(document.other_presets)]
    for place, preset in presets:
        if [record.layer for record in preset.layers] != layers:
            raise _malformed(f"{place}.layers", "not the layers of the leading preset")
        _check_preset(place, preset)
    if len(set(layers)) != len(layers) or any(layer < 0 for layer in layers):
        raise _malformed("layers", "a layer stands there twice, or is below 0")
    if document.model.n_layers != len(layers):
        raise _malformed("model.n_layers", f"{document.model.n_layers}, and there are {len(layers)} layers")
    _check_gauge(document.gauge, len(layers))
    if reason := malformed_embedding(document.embedding):
        raise AnalysisError(f"malformed analysis: {reason}")
    if reason := misplaced(document.standouts):
        raise AnalysisError(f"malformed analysis: {reason}")


def _check_preset(place: str, preset: PresetSummary) -> None:
    n = len(preset.layers)
    scores = preset.layers[0].scores.keys() if preset.layers else set()
    for number, record in enumerate(preset.layers):
        _check_names(f"{place}.layers.{number}.scores", record.scores, scores)
        _check_known(f"{place}.layers.{number}.components", preset.weights, record.components)
    if preset.layers:
        _check_known(f"{place}.formulas", (*scores, *preset.weights, *preset.effective_weights), preset.formulas)
    for name, length in _lengths(preset):
        if length != n:
            raise _malformed(f"{place}.{name}", f"{length} values for {n} layers")
    for name, ranks in preset.per_head.items():
        values = preset.per_head.get(name.removesuffix(_RANK), ranks)
        if [len(row) for row in ranks] != [len(row) for row in values]:
            raise _malformed(f"{place}.per_head.{name}", "not the heads that are ranked")


def _lengths(preset: PresetSummary) -> Iterator[tuple[str, int]]:
    """Place and length of every table with one place for each layer."""
    for name, rows in preset.per_head.items():
        yield f"per_head.{name}", len(rows)
    for number, variant in enumerate(preset.variants):
        for name in ("risk", "rank", "p_first", "p_top_three"):
            yield f"variants.{number}.{name}", len(getattr(variant, name))


def _check_gauge(gauge: GaugeRecord, n_layers: int) -> None:
    _check_known("gauge.formulas", gauge.products, gauge.formulas)
    for name, values in gauge.products.items():
        if len(values) != n_layers:
            raise _malformed(f"gauge.products.{name}", f"{len(values)} values for {n_layers} layers")


def _check_names(place: str, names: Collection[str], expected: Collection[str]) -> None:
    if set(names) != set(expected):
        raise _malformed(place, "not the scores of the other layers")


def _check_known(place: str, names: Iterable[str], known: Collection[str]) -> None:
    missing = next((name for name in names if name not in known), None)
    if missing is not None:
        raise _malformed(place, f"{missing!r} is missing")


def _malformed(place: str, reason: str) -> AnalysisError:
    return AnalysisError(f"malformed analysis: {place.replace('preset.layers', 'layers', 1)}: {reason}")
