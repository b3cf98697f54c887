"""Saved results of strangers: every text in them that is accepted reaches terminal, Markdown and tables as plain text.

Pages and pictures are held to it in `tests/report`.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.analysis.analysis_form import ANALYSIS_FORM
from ggufscope.profiles.saved import PROFILE_FORM
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.report.report import Report
from ggufscope.report.tables.csv_text import csv_text
from ggufscope.runtime.trace_document import TRACE_FORM
from ggufscope.studies.study_document import STUDY_FORM
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.study import step_line
from ggufscope.terminal.trace import render_trace
from ggufscope.validation.validation_document import VALIDATION_FORM

if TYPE_CHECKING:
    from support.command_line import RunCommand

SAVED = Path(__file__).parents[1] / "saving" / "saved"
FORMS = {
    "profile.json": PROFILE_FORM,
    "analysis-report.json": ANALYSIS_FORM,
    "trace.json": TRACE_FORM,
    "validation.json": VALIDATION_FORM,
    "study.json": STUDY_FORM,
}
MARKUP = "<script>alert(1)</script>[x](javascript:1)"
HOSTILE = f"a\x1b[2J\x00\u2028\u2029\u202e\x85\x9b{MARKUP}|`*_\r\nz"
RAW = re.compile("[\x00\x1b\u2028\u2029\u202e\x85\x9b]")

Steps = tuple[Any, ...]


def texts(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The places of all texts."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from texts(item, (*steps, key))
    if isinstance(value, str):
        yield steps


def put(document: Any, steps: Steps, text: str) -> str:
    """Replace a text; what stood there."""
    *way, last = steps
    for step in way:
        document = document[step]
    before, document[last] = document[last], text
    return str(before)


def hostile(name: str) -> tuple[dict[str, Any], int]:
    """A saved result in which every text is hostile that may be so, and the number of those."""
    form = FORMS[name]
    document: dict[str, Any] = json.loads((SAVED / name).read_text())
    replaced = 0
    for number, steps in enumerate(list(texts(document))):
        if steps == ("schema",):
            continue
        before = put(document, steps, f"{number}{HOSTILE}")  # names have to differ
        try:
            form.from_json(json.dumps(document))
            replaced += 1
        except form.error:
            put(document, steps, before)
    return document, replaced


@pytest.fixture(params=["profile.json", "analysis-report.json", "validation.json"])
def reported(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    document, replaced = hostile(request.param)
    assert replaced > 5
    path = tmp_path / request.param
    path.write_text(json.dumps(document))
    return path


def test_reports_show_texts_as_they_are(reported: Path, run_command: RunCommand) -> None:
    code, output, message = run_command("report", reported)
    assert (code, message) == (0, "")
    assert not RAW.search(output)
    report = Report(read_report_data(reported))
    markdown = render_report_markdown(report.shown)
    assert not RAW.search(markdown)
    assert "<script>" not in markdown
    assert not re.search(r"(?<!\\)\]\(javascript", markdown)
    for table in report.tables:
        assert not RAW.search(csv_text(table.names, table.rows()))


def test_traces_show_texts_as_they_are(tmp_path: Path) -> None:
    document, replaced = hostile("trace.json")
    assert replaced > 5
    (tmp_path / "trace.json").write_text(json.dumps(document))
    console = Console(record=True, file=io.StringIO(), width=100, highlight=False)
    render_trace(TerminalScreen(console), gs.Trace.load(tmp_path / "trace.json").document)
    assert not RAW.search(console.export_text())


def test_studies_show_texts_as_they_are(tmp_path: Path) -> None:
    document, replaced = hostile("study.json")
    assert replaced > 5
    (tmp_path / "study.json").write_text(json.dumps(document))
    study = gs.Study.load(tmp_path)
    assert study.document.steps
    for step in study.document.steps:
        assert not RAW.search(step_line(step))


@pytest.mark.parametrize("name", FORMS)
def test_refusals_tell_texts_as_they_are(name: str, tmp_path: Path, run_command: RunCommand) -> None:
    document = json.loads((SAVED / name).read_text()) | {"schema": HOSTILE, HOSTILE: HOSTILE}
    (tmp_path / name).write_text(json.dumps(document))
    code, output, message = run_command("report", tmp_path / name)
    assert (code, output) == (3, "")
    assert not RAW.search(message)
    assert message.count("\n") == 1
