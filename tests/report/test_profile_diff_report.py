"""The report of two profiles side by side: page and Markdown say the same, chart and table hold its numbers."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("altair", reason="pages need the extra report")

import ggufscope as gs
from ggufscope.diffs.of_profiles import ProfileDiff, diff_profiles
from ggufscope.report.charts import draw, svg
from ggufscope.report.content.blocks import TextTable
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.sections import PROFILE_DIFF_PARTS, parts_of
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.report.page.document import render_page
from ggufscope.report.renderers import RENDERERS
from ggufscope.report.report import Report
from ggufscope.saving.marks import is_ours
from support.diffed_models import write_pair
from support.report_texts import Read, cells, flat, read_markdown, shown, texts

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import RunCommand

KINDS = ("quantized", "same", "unlike", "hostile")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProfileDiff]:
    """Diffs of the profiles of pairs, as they are saved."""
    found = {}
    for kind in KINDS:
        reference, (model, *_) = write_pair(tmp_path_factory.mktemp("pair"), kind)
        found[kind] = diff_profiles(gs.profile(reference), gs.profile(model)).as_saved()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_markdown_say_the_same(
    made: dict[str, ProfileDiff], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Report, "picture", lambda self, chart: '<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    report = Report(ReportData.of_profile_diff(made[kind]))
    assert parts_of(report.shown) is PROFILE_DIFF_PARTS
    blocks = [block for part in PROFILE_DIFF_PARTS for block in part.blocks(report.shown)]
    for read in (Read(render_page(report)), read_markdown(render_report_markdown(report.shown))):
        text, rows = flat(read.text), read.rows
        for block in blocks:
            assert all(shown(words) in text for words in texts(block))
            if isinstance(block, TextTable):
                assert cells(block) in rows
        assert not [attributes for tag, attributes, _ in read.elements if tag == "img" and attributes.get("src") == "x"]
        assert not set(read.text) & {"\x1b", "\u202e"}


def test_the_chart_and_the_table_hold_the_numbers(made: dict[str, ProfileDiff], tmp_path: Path) -> None:
    diff = made["quantized"]
    drawn = draw(ReportData.of_profile_diff(diff))
    (chart,) = drawn.charts
    assert chart.name == "norm-changes"
    assert drawn.left_out == {}
    assert svg(chart).count("<path") > 2
    changes = {tensor.name: tensor.norm_change for tensor in diff.document.tensors}
    assert {row[0]: row[4] for row in chart.table.rows} == changes
    ((name, content),) = RENDERERS["csv"].render(Report(ReportData.of_profile_diff(diff)))
    (tmp_path / name).write_bytes(content)
    assert name == "changes.csv"
    assert is_ours(tmp_path / name)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    for row, tensor in zip(rows, diff.document.tensors, strict=True):
        assert float(row["norm_change"]) == tensor.norm_change
        assert (float(row["reference_rms"]), float(row["model_rms"])) == tensor.figures["rms"]
        assert row["equal"] == str(int(tensor.equal))


def test_equal_profiles_have_no_chart_and_say_so(made: dict[str, ProfileDiff]) -> None:
    drawn = draw(ReportData.of_profile_diff(made["same"]))
    assert (drawn.charts, drawn.left_out) == ([], {"norm-changes": "no statistic differs"})
    assert "One model, by its table and samples of every tensor." in made["same"].to_markdown()


def test_a_saved_diff_of_profiles_is_rendered_again(
    made: dict[str, ProfileDiff], tmp_path: Path, run_command: RunCommand
) -> None:
    path, out = tmp_path / "d.json", tmp_path / "out"
    made["unlike"].save(path)
    assert read_report_data(path).profile_diff == made["unlike"]
    code, text, error = run_command("report", path)
    assert (code, error) == (0, "")
    assert "other statistics in" in text
    code, _, error = run_command("report", path, "-o", out, "--format", "html,md,svg,csv,parquet")
    assert (code, error) == (0, "")
    names = {str(each.relative_to(out)) for each in out.rglob("*") if each.is_file()}
    assert names == {"report.html", "report.md", "charts/norm-changes.svg", "changes.csv", "changes.parquet"}
    table = pytest.importorskip("pyarrow.parquet", reason="the extra parquet").read_table(out / "changes.parquet")
    norms = np.array([tensor.norm_change for tensor in made["unlike"].document.tensors], float)
    np.testing.assert_array_equal(np.array(table["norm_change"].to_pylist(), float), norms)
