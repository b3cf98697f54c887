"""Profiles, analyses and diffs in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.score_words import in_words, score_words
from ...diffs.rollups import carriers
from ...models.stacks import layers_text
from ...text.escape import escape_html as safe
from ...text.numbers import bytes_text, count_text, percent, short
from ..content.diff_words import cosine_text, label, labels, percent_text, share_text, types_text
from .html import NOTHING, table_html

if TYPE_CHECKING:
    from ...analysis.analysis_document import AnalysisDocument
    from ...analysis.preset_document import LayerRecord, PresetSummary
    from ...diffs.diff_document import DiffDocument
    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row


def profile_html(profile: Profile) -> str:
    """The model in a line, and its roles with their statistics."""
    model = profile.model
    facts = f"{model.architecture or 'no architecture'}, {count_text(model.n_elements)} parameters"
    facts += "".join(f", {count_text(n)} {name}" for name, n in profile.non_finite.items())
    rows = [
        (row.role, count_text(row.n_elements), _number(row, "rms"), _share(row, "sparsity"), _number(row, "kurtosis"))
        for row in [*profile.roles_of("matrix"), *profile.roles_of("vector")]
    ]
    table = table_html(("role", "parameters", "rms", "sparsity %", "kurtosis"), rows)
    return f"<p><b>{safe(profile.title)}</b>: {safe(facts)}, {layers_text(profile.stacks)}</p>{table}"


def _number(row: Row, field: str) -> str:
    value = row.get(field)
    return NOTHING if value is None else short(value)


def _share(row: Row, field: str) -> str:
    value = row.get(field)
    return NOTHING if value is None else percent(value)


def analysis_html(document: AnalysisDocument) -> str:
    """Statement, warnings, verdicts, and the index by layer, of the other presets beside that of the leading one."""
    others = document.other_presets
    verdicts = [(finding.id, finding.title, finding.verdict, in_words(finding.why)) for finding in document.hypotheses]
    layers = [
        (*_layer_cells(record), *(_decimal(other.layers[row].risk) for other in others))
        for row, record in enumerate(document.preset.layers)
    ]
    header = (
        f"risk, {document.preset.name}",
        "level",
        "rank",
        "p(top 3)",
        *(f"risk, {other.name}" for other in others),
    )
    warnings = "".join(f"<li>{safe(in_words(warning))}</li>" for warning in document.warnings)
    return (
        f"<p><b>{safe(document.model.title)}</b>: {safe(document.statement)}</p><ul>{warnings}</ul>"
        f"<p>{safe(document.verdicts_are)}</p>"
        + table_html(("", "premise", "verdict", "why"), verdicts)
        + table_html(("layer", *header), layers)
        + "".join(map(_dropped_html, (document.preset, *others)))
    )


def _dropped_html(preset: PresetSummary) -> str:
    """The components that are in no layer's index."""
    dropped = ", ".join(map(score_words, preset.dropped))
    return f"<p>not in the index, {safe(preset.name)}: {safe(dropped)}</p>" if dropped else ""


def _layer_cells(record: LayerRecord) -> tuple[object, ...]:
    rank = NOTHING if record.rank is None else f"{record.rank:g}"
    return record.layer, _decimal(record.risk), record.level or NOTHING, rank, _decimal(record.p_top_three, 2)


def _decimal(value: float | None, digits: int = 1) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def diff_html(document: DiffDocument) -> str:
    """The reference in a line, the models, and the tensors with most of the error of each."""
    reference = document.reference
    models = [
        (
            name,
            bytes_text(model.subject.n_bytes),
            _decimal(model.subject.bits_per_weight, 2),
            _nmse(model.summary.nmse),
            _decimal(model.summary.sqnr_db),
            NOTHING if model.summary.cosine is None else cosine_text(model.summary.cosine),
        )
        for name, model in zip(labels(document), document.models, strict=True)
    ]
    most = [
        (name, each.tensor.name, types_text(each.tensor), share_text(each.error_share), _nmse(each.tensor.nmse))
        for name, model in zip(labels(document), document.models, strict=True)
        for each in carriers(model)
    ]
    return (
        f"<p>against <b>{safe(label(reference))}</b>: {bytes_text(reference.n_bytes)}</p>"
        + table_html(("model", "size", "bits per weight", "NMSE %", "SQNR dB", "cosine"), models)
        + (table_html(("model", "tensor", "type", "of the error %", "NMSE %"), most) if most else "")
    )


def _nmse(value: float | None) -> str:
    return NOTHING if value is None else percent_text(value)
