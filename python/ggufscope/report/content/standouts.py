"""Findings in a model: the most striking sentences, then kind by kind every one that is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts.wording import absence, kind_sentence, not_looked_for, telling
from ...validation.standouts import check_sentence
from .blocks import Figures, Heading, Items, Panel, Paragraph, TableHead, TextTable, heads
from .cells import NOTHING, number
from .chart import STANDOUTS
from .words import Link, Own, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...runtime.standout_document import Standout, StandoutKind
    from ...validation.standouts import StandoutCheck
    from .blocks import Block
    from .shown import Shown

NAME = "standouts"  # of the part with all findings
_MOST_TOLD = 4  # kinds in the summary with a sentence


def striking(shown: Shown) -> Iterator[Panel]:
    """A sentence for each of the first kinds with findings, and in a line the other kinds."""
    kinds = shown.standouts
    if kinds is None:
        return
    told, checks = telling(kinds), _checks(shown)
    first, others = told[:_MOST_TOLD], told[_MOST_TOLD:]
    blocks: list[Block] = []
    if first:
        blocks.append(Items([_striking(record, checks.get(record.kind)) for record in first], "bare"))
    if others:
        names = joined(own("{} ({})", record.title[:1].lower() + record.title[1:], record.n_found) for record in others)
        blocks.append(Paragraph(own("Also {}.", names)))
    if line := absence(kinds, named=not told):
        blocks.append(Paragraph(line, "aside" if told else ""))
    blocks.append(Paragraph(own("{}.", Link("Every kind, and how it was looked for", NAME)), "aside"))
    yield Panel(Own("What stands out"), blocks)


def _checks(shown: Shown) -> dict[str, StandoutCheck]:
    """Kind → whether a trace has its findings; {} without a validation."""
    checks = shown.validation.standouts if shown.validation else None
    return {check.kind: check for check in checks or ()}


def _striking(record: StandoutKind, check: StandoutCheck | None) -> Words:
    said = own("**{}**: {}", record.title, kind_sentence(record))
    if check is None:
        return said
    sentence = check_sentence(check)
    return own("{} {}.", said, sentence[:1].upper() + sentence[1:])


def confirmed(shown: Shown) -> Iterator[Block]:
    """The findings of the analysis that a trace has as well, and those of either alone."""
    checks = _checks(shown)
    if not checks:
        return
    yield Heading(Own("What stands out, and what the trace confirms"))
    yield Items([own("**{}**: {}.", check.title, check_sentence(check)) for check in checks.values()], "bare")
    rows = [
        (check.title, Own(outcome), sentence)
        for check in checks.values()
        for outcome, sentences in _outcomes(check).items()
        for sentence in sentences
    ]
    yield TextTable(
        f"{NAME}-confirmed",
        Own("Findings of analysis and trace"),
        heads("kind", "outcome", "finding", long="finding"),
        rows,
    )


def _outcomes(check: StandoutCheck) -> dict[str, list[str]]:
    return {
        "confirmed": check.confirmed,
        "of the analysis alone": check.unconfirmed,
        "of the trace alone": check.beside,
    }


def kind_by_kind(shown: Shown) -> Iterator[Block]:
    """Definition and findings of every kind that has some, charts, and the other kinds."""
    kinds = shown.standouts or []
    for position, record in enumerate(telling(kinds)):
        yield Heading(own("{}", record.title))
        yield Paragraph(own("{}{}", record.definition, _seen_on(record)), "aside")
        yield Paragraph(kind_sentence(record))
        if len(record.items) > 1:
            yield _findings(record, f"{NAME}-{position + 1}")
    charts = shown.charts(STANDOUTS)
    if charts:
        yield Heading(Own("Over the layers"))
        yield Figures(charts)
    without = [record for record in kinds if not record.n_found and record.not_applicable is None]
    if without:
        rows = [(record.title, own("{}{}", record.definition, _seen_on(record))) for record in without]
        title = Own("Kinds without findings")
        yield Heading(title)
        yield TextTable(f"{NAME}-without", title, heads("kind", "definition", long="definition"), rows)
    yield from (Paragraph(line, "aside") for line in not_looked_for(kinds))


def _seen_on(record: StandoutKind) -> Words:
    return "" if record.seen_on is None else own(" Seen on {}.", record.seen_on)


def _findings(record: StandoutKind, name: str) -> TextTable:
    """Every saved finding, the most striking first."""
    places = list(dict.fromkeys(place for item in record.items for place in item.place))
    named = [what for what in ("layer", "head") if any(getattr(item, what) is not None for item in record.items)]
    first = own(", the first {} of them here", len(record.items)) if record.n_found > len(record.items) else ""
    return TextTable(
        name,
        own("{}, all findings", record.title),
        [
            *heads("finding", long="finding"),
            *heads(*named, numeric="|".join(named)),
            *(TableHead(_spaced(place), "number") for place in places),
            *heads("value", "times the usual", numeric="value|times the usual"),
        ],
        [_row(item, named, places) for item in record.items],
        own("{} found{}.", record.n_found, first),
    )


def _spaced(place: str) -> str:
    return place.replace("_", " ")


def _row(item: Standout, named: list[str], places: list[str]) -> list[Words]:
    where = [getattr(item, what) for what in named] + [item.place.get(place) for place in places]
    numbers = [NOTHING if index is None else Own(index) for index in where]
    return [item.sentence, *numbers, number(item.value), number(item.compared)]
