"""Screens at 40, 80 and 140 columns: nothing wider than the terminal, nothing cut, what has no room is named.

Screens of a small model are kept in `tests/golden/screens/`, to be read. After a change that is meant, write them anew:

    REWRITE_SCREENS=1 python -m pytest tests/terminal/test_layout.py
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt
from rich.text import Text

import ggufscope as gs
from ggufscope import commands
from ggufscope.analysis.analysis_result import Analysis
from ggufscope.checks import check
from ggufscope.commands.app import COMMANDS
from ggufscope.diffs.rows import tensor_rows
from ggufscope.models.inspection import tensor_rows as header_rows
from ggufscope.models.selection import Selection
from ggufscope.profiles.rows import flat
from ggufscope.terminal import inspection
from ggufscope.terminal.analysis import render_analysis
from ggufscope.terminal.check import render_check
from ggufscope.terminal.console import IN_JSON
from ggufscope.terminal.diff import render_diff
from ggufscope.terminal.diff_detail import render_tensor
from ggufscope.terminal.profile import render_profile
from ggufscope.terminal.screen import Screen
from ggufscope.terminal.spectra import render_spectra_alone
from ggufscope.terminal.tensors import DEFAULT_COLUMNS, render_tensors
from ggufscope.terminal.trace import render_trace
from ggufscope.terminal.validation import render_validation
from ggufscope.text.glyphs import LONGEST_TEXT, Glyphs
from support.command_rows import ROWS
from support.diffed_models import made
from support.screens import WIDTHS, Render, as_markdown, in_pipe, on_terminal

if TYPE_CHECKING:
    from ggufscope.terminal.columns import Column

GOLDEN = Path(__file__).parents[1] / "golden" / "screens"
REWRITE = bool(os.environ.get("REWRITE_SCREENS"))
SLOW = {"demo"}  # what it shows are the views of profile and study
LEFT = re.compile(r"not shown at \d+ columns: (.*?) · ")


@dataclass
class Table:
    """A table that a view printed, as it was handed over."""

    columns: list[Column]
    folds: bool


@pytest.fixture(scope="module")
def views(made_command_files: Path) -> dict[str, Render]:
    """Views of a small model, without times and what else differs from run to run."""
    model = next(made_command_files.glob("*-00001-*.gguf"))
    profile = gs.Profile.load(made_command_files / "profile.json")
    assert profile.run is not None
    run = replace(profile.run, seconds=0.5, bytes_per_second=6e5, elements_per_second=1.5e5, threads=1, isa="generic")
    profile = replace(profile, run=run)
    analysis = Analysis.load(made_command_files / "analysis")
    trace = gs.Trace.load(made_command_files / "trace.json")
    validation = gs.validate(analysis, trace)
    checked = replace(check(model).document, run=None)
    spectra = replace(gs.spectra(model, draws=1).document, run=None)
    several, quantized = made("several").document, made("quantized").document
    (tensor,) = (each for each in quantized.models[0].tensors if each.name == "blk.0.attn_q.weight")
    row = next(each for each in tensor_rows(quantized.models[0]) if each["name"] == tensor.name)

    def inspected(screen: Screen) -> None:
        with gs.open(model) as opened:
            inspection.render_head(screen, opened)
            screen.blank()
            inspection.render_tensors(
                screen, header_rows(opened), Selection.of(top=5), list(inspection.DEFAULT_COLUMNS)
            )

    return {
        "inspect-table": inspected,
        "profile": lambda screen: render_profile(screen, profile),
        "profile-tensors": lambda screen: render_tensors(
            screen, [flat(each) for each in profile.tensors.values()], DEFAULT_COLUMNS, False, 5
        ),
        "spectra": lambda screen: render_spectra_alone(screen, spectra),
        "check": lambda screen: render_check(screen, checked),
        "diff": lambda screen: render_diff(screen, quantized),
        "diff-several": lambda screen: render_diff(screen, several),
        "diff-tensor": lambda screen: render_tensor(screen, tensor, row),
        "analyze": lambda screen: render_analysis(screen, analysis.document),
        "trace": lambda screen: render_trace(screen, replace(trace.document, run=None, warnings=[])),
        "validate": lambda screen: render_validation(screen, replace(validation.document, warnings=[])),
    }


def test_screens_are_as_they_were_read(views: dict[str, Render]) -> None:
    shown = {f"{name}-{width}.txt": on_terminal(view, width) for name, view in views.items() for width in WIDTHS}
    shown |= {f"{name}.md": as_markdown(view) for name, view in views.items()}
    if REWRITE:
        for stale in GOLDEN.glob("*"):
            stale.unlink()
        for name, text in shown.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    assert {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()} == shown


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The faults of all that commands show while the test runs, at all widths, in colour and in pipes."""
    faults: list[str] = []

    def look(render: Render, *, markdown: bool = False, elsewhere: str = IN_JSON) -> None:
        faults.extend(faults_of(render))

    for each in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{each.name}")
        if hasattr(module, "show"):
            monkeypatch.setattr(module, "show", look)
    return faults


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in SLOW])
def test_no_command_cuts_anything(name: str, run_on_files: Any, recorded: list[str]) -> None:
    code, _, err = run_on_files(name, ROWS[name].call)
    assert code in {0, 1}, err
    assert recorded == []


