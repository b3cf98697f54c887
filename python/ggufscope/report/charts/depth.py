"""Scores over depth: curves whose points are marked by the quantization types of the tensors that a score reads.

A step that follows the marks is the quantizer's, or may be: that is a confound, and here it is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.escape import escape
from ..content.chart import INDEX, Chart, ChartColumn, ChartTable
from .access import analysis_of, presets_of
from .curves import drawn, zeros
from .depth_picture import picture
from .labels import equal_within
from .registry import LeftOutError
from .sources import NO_SOURCE, source_of
from .words import ends, layers_in_words, number

if TYPE_CHECKING:
    from ...analysis.analysis_document import AnalysisDocument
    from ..content.results import ReportData
    from .curves import DepthChart, DrawnCurve

STATUS = {
    "flagged": "it follows the quantization types (partial η² {eta}), a confound",
    "single type": "the types it reads are the same on every layer",
    "not flagged": "the quantization types do not explain it",
    "not separable": "whether the quantization types explain it cannot be told",
}


def depth_chart(data: ReportData, about: DepthChart) -> Chart:
    """The chart; LeftOutError where the analysis has none of its curves."""
    document = analysis_of(data).document
    if about.of_behaviour:
        source = source_of(presets_of(data))
        if source is None:
            raise LeftOutError(NO_SOURCE)
        about = about.told_by(source)
    presets = {preset.name: preset for preset in presets_of(data)}
    found = [drawn(curve, presets[curve.preset]) for curve in about.curves if curve.preset in presets]
    shown = [line for line in found if line.known]
    if not shown:
        raise LeftOutError(_why(document, about, set(presets)))
    if about.logarithmic and not any(value > 0 for line in shown for _, value in line.known):
        raise LeftOutError("every value is 0")
    sentence = " ".join(_sentence(line, document, about, alone=len(shown) == 1) for line in shown)
    kinds = list(dict.fromkeys(kind for line in shown for kind in line.types))
    marked = "The marks are the quantization types of the tensors it reads."
    marked = f"It reads {kinds[0]} on every layer." if len(kinds) == 1 and kinds[0] != "unknown" else marked
    zeros = " Grey bars: the share of exact zeros that ggml's quantizer makes of Gaussian to Laplace weights."
    return Chart(
        name=about.name,
        title=about.title,
        sentence=sentence,
        definition=f"{about.definition} {marked}{zeros if about.with_zeros else ''}",
        alt=f"{'A line' if len(shown) == 1 else f'{len(shown)} lines'} over {len(shown[0].layers)} layers. {sentence}",
        table=_table(shown, about),
        specification=picture(shown, about),
        family=about.of,
        panel=about.short,
        section=INDEX,
    )


def _why(document: AnalysisDocument, about: DepthChart, presets: set[str]) -> str:
    wanted = {curve.preset for curve in about.curves}
    if not wanted & presets:
        return f"the {' or '.join(sorted(wanted))} preset was not run"
    forms = ("{0.score}", "{0.preset}: {0.score}", "{0.preset} risk: {0.score}")
    scores = {form.format(curve) for curve in about.curves for form in forms}
    reasons = [missing.reason for missing in document.applicability if missing.score in scores]
    return reasons[0] if reasons else "it is defined on no layer"


def _sentence(line: DrawnCurve, document: AnalysisDocument, about: DepthChart, *, alone: bool) -> str:
    lowest, highest = (pick(line.known, key=lambda pair: pair[1]) for pick in (min, max))
    label = line.curve.label[:1].upper() + line.curve.label[1:]
    low, high = ends(lowest[1], highest[1], "%" if about.percent else "")
    if lowest[1] == highest[1]:
        where = f"layer {lowest[0]}" if len(line.known) == 1 else "every layer"
        text = f"{label}: {low} on {where}"
    elif equal_within(value for _, value in line.known):
        text = f"{label}: equal within 0.1 % on all layers, {low} to {high}"
    else:
        low, high = f"{low} (layer {lowest[0]})", f"{high} (layer {highest[0]})"
        text = f"{label} lies between {low} and {high}" if alone else f"{label}: {low} to {high}"
    if line.noise is not None:
        text += f", flat: within {escape(line.noise)}"
    unknown = [layer.layer for layer, value in zip(line.layers, line.values, strict=True) if value is None]
    if unknown:
        text += f", undefined on {layers_in_words(unknown)}"
    tested = (record for record in document.confounds if record.preset == line.curve.preset)
    outcome = next((record for record in tested if record.quantity == line.curve.score), None)
    if outcome is None or outcome.status not in STATUS or (not alone and outcome.status != "flagged"):
        return f"{text}."
    return f"{text}; {STATUS[outcome.status].format(eta=number(outcome.partial_eta_squared))}."


def _table(shown: list[DrawnCurve], about: DepthChart) -> ChartTable:
    columns = [ChartColumn("layer", "layer")]
    for line in shown:
        unit = "share" if about.percent else ""
        columns.append(ChartColumn(_key(line, shown), f"{line.curve.label}", unit))
    columns += [ChartColumn(f"types_{_key(line, shown)}", f"types, {line.curve.label}") for line in shown]
    if about.with_zeros:
        columns += [ChartColumn(key, label, "share") for key, label in ZEROS.items()]
    rows = []
    for position, layer in enumerate(shown[0].layers):
        values = [line.values[position] for line in shown]
        types = [line.types[position] for line in shown]
        rows.append((layer.layer, *values, *types, *(zeros(layer) if about.with_zeros else ())))
    return ChartTable(tuple(columns), tuple(rows))


ZEROS = {"zero_fraction": "zeros", "expected_low": "expected zeros, least", "expected_high": "expected zeros, most"}


def _key(line: DrawnCurve, shown: list[DrawnCurve]) -> str:
    """The score, with its preset where another preset has one of the same name."""
    same = [other for other in shown if other.curve.score == line.curve.score]
    return line.curve.score if len(same) == 1 else f"{line.curve.preset}_{line.curve.score}"
