"""The terminal view of a fleet: counts, a line for each model, and what is wrong with those that are not sound."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING

from rich.text import Text

from ..fleets.record import ModelFacts
from ..report.content.shelf_data import VERDICT_WORDS, VERDICTS
from ..text.glyphs import LONGEST_TEXT
from ..text.names import short_name
from ..text.numbers import bytes_text, count_text, counted
from .columns import Column
from .headline import dotted
from .screen import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..fleets.fleet_document import FleetDocument
    from ..report.content.shelf_data import Shelf
    from ..text.glyphs import Glyphs
    from .screen import Screen

_STYLES = {"sound": "bold green", "warnings": "bold yellow", "errors": "bold red", "failed": "bold red"}
_MOST_TOLD = 20  # models whose findings are told; the JSON has all


def render_fleet(screen: Screen, document: FleetDocument) -> None:
    """Print what a run came to, the largest models first."""
    glyphs = screen.glyphs
    facts = sorted((each.facts for each in document.models), key=lambda each: -(each.n_elements or -1))
    of = "" if document.shard is None else f" of {count_text(document.n_listed)}, shard {document.shard}"
    screen.headline(f"{counted(document.n_models, 'model')}{of}")
    _render_verdicts(screen, document.verdicts, glyphs)
    outcomes = [f"{n} {outcome}" for outcome, n in document.outcomes.items() if n]
    screen.line(dotted(outcomes, glyphs), "dim")
    _render_all(screen, facts, glyphs)


def _render_verdicts(screen: Screen, verdicts: Mapping[str, int], glyphs: Glyphs) -> None:
    line = Text()
    for verdict, n in verdicts.items():
        if n:
            line.append(f" {glyphs.dot} " if line else "").append(f"{n} {VERDICT_WORDS[verdict]}", _STYLES[verdict])
    screen.line(line)


def _render_all(screen: Screen, facts: Sequence[ModelFacts], glyphs: Glyphs) -> None:
    if facts:
        screen.blank()
        _render_models(screen, facts[:MOST_ROWS])
        screen.tell_rest(len(facts) - MOST_ROWS, "model", "the tables have all")
    _render_faults(screen, [each for each in facts if each.verdict in {"errors", "failed"}], glyphs)


def _render_models(screen: Screen, facts: Sequence[ModelFacts]) -> None:
    """A table with a line for each model."""
    glyphs = screen.glyphs
    screen.table(
        [
            Column("model", [short_name(each.source) for each in facts], "name"),
            Column("kind", [_kind(each, glyphs) for each in facts], "text", yields=3),
            Column("parameters", [_told(each.n_elements, count_text, glyphs) for each in facts], yields=2),
            Column("size", [_told(each.n_bytes, bytes_text, glyphs) for each in facts], yields=4),
            Column("bits/weight", [_bits(each, glyphs) for each in facts], yields=1),
            Column("type", [each.file_type or glyphs.nothing for each in facts], "text", yields=5),
            Column("verdict", [each.verdict for each in facts], "text"),
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


def _render_faults(screen: Screen, facts: Sequence[ModelFacts], glyphs: Glyphs) -> None:
    if not facts:
        return
    screen.blank()
    for each in facts[:_MOST_TOLD]:
        screen.heading(glyphs.cut(short_name(each.source), LONGEST_TEXT))
        told = each.failure or each.finding or each.verdict
        screen.line(f"  {told}", hang=2, fold=False)
    screen.tell_rest(len(facts) - _MOST_TOLD, "model", "record.json of each, and --json, tell what is wrong with it")


def render_shelf(screen: Screen, shelf: Shelf) -> None:
    """Print the models of a fleet's directory, the largest first."""
    glyphs = screen.glyphs
    facts = [ModelFacts(**{each.name: row[each.name] for each in fields(ModelFacts)}) for row in shelf.models]
    screen.headline(counted(len(facts), "model"))
    verdicts = Counter[str](each.verdict for each in facts)
    _render_verdicts(screen, {verdict: verdicts[verdict] for verdict in VERDICTS}, glyphs)
    _render_all(screen, facts, glyphs)
