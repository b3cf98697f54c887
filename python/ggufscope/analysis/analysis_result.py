"""An analysis: columns and findings to look at, to save and to load."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError
from ..saving.directories import COMMENT, usable_directory
from ..saving.files import atomic_write
from .document_json import document_from_json, document_to_json

if TYPE_CHECKING:
    from os import PathLike

    import numpy.typing as npt

    from ..profiles.profile_result import Profile
    from .analysis_document import AnalysisDocument, LayerRecord
    from .verdicts.findings import Finding

REPORT_JSON = "analysis-report.json"
REPORT_MARKDOWN = "report.md"
PROFILE_JSON = "profile.json"
MARKDOWN_MARK = f"{COMMENT} analysis -->"
FILES = (REPORT_JSON, REPORT_MARKDOWN, PROFILE_JSON)


class Analysis:
    """What `ggufscope.analyze` found.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
        profile: the statistics of the tensors it was made from; None where there were none, or it was loaded.
    """

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
        return {entry.name: _columns(entry.layers) for entry in (self.document.preset, *self.document.other_presets)}

    @cached_property
    def heads(self) -> dict[str, npt.NDArray[np.float64]]:
        """Scores of single attention heads, each (L, heads), NaN where a layer has no such head; {} without any.

        Of the propagation preset `head_entropy` and the plain `baseline`, and with `_rank` behind either its rank over
        all heads of the model, 1 for the highest.
        """
        presets = (self.document.preset, *self.document.other_presets)
        return {name: _table(rows) for entry in presets for name, rows in entry.per_head.items()}

    @cached_property
    def hypotheses(self) -> dict[str, Finding]:
        """The findings by id, `"H1"` to `"H6"`."""
        return {finding.id: finding for finding in self.document.hypotheses}

    @property
    def warnings(self) -> list[str]:
        """What to know before believing the rest."""
        return self.document.warnings

    def to_json(self) -> str:
        """The text of `analysis-report.json`: strict JSON, numbers with 10 significant digits."""
        return document_to_json(self.document)

    def to_markdown(self) -> str:
        """The text of `report.md`."""
        from ..report.markdown.analysis import render_markdown  # noqa: PLC0415  outputs come after what they render

        return render_markdown(self.document)

    def save(self, directory: str | PathLike[str]) -> list[Path]:
        """Write `analysis-report.json` and `report.md` into a directory, which is made if it is not there.

        Beside them stands `profile.json` where the analysis had a profile, for whoever renders the results again.
        Files of an earlier analysis are replaced, each once the new one is complete; a file of these names that is
        from something else is not.

        Returns:
            The files written.

        Raises:
            OutputError: An `OSError`: a file cannot be written, or is not from ggufscope.
        """
        target = usable_directory(directory, FILES)
        texts = {REPORT_JSON: self.to_json(), REPORT_MARKDOWN: self.to_markdown()}
        if self.profile is not None:
            texts[PROFILE_JSON] = self.profile.to_json()
        for name, text in texts.items():
            with atomic_write(target / name) as file:
                file.write(text)
        return [target / name for name in texts]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Analysis:
        """Read and check a saved analysis: `analysis-report.json`, or the directory that holds it.

        Raises:
            AnalysisError: Not an analysis, of another schema version, or malformed; names the place.
            OSError: The file cannot be read.
        """
        file = Path(path)
        file = file / REPORT_JSON if file.is_dir() else file
        try:
            return cls(document_from_json(file.read_bytes()))
        except AnalysisError as error:
            raise AnalysisError(f"{file}: {error}") from None

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{finding.id} {finding.verdict}" for finding in self.document.hypotheses)
        return f"<Analysis of {self.document.model.title!r}: {self.document.model.n_layers} layers; {verdicts}>"

    def _repr_html_(self) -> str:
        from ..report.page.notebook import analysis_html  # noqa: PLC0415

        return analysis_html(self.document)


def _columns(layers: list[LayerRecord]) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, npt.NDArray[Any]] = {"layer": np.array([entry.layer for entry in layers], np.int64)}
    for name in ("risk", "risk_without_confounded", "rank", "p_first", "p_top_three"):
        columns[name] = _floats([getattr(entry, name) for entry in layers])
    intervals = [entry.rank_interval or (None, None) for entry in layers]
    columns["rank_low"], columns["rank_high"] = (_floats([pair[end] for pair in intervals]) for end in (0, 1))
    columns["level"] = np.array([entry.level for entry in layers], object)
    for name in layers[0].scores if layers else ():
        columns[name] = _floats([entry.scores[name] for entry in layers])
    for name in layers[0].components if layers else ():
        columns[f"scaled_{name}"] = _floats([entry.components[name].scaled for entry in layers])
        columns.setdefault(name, _floats([entry.components[name].raw for entry in layers]))
    columns["excess_zero_fraction"] = _floats([entry.value_zeros.excess_zero_fraction for entry in layers])
    for name in layers[0].types if layers else ():
        columns[f"type_{name}"] = np.array([entry.types[name] for entry in layers], object)
    return columns


def _table(rows: list[list[float | None]]) -> npt.NDArray[np.float64]:
    return np.array([_floats(row) for row in rows], np.float64)


def _floats(values: list[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
