"""The terminal view of `bits`: the mix, its types by role, what it costs beside the given files, and its command."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from ..models.stacks import layer_ranges
from ..report.content.bits import some_points
from ..text.escape import escape
from ..text.numbers import aligned, bytes_text, counted
from .columns import Column
from .headline import dotted, render_headline
from .screen import unbroken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..diffs.budgets.bits_document import BitsDocument, ChosenTensor, MixPoint
    from ..text.glyphs import Glyphs
    from .screen import Screen

_MOST_POINTS = 9  # of the curve
_METHODS = {
    "traced": "the error of each tensor was followed through the model while it read {tokens}",
    "static": "the model was not read",
}


def render_bits(screen: Screen, document: BitsDocument) -> None:
    """Everything in the order in which it is asked for."""
    glyphs = screen.glyphs
    _render_mix(screen, document, glyphs)
    screen.blank()
    _render_roles(screen, document.tensors, glyphs)
    screen.blank()
    _render_sizes(screen, document, glyphs)
    screen.blank()
    screen.heading("command")
    screen.whole(*str(document.recipe["shell"]).split("\n"))
    _render_notes(screen, document)


def _render_mix(screen: Screen, document: BitsDocument, glyphs: Glyphs) -> None:
    mix = document.mix
    render_headline(screen, document.reference.file, document.reference.title, document.reference, [])
    facts = [
        f"{mix.bits_per_weight:.4g} bits per weight",
        bytes_text(mix.n_bytes),
        f"budget {document.budget.text}",
        f"predicted cost {mix.cost:.3g} nats",
    ]
    screen.line(dotted(facts, glyphs))


def _render_roles(screen: Screen, tensors: Sequence[ChosenTensor], glyphs: Glyphs) -> None:
    by_role: dict[str, list[ChosenTensor]] = defaultdict(list)
    for tensor in tensors:
        by_role[tensor.role or tensor.name].append(tensor)
    costs = aligned([sum(each.cost for each in of_role) for of_role in by_role.values()], glyphs.nothing)
    sizes = [bytes_text(sum(each.n_bytes for each in of_role)) for of_role in by_role.values()]
    columns = [
        Column("role", list(by_role), "name"),
        Column("type by layer", [Text(_types(of_role)) for of_role in by_role.values()], "prose"),
        Column("size", sizes, yields=1),
        Column("cost, nats", costs),
    ]
    screen.table(columns)


def _types(tensors: Sequence[ChosenTensor]) -> str:
    """`"Q6_K 0-3,31 | Q4_K rest"`."""
    layers: dict[str, list[int]] = defaultdict(list)
    for tensor in tensors:
        layers[escape(tensor.type)].append(-1 if tensor.layer is None else tensor.layer)
    ordered: Mapping[str, list[int]] = dict(sorted(layers.items(), key=lambda item: len(item[1])))
    parts = [
        f"{name} {layer_ranges(numbers) if place < len(ordered) - 1 else 'rest'}"
        for place, (name, numbers) in enumerate(ordered.items())
    ]
    return " | ".join(map(unbroken, parts)) if len(parts) > 1 else next(iter(ordered))


class _Row(NamedTuple):
    """A line of the table of sizes."""

    name: str
    bits_per_weight: float
    n_bytes: int
    cost: float | None
    least_cost: float | None = None


def _render_sizes(screen: Screen, document: BitsDocument, glyphs: Glyphs) -> None:
    """The curve, the mix and the given files, by size."""
    rows = [_row("least cost", point) for point in some_points(document, _MOST_POINTS)]
    rows.append(_row("this mix", document.mix))
    rows += [_Row(each.file, each.bits_per_weight, each.n_bytes, each.cost, each.least_cost) for each in document.given]
    rows.sort(key=lambda row: row.n_bytes)
    columns = [
        Column("mix", [row.name for row in rows], "name"),
        Column("bits/weight", [f"{row.bits_per_weight:.3f}" for row in rows]),
        Column("size", [bytes_text(row.n_bytes) for row in rows], yields=1),
        Column("cost, nats", aligned([row.cost for row in rows], glyphs.nothing)),
        Column("least at its size", aligned([row.least_cost for row in rows], ""), yields=2),
    ]
    screen.table(columns)


def _row(name: str, point: MixPoint) -> _Row:
    return _Row(name, point.bits_per_weight, point.n_bytes, point.cost)


def _render_notes(screen: Screen, document: BitsDocument) -> None:
    screen.blank()
    method = _METHODS[document.method].format(tokens=counted(document.n_tokens, "token"))
    reason = f" ({document.reason})" if document.reason else ""
    screen.line(f"costs: {method}{reason}", "dim")
    for warning in document.warnings:
        screen.line(f"note: {warning}", "dim")
    if not document.exact:
        screen.line("note: there are too many mixes to say that none costs less", "dim")
    if document.unchosen:
        text = f"note: {counted(len(document.unchosen), 'tensor')} without another type stays as in the reference"
        screen.line(text, "dim")
    not_made = document.recipe["not_made"]
    if isinstance(not_made, dict) and not_made:
        screen.line(f"note: the command does not give {counted(len(not_made), 'tensor')} its type", "dim")
