"""Results of the model that comes along, from which pages take what the code tells only of results."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import ggufscope as gs
from ggufscope.report.content.results import ReportData
from ggufscope.synth import synthesize


@cache
def example_data() -> tuple[ReportData, ...]:
    """Results of an analysis with spectra, of a diff of two made-up models, and none at all."""
    analysis = gs.analyze(gs.demo_model())
    spectra = gs.spectra(gs.demo_model(), draws=1)
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory) / f"{kind}.gguf" for kind in ("F16", "Q4_0")]
        for path in files:
            synthesize("tiny", path, path.stem, layers=1)
        diff = gs.diff(*files)
    return ReportData.of(analysis, spectra=spectra), ReportData.of_diff(diff), ReportData(None, None)