def test_no_kept_view_cuts_anything(views: dict[str, Render]) -> None:
    assert [fault for view in views.values() for fault in faults_of(view)] == []


def faults_of(render: Render) -> list[str]:
    """What is wrong with the layout of a view."""
    texts: list[str] = []
    tables = tables_of(render, texts)
    faults = []
    for width in WIDTHS:
        shown = on_terminal(render, width)
        lines = shown.splitlines()
        faults += [f"wider than {width}: {line}" for line in lines if len(line) > width and len(line.split()) > 1]
        joined = " ".join(shown.split())
        faults += [f"{number!r} is broken at {width}" for text in texts for number in numbers_in(text)
                   if number not in shown]  # fmt: skip
        gone = ", ".join(LEFT.findall(joined))
        for table in tables:
            faults += missing_cells(table, shown, gone, width)
    piped = in_pipe(render, WIDTHS[0])
    faults += [f"not in a pipe: {cell!r}" for table in tables for column in table.columns
               for cell in plain_cells(column) if cell not in piped]  # fmt: skip
    return faults


def tables_of(render: Render, texts: list[str]) -> list[Table]:
    """The tables of a view; its lines and facts are put into `texts`."""

    class Recorder(Screen):
        width, glyphs, elsewhere = 80, Glyphs(blocks=True), ""

        def __init__(self) -> None:
            self.tables: list[Table] = []

        def headline(self, title: str) -> None:
            texts.append(title)

        def heading(self, text: Any) -> None:
            texts.append(str(text))

        def line(self, text: Any, style: str = "", *, hang: int = 0, fold: bool = True) -> None:
            texts.append(str(text))

        def whole(self, *lines: str, style: str = "") -> None:
            pass

        def fact(self, label: Any, text: Any, style: str = "", *, width: int = 0) -> None:
            texts.append(str(text))

        def table(self, columns: Any, title: Any = None, *, gaps: Any = (), folds: bool = False) -> None:
            self.tables.append(Table(list(columns), folds))

        def blank(self) -> None:
            pass

    recorder = Recorder()
    render(recorder)
    return recorder.tables


def plain_cells(column: Column) -> list[str]:
    """The cells of a column of numbers or names, as they have to stand somewhere."""
    if column.kind == "prose":
        return []
    return [str(cell).strip() for cell in column.cells if str(cell).isprintable() and len(str(cell)) < LONGEST_TEXT]


def missing_cells(table: Table, shown: str, gone: str, width: int) -> list[str]:
    """Cells of columns that are neither shown whole nor named as left out."""
    return [
        f"column {column.spoken!r} is neither there nor named at {width}: {cell!r}"
        for column in table.columns
        if column.spoken not in gone
        for cell in plain_cells(column)
        if len(cell) <= width and cell not in shown
    ]


def numbers_in(text: str) -> list[str]:
    """Grouped numbers, and numbers with a unit."""
    return re.findall(r"(?<![\d.])\d{1,3}(?: \d{3})+(?!\d)|\d+(?:\.\d+)? (?:[kMGT]?B|bits per weight|%|nats)\b", text)


@pytest.mark.parametrize("name", ["profile", "diff", "analyze", "inspect-table"])
def test_markdown_has_all_columns_and_only_markup_of_ours(views: dict[str, Render], name: str) -> None:
    text = as_markdown(views[name])
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    heads = sum(token.type == "th_open" for token in tokens)
    assert heads == sum(len(table.columns) for table in tables_of(views[name], []))
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "softbreak"}
    assert tokens[0].tag == "h2"


def test_the_lines_of_a_fact_are_lines_of_markdown() -> None:
    text = as_markdown(lambda screen: screen.fact("note", Text("15 tokens share 4 rows\nbyte 8 of m_1.gguf")))
    assert text == "- **note**: 15 tokens share 4 rows\\\n  byte 8 of m\\_1.gguf\n"


def test_markdown_and_json_exclude_each_other(run_on_files: Any) -> None:
    code, out, err = run_on_files("inspect", "{model} --md --json")
    assert (code, out) == (2, "")
    assert "--json and --md exclude each other" in err
    code, out, err = run_on_files("inspect", "{model} --md")
    assert (code, err) == (0, "")
    assert out.startswith("## ")


@pytest.mark.parametrize("name", [None, "inspect", "diff"])
def test_help_is_whole_in_a_narrow_terminal(
    run_command: Any, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    code, out, _ = run_command(*filter(None, (name, "--help")))
    assert code == 0
    assert max(map(len, out.splitlines())) <= 40
    assert "..." not in out.replace("MODEL...", "").replace("]...", "").replace("}...", "").replace("[ARGS]...", "")
    assert "…" not in out.replace("https://…", "").replace("s3://…", "")
