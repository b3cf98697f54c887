"""Texts of saved results on a terminal: whoever sends a file chooses every one of them."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.diffs.limits import Limits, offenders
from ggufscope.diffs.rows import COLUMNS, tensor_rows
from ggufscope.terminal.analysis import render_analysis
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.diff import render_diff
from ggufscope.terminal.diff_detail import render_tensor
from ggufscope.terminal.diff_metadata import render_metadata
from ggufscope.terminal.diff_tensors import render_diff_tensors
from ggufscope.terminal.diff_verdict import render_verdict
from ggufscope.terminal.profile import render_profile
from ggufscope.terminal.trace import render_trace
from ggufscope.terminal.validation import render_validation
from support.diffed_models import made

SAVED = Path(__file__).parents[1] / "saving" / "saved"
HOSTILE = "\x1b[2J\x1b]0;title\x07\x00\u202e\n[red]"
VIEWS = {
    "analysis-report.json": (gs.Analysis, lambda console, result: render_analysis(console, result.document)),
    "profile.json": (gs.Profile, render_profile),
    "trace.json": (gs.Trace, lambda console, result: render_trace(console, result.document)),
    "validation.json": (gs.Validation, lambda console, result: render_validation(console, result.document)),
    "diff of unlike models": (gs.Diff, lambda console, result: render_whole_diff(console, result.document)),
    "diff of damaged models": (gs.Diff, lambda console, result: render_whole_diff(console, result.document)),
}


def render_whole_diff(console, document):
    """All that is shown of a diff, one tensor in full."""
    model, limits = document.models[0], Limits(max_nmse=0, identical=True)
    rows = tensor_rows(model)
    render_diff(console, document)
    render_verdict(console, document, limits, offenders(document, limits))
    render_metadata(console, document)
    render_diff_tensors(console, rows, list(COLUMNS), chosen=True, top=None)
    for tensor, row in zip(model.tensors, rows, strict=True):
        render_tensor(console, tensor, row)


def saved_text(name):
    """The text of a saved result; of diffs there is none of the first release."""
    return (SAVED / name).read_bytes() if name.endswith(".json") else made(name.split()[2]).to_json()


def texts_in(value, steps=()):
    """The place of every text in plain JSON."""
    if isinstance(value, str):
        yield steps
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from texts_in(item, (*steps, step))


def with_hostile_text(plain, steps):
    changed = copy.deepcopy(plain)
    holder = changed
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = HOSTILE
    return json.dumps(changed)


@pytest.mark.parametrize("name", VIEWS)
def test_no_text_of_a_saved_result_controls_the_terminal(name):
    kind, render = VIEWS[name]
    plain = json.loads(saved_text(name))
    fields = {tuple("*" if isinstance(step, int) else step for step in place): place for place in texts_in(plain)}
    rendered = 0
    for place in fields.values():
        try:
            result = kind.from_json(with_hostile_text(plain, place))
        except ValueError:
            continue  # a field that takes some words alone
        console = Console(file=io.StringIO(), width=100, highlight=False, emoji=False, markup=False)
        render(TerminalScreen(console), result)
        text = console.file.getvalue()
        rendered += 1
        assert all(character.isprintable() or character == "\n" for character in text), place
    assert rendered > 4, "hardly any text was replaced"
