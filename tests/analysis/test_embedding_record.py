"""The rows of the embedding in an analysis are those of the file, and files without them load."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.report.content.embedding import embedding_facts
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.shown import Shown
from support.report_texts import shown, texts
from support.small_models import readable

EMBEDDING = "token_embd.weight"


@pytest.fixture
def rows():
    """Rows with a common direction; two are the same, one is zero, one has a NaN."""
    table = np.random.default_rng(5).standard_normal(readable()["tensors"][EMBEDDING].shape).astype(np.float32)
    table += 0.5
    table[7] = table[3]
    table[5] = 0
    table[9, 1] = np.nan
    return table


@pytest.fixture
def analysis(write_gguf, rows):
    arguments = readable()
    return gs.analyze(write_gguf(**arguments | {"tensors": {**arguments["tensors"], EMBEDDING: rows}}), threads=1)


def test_the_record_holds_what_numpy_counts(analysis, rows):
    record = analysis.document.embedding
    finite = rows[np.isfinite(rows).all(axis=1)].astype(np.float64)
    norms = np.linalg.norm(finite, axis=1)
    mean = finite.mean(axis=0)
    cosines = (finite @ mean)[norms > 0] / (norms[norms > 0] * np.linalg.norm(mean))
    assert (record.n_rows, record.width) == rows.shape
    assert (record.n_zero, record.n_not_finite, record.n_identical) == (1, 1, 2)
    assert record.common_share == pytest.approx(np.linalg.norm(mean) / norms.mean(), rel=1e-6)
    for distribution, values in ((record.norms, norms[norms > 0]), (record.cosines, cosines)):
        assert distribution.median == pytest.approx(np.median(values), rel=1e-6)
        assert sum(distribution.counts) == len(values)
        assert distribution.edges[0] == pytest.approx(values.min(), rel=1e-6)
        assert distribution.edges[-1] == pytest.approx(values.max(), rel=1e-6)


def test_a_report_tells_it(analysis):
    facts = Shown(ReportData.of(analysis))
    told = " ".join(shown(words) for block in embedding_facts(facts) for words in texts(block))
    assert "2 rows that are the same as another one; 1 row of zeros; 1 row with a NaN or an infinity" in told
    assert "Identical tokens: " in told
    assert not list(embedding_facts(Shown(ReportData.of(gs.Analysis(replace(analysis.document, embedding=None))))))


def test_the_chart_draws_every_row(analysis):
    pytest.importorskip("altair", reason="charts need the extra report")
    from ggufscope.report.charts import draw  # noqa: PLC0415

    (chart,) = (chart for chart in draw(ReportData.of(analysis)).charts if chart.name == "embedding-rows")
    record = analysis.document.embedding
    columns = {column.name: position for position, column in enumerate(chart.table.columns)}
    for name, distribution in (("norm", record.norms), ("cosine", record.cosines)):
        assert [row[columns[f"{name}_rows"]] for row in chart.table.rows] == distribution.counts


def test_files_of_before_load_and_crooked_ones_do_not(analysis, tmp_path):
    analysis.save(tmp_path)
    path = tmp_path / "analysis-report.json"
    plain = json.loads(path.read_text())
    assert gs.Analysis.load(path).document.embedding.n_zero == 1
    del plain["embedding"]
    path.write_text(json.dumps(plain))
    assert gs.Analysis.load(path).document.embedding is None


def test_a_crooked_distribution_is_refused(analysis, tmp_path):
    analysis.save(tmp_path)
    path = tmp_path / "analysis-report.json"
    plain = json.loads(path.read_text())
    plain["embedding"]["norms"]["counts"].pop()
    path.write_text(json.dumps(plain))
    with pytest.raises(gs.AnalysisError, match=r"embedding\.norms: 41 edges of 39 bins"):
        gs.Analysis.load(path)
