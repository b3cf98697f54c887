"""Singular values in reports: charts, tables and sections hold those of the saved file, alone and beside a profile."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

pytest.importorskip("altair", reason="pages need the extra report")

import ggufscope as gs
from ggufscope.report.charts import draw
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.spectral_numbers import by_layer
from ggufscope.report.content.spectral_words import (
    FLOATS,
    alpha_sentence,
    estimated_sentences,
    extreme_matrix,
    quantized_sentence,
)
from ggufscope.report.page.document import render_page
from ggufscope.report.renderers import RENDERERS
from ggufscope.report.report import Report
from ggufscope.report.tables.registry import tables
from ggufscope.spectral import Spectra
from ggufscope.spectral.matrix_record import QuantizerShare
from ggufscope.text.numbers import percent
from support import small_models
from support.model_files import write_model
from support.report_texts import Read

HOSTILE = "<script>alert(1)</script>\x1b\u202e"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A profile and its spectra; not to be changed."""
    return tmp_path_factory.mktemp("spectra")


@pytest.fixture(scope="module")
def spectra(directory):
    model = write_model(directory / "model.gguf", **small_models.llama())
    gs.profile(model).save(directory / "profile.json")
    made = gs.spectra(model, draws=1)
    made.save(directory / "spectra.json")
    return made.as_saved()


def column(chart, name):
    position = [each.name for each in chart.table.columns].index(name)
    return [row[position] for row in chart.table.rows]


def test_charts_hold_the_numbers_of_every_matrix(spectra):
    drawn = draw(ReportData.of_spectra(spectra))
    assert drawn.left_out == {}
    charts = {chart.name: chart for chart in drawn.charts}
    assert list(charts) == ["spectra", "spectra-heads"]
    for field in ("stable_rank", "normalized_entropy", "sigma_max", "energy_top_8", "energy_beyond_edge"):
        expected = [getattr(each, field) for each in spectra.matrices if each.role == "attn_q"]
        assert column(charts["spectra"], f"{field}_attn_q") == expected
    lowest = min((each for each in spectra.matrices if each.layer is not None), key=lambda each: each.stable_rank)
    assert charts["spectra"].sentence.startswith(
        f"The stable rank is lowest in {lowest.role} of layer {lowest.layer}: "
    )
    heads = [each.alignment for each in spectra.heads if each.product == "vo"]
    assert column(charts["spectra-heads"], "vo_alignment") == heads


def test_the_quantizer_is_told_by_type(spectra):
    assert quantized_sentence(spectra.document) == FLOATS
    shares = (QuantizerShare(0.01, 0.5, energy, 12, below, 0.02) for energy, below in ((0.031, 0.25), (0.033, 0.75)))
    rounded = [
        replace(each, type="Q2_K", quantizer=share) for each, share in zip(spectra.matrices, shares, strict=False)
    ]
    found = Spectra(replace(spectra.document, matrices=[*rounded, *spectra.matrices[2:]]))
    sentence = quantized_sentence(found.document)
    second = spectra.matrices[1]
    assert sentence == (
        "Rounding is a floor of noise, and no rank: to Q2_K it is 3.2 % of the energy, and up to 75 % of the singular"
        f" values ({second.role} of layer {second.layer}) are not above it."
    )
    unknown = [replace(each, type="IQ2_XS") for each in spectra.matrices]
    assert "how much it is by IQ2_XS is not known" in quantized_sentence(replace(spectra.document, matrices=unknown))
    chart, _ = draw(ReportData.of_spectra(found)).charts
    assert sentence in chart.sentence
    assert "Below the floor of rounding" in chart.definition


def test_exponents_are_told_where_they_are_accepted(spectra):
    assert alpha_sentence(spectra.document) == f"no power law is accepted in {len(spectra.matrices)} matrices"
    first, *others = spectra.matrices
    accepted = replace(first, power_law=replace(first.power_law, alpha=2.5))
    told = alpha_sentence(replace(spectra.document, matrices=[accepted, *others]))
    assert told == f"a power law is accepted in 1 of {len(spectra.matrices)} matrices, exponents 2.5 to 2.5"


def test_tables_hold_every_number(spectra, directory):
    data = read_report_data(directory / "profile.json")
    found = {table.name: table for table in tables(data)}
    rows = list(csv.DictReader(io.StringIO(dict(RENDERERS["csv"].render(Report(data)))["spectra.csv"].decode())))
    assert [row["name"] for row in rows] == [each.name for each in spectra.matrices]
    for row, each in zip(rows, spectra.matrices, strict=True):
        assert float(row["sigma_max"]) == each.sigma_max
        assert float(row["exponent"] or "nan") == pytest.approx(each.power_law.exponent or float("nan"), nan_ok=True)
        assert row["noise_rms"] == ("" if each.quantizer is None else repr(each.quantizer.noise_rms))
    assert found["head_spectra"].n_rows == len(spectra.heads)
    beside = [dict(zip(found["tensors"].names, row, strict=True)) for row in found["tensors"].rows()]
    ranks = {row["name"]: row["stable_rank"] for row in beside if row["stable_rank"] is not None}
    assert ranks == {each.name: each.stable_rank for each in spectra.matrices}
    assert spectra.to_columns()["sigma_max"].tolist() == [each.sigma_max for each in spectra.matrices]
    assert spectra.table_names == ("spectra", "head_spectra")


