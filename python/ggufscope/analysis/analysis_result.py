"""An analysis: columns and findings to look at, to save and to load."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runtime.standouts.standouts import Standouts
from ..saving.marks import COMMENT
from ..saving.results import SavedInDirectory, Tables
from .analysis_form import ANALYSIS_FORM
from .presets.propagated import NAME as PROPAGATION

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..profiles.profile_result import Profile
    from .analysis_document import AnalysisDocument
    from .preset_document import LayerRecord
    from .verdicts.findings import Finding

REPORT_JSON = "analysis-report.json"
REPORT_MARKDOWN = "report.md"
PROFILE_JSON = "profile.json"
MARKDOWN_MARK = f"{COMMENT} analysis -->"
FILES = (REPORT_JSON, REPORT_MARKDOWN, PROFILE_JSON)


class Analysis(Tables, SavedInDirectory):
    """A risk index, hypotheses, what they are worth, and what stands out; made by `ggufscope.analyze`.

    Saved as `analysis-report.json`, numbers with 10 significant digits, with `report.md` and, where the analysis had a
    profile, `profile.json`, for whoever renders the results again. Equality does not look at the profile.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
        profile: the statistics of the tensors it was made from; None where there were none, or it was loaded.
    """

    _form = ANALYSIS_FORM
    _files = FILES
    document: AnalysisDocument

    def __init__(self, document: AnalysisDocument, profile: Profile | None = None) -> None:
        self.document = document
        self.profile = profile

    @cached_property
    def layers(self) -> dict[str, npt.NDArray[Any]]:
        """The layers in columns, one NumPy array of shape (L,) each, ready for a data frame.

        `layer` is int64; `level` and `type_attn_v` … are objects, None where there is none; the rest is float64, NaN
        where undefined: `risk`, `risk_without_confounded`, `rank`, `rank_low`, `rank_high`, `p_first`, `p_top_three`,
        every score by its name, every component scaled as `scaled_ffn_dominance` … and `excess_zero_fraction` of W_v.
        """
        return _columns(self.document.preset.layers)

    @cached_property
    def presets(self) -> dict[str, dict[str, npt.NDArray[Any]]]:
        """Columns as in `layers` of every preset that was run, the leading one first."""
        return {preset.name: _columns(preset.layers) for preset in (self.document.preset, *self.document.other_presets)}

    @cached_property
    def heads(self) -> dict[str, npt.NDArray[np.float64]]:
        """Scores of single attention heads, each (L, heads), NaN where a layer has no such head; {} without any.

        `head_entropy`, a share of ln(keys seen), and the same in bands of positions, `head_entropy_1_3` …;
        `first_token_share`, attention on the first token; and the plain `baseline`. With `_rank` behind one its rank
        over all heads of the model, 1 for the highest. What both a probe and propagation tell is that of the probe.
        """
        presets = [self.document.preset, *self.document.other_presets]
        presets.sort(key=lambda preset: preset.name == PROPAGATION)
        tables: dict[str, npt.NDArray[np.float64]] = {}
        for preset in presets:
            for name, rows in preset.per_head.items():
                tables.setdefault(name, _table(rows))
        return tables

    @cached_property
    def hypotheses(self) -> dict[str, Finding]:
        """The findings by id, `"H1"` to `"H6"`."""
        return {finding.id: finding for finding in self.document.hypotheses}

    @cached_property
    def standouts(self) -> Standouts:
        """The things that stand out: a list of findings, by kind and in columns as well."""
        return Standouts(self.document.standouts)

    @property
    def warnings(self) -> list[str]:
        """Warnings to read before the rest."""
        return self.document.warnings

    def as_saved(self) -> Analysis:
        """The analysis and its profile as they would be loaded from their files."""
        profile = None if self.profile is None else self.profile.as_saved()
        return Analysis(ANALYSIS_FORM.as_saved(self.document), profile)

    def _texts_beside(self) -> dict[str, str | None]:
        return {} if self.profile is None else {PROFILE_JSON: self.profile.to_json()}

    def _summary(self) -> str:
        verdicts = ", ".join(f"{finding.id} {finding.verdict}" for finding in self.document.hypotheses)
        return f"{self.document.model.n_layers} layers; {verdicts}"


def _columns(layers: list[LayerRecord]) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, npt.NDArray[Any]] = {"layer": np.array([record.layer for record in layers], np.int64)}
    for name in ("risk", "risk_without_confounded", "rank", "p_first", "p_top_three"):
        columns[name] = _floats([getattr(record, name) for record in layers])
    intervals = [record.rank_interval or (None, None) for record in layers]
    columns["rank_low"], columns["rank_high"] = (_floats([pair[end] for pair in intervals]) for end in (0, 1))
    columns["level"] = np.array([record.level for record in layers], object)
    for name in layers[0].scores if layers else ():
        columns[name] = _floats([record.scores[name] for record in layers])
    for name in layers[0].components if layers else ():
        columns[f"scaled_{name}"] = _floats([record.components[name].scaled for record in layers])
        columns.setdefault(name, _floats([record.components[name].raw for record in layers]))
    columns["excess_zero_fraction"] = _floats([record.value_zeros.excess_zero_fraction for record in layers])
    for name in layers[0].types if layers else ():
        columns[f"type_{name}"] = np.array([record.types[name] for record in layers], object)
    return columns


def _table(rows: list[list[float | None]]) -> npt.NDArray[np.float64]:
    return np.array([_floats(row) for row in rows], np.float64)


def _floats(values: list[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
