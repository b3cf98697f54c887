"""Findings as SARIF 2.1.0, the format in which code hosts take the findings of linters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .._version import __version__
from ..saving.lines import indented
from ..text.escape import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .check_document import CheckDocument
    from .findings import Finding, Place

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_text(documents: Sequence[CheckDocument]) -> str:
    """One run with the findings of all files."""
    rules = {rule.name: rule for document in documents for rule in document.rules}
    described = [
        {
            "id": rule.name,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.why},
            "help": {"text": rule.remedy},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in rules.values()
    ]
    results = [_result(finding, document) for document in documents for finding in document.findings]
    driver = {"name": "ggufscope", "version": __version__, "rules": described}
    return indented(
        {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    )


def _result(finding: Finding, document: CheckDocument) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": escape(finding.sentence)},
        "locations": [_location(finding.place, document.files[0])],
    }


def _location(place: Place, file: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(place.file or file)}}
    if place.offset is not None:
        physical["region"] = {"byteOffset": place.offset}
    name = place.tensor or place.key
    logical = [] if name is None else [{"name": escape(name), "kind": "variable"}]
    return {"physicalLocation": physical} | ({"logicalLocations": logical} if logical else {})