def test_estimates_have_their_errors_behind_them(spectra):
    """In sentences, in the cells of roles and in columns of tables; what is exact as far as it is shown has none."""
    assert list(estimated_sentences(spectra.document)) == []
    queries = [each for each in spectra.matrices if each.role == "attn_q"]
    errors = ({"stable_rank": 1e-9, "normalized_entropy": 0.0213 * (1 + each.layer)} for each in queries)
    near = [
        replace(each, method="lanczos", errors=its, power_law=replace(each.power_law, alpha=None))
        for each, its in zip(queries, errors, strict=True)
    ]
    found = Spectra(replace(spectra.document, matrices=[*near, *(e for e in spectra.matrices if e.role != "attn_q")]))
    (sentence,) = estimated_sentences(found.document)
    assert sentence.startswith("estimates with standard errors: 3 matrices whose short side exceeds 8 192; least")
    assert f"{near[2].name}: entropy {percent(near[2].normalized_entropy)} ± 6 %, energy beyond the edge" in sentence
    assert alpha_sentence(found.document) == f"no power law is accepted in {len(spectra.matrices) - 3} matrices"
    data = ReportData.of_spectra(found)
    markdown = dict(RENDERERS["md"].render(Report(data)))["report.md"].decode()
    row = next(line for line in markdown.splitlines() if line.startswith("| attn\\_q "))
    assert row.count("±") == 1
    assert sentence in markdown.replace("\\", "")
    assert found._repr_html_().count("± 6") == 2
    (table,) = (each for each in tables(data) if each.name == "spectra")
    columns = {each.name: each.values for each in table.columns}
    assert columns["stable_rank_error"][:4] == [1e-9, 1e-9, 1e-9, None]
    rounded = replace(
        near[0],
        type="Q2_K",
        quantizer=QuantizerShare(0.01, 0.5, 0.03, 12, 0.25, 0.02),
        errors={"quantizer.share_below": 0.02},
    )
    told = quantized_sentence(replace(spectra.document, matrices=[rounded]))
    assert "up to 25 ± 2 % of the singular values" in told


def test_page_and_markdown_say_the_same(spectra, directory):
    report = Report(read_report_data(directory))
    page = Read(render_page(report)).text
    markdown = dict(RENDERERS["md"].render(report))["report.md"].decode()
    for text in (page, markdown.replace("\\", "")):
        assert "Singular values by role" in text
        assert quantized_sentence(spectra.document) in text
        assert f"{len(spectra.matrices)} matrices, {len(spectra.heads)} products of heads" in text


def test_spectra_that_cannot_be_used_are_told(spectra, directory, tmp_path):
    (tmp_path / "profile.json").write_bytes((directory / "profile.json").read_bytes())
    assert read_report_data(tmp_path).why_no_spectra is None
    other = replace(spectra.document.model, identity="sha256:" + "0" * 64)
    Spectra(replace(spectra.document, model=other)).save(tmp_path / "spectra.json")
    data = read_report_data(tmp_path)
    assert data.spectra is None
    assert data.why_no_spectra == "the spectra.json beside the profile is of another model"
    assert (
        "No singular values: the spectra.json beside the profile is of another model."
        in Read(render_page(Report(data))).text
    )


def test_matrices_without_numbers_are_named(spectra):
    first, *others = spectra.matrices
    bare = type(first)(*[getattr(first, name) for name in list(vars(first))[:9]], None, "weights that are not finite")
    document = replace(spectra.document, matrices=[bare, *others])
    told = f"no singular values of {first.name}: weights that are not finite"
    assert told in Read(render_page(Report(ReportData.of_spectra(Spectra(document))))).text
    assert told in Spectra(document)._repr_html_()


def test_extremes_are_of_all_matrices(spectra):
    """With embeddings and output, one of these may be the largest: the sentence must not name another."""
    first, *rest = spectra.matrices
    outer = replace(first, name="token_embd.weight", role="token_embd", layer=None, sigma_max=1e3, stable_rank=1.0)
    document = replace(spectra.document, matrices=[outer, *rest])
    assert extreme_matrix(document, "sigma_max", largest=True) == (1e3, outer)
    assert extreme_matrix(document, "stable_rank", largest=False) == (1.0, outer)


def test_numbers_of_layers_beyond_any_model_cost_nothing(spectra):
    """A name may say layer 10⁹, and a curve has a place for each layer before it."""
    first, *rest = spectra.matrices
    for layer in (10**9, 10**18, -1):
        document = replace(spectra.document, matrices=[replace(first, layer=layer), *rest])
        assert {len(ranks) for ranks in by_layer(document.matrices, "stable_rank").values()} == {3}
        assert "spectra" in {chart.name for chart in draw(ReportData.of_spectra(Spectra(document))).charts}


def test_types_that_are_not_told_are_counted(spectra):
    share = QuantizerShare(0.1, 1.0, 0.5, 1, 0.5, 0.1)
    types = ("Q4_0", "Q5_0", "Q8_0", "Q2_K", "Q3_K", "Q4_K")
    matrices = [
        replace(each, type=name, quantizer=replace(share, noise_energy=0.1 / place))
        for place, (name, each) in enumerate(zip(types, spectra.matrices, strict=False), 1)
    ]
    told = quantized_sentence(replace(spectra.document, matrices=matrices))
    assert told.endswith("by 2 other types it is less.")
    assert "Q3_K" not in told


def test_text_of_a_file_is_data(spectra):
    named = [replace(each, name=HOSTILE, role=HOSTILE) for each in spectra.matrices]
    model = replace(spectra.document.model, name=HOSTILE, title=HOSTILE)
    hostile = Spectra(replace(spectra.document, matrices=named, model=model, notes=[HOSTILE]))
    for text in (render_page(Report(ReportData.of_spectra(hostile))), hostile._repr_html_()):
        assert "<script>alert" not in text
        assert "\u202e" not in text
