"""The terminal view of a fleet: counts, a line for each model, and what is wrong with those that are not sound."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING

from rich.text import Text

from ..fleets.record import ModelFacts
from ..report.content.shelf_data import VERDICT_WORDS, VERDICTS
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.names import short_name
from ..text.numbers import bytes_text, count_text, counted
from .console import MOST_ROWS, safe, tell_rest
from .fitted import Fitted, render_fitted
from .headline import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from ..fleets.fleet_document import FleetDocument
    from ..report.content.shelf_data import Shelf

_STYLES = {"sound": "bold green", "warnings": "bold yellow", "errors": "bold red", "failed": "bold red"}
_MOST_TOLD = 20  # models whose findings are told; the JSON has all


def render_fleet(console: Console, document: FleetDocument) -> None:
    """Print what a run came to, the largest models first."""
    glyphs = Glyphs.of(console.encoding)
    facts = sorted((each.facts for each in document.models), key=lambda each: -(each.n_elements or -1))
    of = "" if document.shard is None else f" of {count_text(document.n_listed)}, shard {document.shard}"
    console.print(Text(f"{counted(document.n_models, 'model')}{of}", "bold"), soft_wrap=True)
    _render_verdicts(console, document.verdicts, glyphs)
    outcomes = [f"{n} {outcome}" for outcome, n in document.outcomes.items() if n]
    console.print(Text(dotted(outcomes, glyphs), "dim"), soft_wrap=True)
    _render_all(console, facts, glyphs)


def _render_verdicts(console: Console, verdicts: Mapping[str, int], glyphs: Glyphs) -> None:
    line = Text()
    for verdict, n in verdicts.items():
        if n:
            line.append(f" {glyphs.dot} " if line else "").append(f"{n} {VERDICT_WORDS[verdict]}", _STYLES[verdict])
    console.print(line, soft_wrap=True)


def _render_all(console: Console, facts: Sequence[ModelFacts], glyphs: Glyphs) -> None:
    if facts:
        console.print()
        _render_models(console, facts[:MOST_ROWS])
        tell_rest(console, len(facts) - MOST_ROWS, "model", "the tables have all")
    _render_faults(console, [each for each in facts if each.verdict in {"errors", "failed"}], glyphs)


def _render_models(console: Console, facts: Sequence[ModelFacts]) -> None:
    """A table with a line for each model."""
    glyphs = Glyphs.of(console.encoding)
    render_fitted(
        console,
        [
            Fitted("model", [short_name(each.source) for each in facts], "name"),
            Fitted("kind", [_kind(each, glyphs) for each in facts], "text", yields=3),
            Fitted("parameters", [_told(each.n_elements, count_text, glyphs) for each in facts], yields=2),
            Fitted("size", [_told(each.n_bytes, bytes_text, glyphs) for each in facts], yields=4),
            Fitted("bits", [_bits(each, glyphs) for each in facts], yields=1),
            Fitted("type", [each.file_type or glyphs.nothing for each in facts], "text", yields=5),
            Fitted("verdict", [each.verdict for each in facts], "text"),
        ],
    )


def _kind(facts: ModelFacts, glyphs: Glyphs) -> str:
    """The architecture of a model; of anything else what it is."""
    kind = facts.architecture if facts.contents == "model" else facts.contents
    return kind or glyphs.nothing


def _told(value: int | None, text: Callable[[int], str], glyphs: Glyphs) -> str:
    return glyphs.nothing if value is None else text(value)


def _bits(facts: ModelFacts, glyphs: Glyphs) -> str:
    return glyphs.nothing if facts.bits_per_weight is None else f"{facts.bits_per_weight:.2f}"


def _render_faults(console: Console, facts: Sequence[ModelFacts], glyphs: Glyphs) -> None:
    if not facts:
        return
    console.print()
    for each in facts[:_MOST_TOLD]:
        console.print(safe(glyphs.cut(short_name(each.source), LONGEST_TEXT), "bold"), soft_wrap=True)
        told = each.failure or each.finding or each.verdict
        console.print(Text("  ").append_text(safe(told)), soft_wrap=True)  # a path stays whole, to be copied
    tell_rest(console, len(facts) - _MOST_TOLD, "model", "record.json of each, and --json, tell what is wrong with it")


def render_shelf(console: Console, shelf: Shelf) -> None:
    """Print the models of a fleet's directory, the largest first."""
    glyphs = Glyphs.of(console.encoding)
    facts = [ModelFacts(**{each.name: row[each.name] for each in fields(ModelFacts)}) for row in shelf.models]
    console.print(Text(counted(len(facts), "model"), "bold"))
    verdicts = Counter[str](each.verdict for each in facts)
    _render_verdicts(console, {verdict: verdicts[verdict] for verdict in VERDICTS}, glyphs)
    _render_all(console, facts, glyphs)
