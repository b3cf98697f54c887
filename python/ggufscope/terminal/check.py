"""The terminal views of checks: the findings of one file, or a line for each of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..checks.findings import SEVERITIES
from ..text.escape import escape
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import count_text, counted
from .headline import dotted, render_headline
from .screen import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..checks.check_document import CheckDocument
    from ..checks.findings import Finding, Place
    from ..checks.registry import Rule
    from ..text.glyphs import Glyphs
    from .screen import Screen

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold"}
_MOST_OF_A_RULE = 8  # findings in a view; the JSON has more


def render_check(screen: Screen, document: CheckDocument) -> None:
    """The verdict on one file: title, a line, then the findings and what to do about them."""
    glyphs = screen.glyphs
    model = document.model
    if model is None:
        screen.headline(document.files[0])
    else:
        render_headline(screen, document.files[0], model.title, model, [], n_files=len(document.files))
    screen.line(_verdict(document, glyphs))
    for severity in SEVERITIES:
        findings = [each for each in document.findings if each.severity == severity]
        if findings:
            screen.blank()
        for rule, of_rule in _by_rule(findings).items():
            for finding in of_rule[:_MOST_OF_A_RULE]:
                _render_finding(screen, finding, glyphs)
            more = len(of_rule) - _MOST_OF_A_RULE
            if more > 0:
                more += document.unlisted.get(rule, 0)
                screen.line(f"and {count_text(more)} more of {rule}: {screen.elsewhere}", "dim")
    _render_remedies(screen, document)


def _by_rule(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return by_rule


def render_checks(screen: Screen, documents: Sequence[CheckDocument]) -> None:
    """A line for each of many files."""
    glyphs = screen.glyphs
    for document in documents:
        line = Text(f"{glyphs.cut(document.files[0], LONGEST_TEXT)}: ")
        line.append_text(_verdict(document, glyphs))
        screen.line(line)
        worst = next((each for each in document.findings if each.severity == "error"), None)
        if worst is not None:
            screen.line(f"  {worst.rule}: {worst.sentence}", hang=2)


def render_rule(screen: Screen, rule: Rule) -> None:
    """One rule: what it finds, why it matters, what to do."""
    screen.headline(f"{rule.name} ({rule.severity}, reads {rule.reads})")
    screen.line(f"Finds {rule.summary}.")
    screen.blank()
    screen.line(rule.why)
    screen.blank()
    screen.line(f"What to do: {rule.remedy}")


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


def _render_finding(screen: Screen, finding: Finding, glyphs: Glyphs) -> None:
    body = Text(finding.rule, "bold").append(": ").append_text(safe(finding.sentence))
    place = place_text(finding.place, glyphs)
    if place:
        body.append(f"\n{place}", "dim")
    label = safe(finding.severity, _STYLES[finding.severity])
    screen.fact(label, body, width=len(finding.severity))


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


def _render_remedies(screen: Screen, document: CheckDocument) -> None:
    """What to do, once for each rule with an error or a warning."""
    grave = {each.rule for each in document.findings if each.severity != "note"}
    rules = [rule for rule in document.rules if rule.name in grave]
    if rules:
        screen.blank()
    for rule in rules:
        screen.line(f"{rule.name}: {rule.remedy}", "dim")
