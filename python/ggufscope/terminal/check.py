"""The terminal views of checks: the findings of one file, or a line for each of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..checks.findings import SEVERITIES
from ..text.escape import escape
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import counted
from .console import safe
from .headline import dotted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ..checks.check_document import CheckDocument
    from ..checks.findings import Finding, Place
    from ..checks.registry import Rule

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold"}
_MOST_OF_A_RULE = 8  # findings in a view; the JSON has more
_LABELS = {"weights": "weights", "structure": "structure", "metadata": "metadata", "files": "files"}


def render_check(console: Console, document: CheckDocument) -> None:
    """The verdict on one file: title, a line, then the findings and what to do about them."""
    glyphs = Glyphs.of(console.encoding)
    title = document.files[0] if document.model is None else document.model.title
    console.print(Text(glyphs.cut(title, LONGEST_TEXT), "bold"), soft_wrap=True)
    console.print(_verdict(document, glyphs))
    for severity in SEVERITIES:
        findings = [each for each in document.findings if each.severity == severity]
        if findings:
            console.print()
        for rule, of_rule in _by_rule(findings).items():
            for finding in of_rule[:_MOST_OF_A_RULE]:
                _render_finding(console, finding, glyphs)
            more = len(of_rule) - _MOST_OF_A_RULE
            if more > 0:
                console.print(Text(f"… and {more + document.unlisted.get(rule, 0)} more of {rule}", "dim"))
    _render_remedies(console, document)


def _by_rule(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return by_rule


def render_checks(console: Console, documents: Sequence[CheckDocument]) -> None:
    """A line for each of many files."""
    glyphs = Glyphs.of(console.encoding)
    for document in documents:
        line = Text(f"{glyphs.cut(document.files[0], LONGEST_TEXT)}: ")
        line.append_text(_verdict(document, glyphs))
        console.print(line, soft_wrap=True)
        worst = next((each for each in document.findings if each.severity == "error"), None)
        if worst is not None:
            console.print(Padding(safe(f"{worst.rule}: {worst.sentence}"), (0, 0, 0, 2)))


def render_rule(console: Console, rule: Rule) -> None:
    """One rule: what it finds, why it matters, what to do."""
    console.print(Text(rule.name, "bold"), Text(f" ({rule.severity}, reads {_LABELS[rule.reads]})"), sep="")
    console.print(f"Finds {rule.summary}.\n")
    console.print(f"{rule.why}\n")
    console.print(f"What to do: {rule.remedy}")


def _verdict(document: CheckDocument, glyphs: Glyphs) -> Text:
    counts = document.counts
    if not document.readable:
        return Text("cannot be read", "bold red")
    found = [counted(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
    checked = [f"{counted(len(document.rules), 'rule')}"]
    if document.run is not None:
        checked.append(f"{document.run.seconds:.3g} s")
    if counts["error"]:
        word, style = "not sound", "bold red"
    elif counts["warning"]:
        word, style = "no errors, but look", "bold yellow"
    else:
        word, style = "sound", "bold green"
    line = Text(word, style)
    return line.append(f": {', '.join(found) or 'nothing found'} ({dotted(checked, glyphs)})")


def _render_finding(console: Console, finding: Finding, glyphs: Glyphs) -> None:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    head = Text(f"{finding.severity} ", _STYLES[finding.severity])
    body = Text(finding.rule, "bold").append(": ").append_text(safe(finding.sentence))
    place = place_text(finding.place, glyphs)
    if place:
        body.append(f"\n{place}", "dim")
    table.add_row(head, body)
    console.print(table)


def place_text(place: Place, glyphs: Glyphs) -> str:
    """The place of a finding in a line; names in it are escaped."""
    parts = []
    if place.offset is not None and place.file is not None:
        parts.append(f"byte {place.offset} of {glyphs.cut(place.file, LONGEST_TEXT)}")
    parts += [
        f"{name} {number}"
        for name, number in (("row", place.row), ("block", place.block), ("element", place.element))
        if number is not None
    ]
    if place.source is not None:
        parts.append(f"{glyphs.cut(place.source, LONGEST_TEXT)}{_in_file(place, glyphs)}")
    if place.key is not None:
        parts.append(f"key {escape(place.key)}")
    return dotted(parts, glyphs)


def _in_file(place: Place, glyphs: Glyphs) -> str:
    """The file of a tensor whose bytes stand there otherwise."""
    return f" of {glyphs.cut(place.file, LONGEST_TEXT)}" if place.offset is None and place.file is not None else ""


def _render_remedies(console: Console, document: CheckDocument) -> None:
    """What to do, once for each rule with an error or a warning."""
    grave = {each.rule for each in document.findings if each.severity != "note"}
    rules = [rule for rule in document.rules if rule.name in grave]
    if rules:
        console.print()
    for rule in rules:
        console.print(Text(f"{rule.name}: {rule.remedy}", "dim"))
