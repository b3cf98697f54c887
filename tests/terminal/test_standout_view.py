"""The terminal view of what stands out."""

from __future__ import annotations

import pytest
from rich.console import Console

from ggufscope.runtime.standout_document import Standout, StandoutKind
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.standouts import render_checks, render_standouts
from ggufscope.validation.standouts import StandoutCheck


def kind(title, *sentences, **facts):
    items = [Standout("a", 0, None, {}, 1.0, None, {}, sentence) for sentence in sentences]
    return StandoutKind(title.lower(), title, "…", items, len(items), **facts)


def rendered(render, content, width):
    console = Console(width=width, highlight=False, emoji=False, markup=False)
    with console.capture() as captured:
        render(TerminalScreen(console), content)
    return captured.get()


LONG = "Layer 11, neuron 1229 writes 98 % of its column into channel 507, nineteen times as loud as the median."


@pytest.mark.parametrize("width", [40, 80])
def test_sentences_fit_the_width_and_stand_below_each_other(width):
    text = rendered(render_standouts, [kind("Loud", LONG, "another"), kind("Dead"), kind("Equal")], width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0] == "what stands out"
    assert lines[1].startswith("· Loud: Layer 11")
    assert lines[2].startswith("  ")
    joined = " ".join(text.split())
    assert f"{LONG} There is 1 more finding." in joined
    assert "None of 2 other kinds." in joined


def test_nothing_found_is_one_line():
    text = rendered(render_standouts, [kind("Dead"), kind("Equal")], 80)
    assert text.splitlines() == ["what stands out: None of 2 kinds was found."]


def test_a_single_kind_without_findings_is_named():
    text = rendered(render_standouts, [kind("Loud", LONG), kind("Dead neurons")], 80)
    assert "None of 1 other kind: dead neurons." in text


def test_reasons_are_told_once():
    kinds = [kind(title, not_applicable="a profile cannot be run") for title in ("Sinks", "Induction heads")]
    text = rendered(render_standouts, kinds, 80)
    assert text.splitlines() == ["what stands out: Not looked for: 2 kinds (a profile cannot be run)."]


def test_a_summary_speaks_for_its_findings():
    text = rendered(render_standouts, [kind("Loud", LONG, summary="Two are loud.")], 80)
    assert "· Loud: Two are loud." in text
    assert LONG[:20] not in text


def test_sentences_from_a_file_cannot_forge_output():
    text = rendered(render_standouts, [kind("Loud", "\x1b[2J[bold]x[/bold]")], 80)
    assert "\\x1b[2J[bold]x[/bold]" in text


def test_checks_of_a_trace():
    check = StandoutCheck("sink", "Sinks", ["a"], ["b"], [])
    assert rendered(render_checks, [check], 80).splitlines()[1] == "· Sinks: the trace confirms 1 of 2"
