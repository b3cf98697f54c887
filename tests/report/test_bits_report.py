"""The report on a choice of types: Markdown, page and chart, with names from files escaped."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.renderers import RENDERERS
from ggufscope.report.report import Report
from ggufscope.saving.marks import is_ours
from ggufscope.synth.blocks import quantize

if TYPE_CHECKING:
    from support.command_line import RunCommand

NAMES = ("blk.0.attn_q.weight", "blk.0.ffn_down.weight", "blk.1.attn_q.weight", "blk.1.ffn_down.weight")


@pytest.fixture
def found(write_gguf: Any) -> gs.Bits:
    chance = np.random.default_rng(3)
    exact = {name: chance.standard_normal((32, 256), np.float32) for name in NAMES}
    metadata = {"general.name": "a<b>`|\x1b[2J"}
    paths = [write_gguf(exact, metadata, name="f32.gguf")]
    for kind in ("Q4_0", "Q8_0"):
        made = {name: (quantize(each.reshape(-1), kind).reshape(32, -1), kind) for name, each in exact.items()}
        paths.append(write_gguf(made, metadata, name=f"{kind}.gguf"))
    return gs.bits(*paths, budget="6.5bpw")


def test_markdown_has_the_mix_the_sizes_and_the_command(found: gs.Bits) -> None:
    text = found.to_markdown()
    assert "\x1b" not in text
    assert "<b>" not in text
    for line in found.command.split("\n"):
        assert f"- `{line.strip()}`" in text
    assert "**this mix**" in text
    assert r"Q8\_0.gguf" in text
    assert "No mix of these types within the budget costs less." in text


def test_a_command_from_a_file_is_text(found: gs.Bits) -> None:
    found.document.recipe["shell"] = "llama-quantize `x` <script>\n**bold**"
    text = found.to_markdown()
    assert "<script>" not in text
    assert "**bold**" not in text


def test_a_saved_choice_is_rendered_again(found: gs.Bits, tmp_path: Path, run_command: RunCommand) -> None:
    path = tmp_path / "bits.json"
    found.save(path)
    assert read_report_data(path).bits == found.as_saved()
    code, text, error = run_command("report", path)
    assert (code, error) == (0, "")
    assert "llama-quantize" in text
    code, _, error = run_command("report", path, "-o", tmp_path / "out", "--format", "md")
    assert (code, error) == (0, "")
    assert "Cost and size" in (tmp_path / "out" / "report.md").read_text()


def test_tables_have_every_option_and_every_mix(found: gs.Bits, tmp_path: Path) -> None:
    contents = dict(RENDERERS["csv"].render(Report(ReportData.of_bits(found))))
    assert set(contents) == {"choices.csv", "mixes.csv"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert is_ours(tmp_path / name)
    choices, mixes = (list(csv.DictReader(io.StringIO(content.decode(), newline=""))) for content in contents.values())
    options = [(tensor.name, each.type, each.cost) for tensor in found.document.tensors for each in tensor.options]
    assert [(row["name"], row["type"], float(row["cost"])) for row in choices] == options
    assert {row["name"]: row["type"] for row in choices if row["chosen"] == "1"} == found.types
    assert [row["kind"] for row in mixes] == ["curve"] * len(found.document.curve) + ["chosen", "given", "given"]
    assert [row["mix"] for row in mixes[-2:]] == ["Q4_0.gguf", "Q8_0.gguf"]
    assert float(mixes[-3]["cost"]) == found.document.mix.cost


def test_the_chart_has_the_curve_and_the_given_files(found: gs.Bits) -> None:
    pytest.importorskip("altair")
    (chart,) = Report(ReportData.of_bits(found)).drawn.charts
    names = [row[0] for row in chart.table.rows]
    assert names[-3:] == ["this mix", "Q4_0.gguf", "Q8_0.gguf"]
    assert names.count("least cost") == len(found.document.curve)
