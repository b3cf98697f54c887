"""Findings: what a rule found, how much it weighs, and the exact place of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")  # the gravest first


@dataclass(frozen=True)
class Place:
    """The place of a finding, as exactly as it has one; what does not apply is None.

    Attributes:
        tensor: its name.
        key: of the metadata.
        experts: numbers of the experts of the tensor that are concerned; empty where it has none, or all are.
        row: of the first fault, counted over all leading dimensions.
        block: of the first fault, counted from the tensor's beginning.
        element: of the first fault, counted likewise.
        file: base name of the file.
        offset: of the first fault, in bytes from that file's beginning.
        count: how many elements, blocks, rows or bytes are concerned, as the sentence says.
        source: of a tensor of a checkpoint, the name that it has there.
    """

    tensor: str | None = None
    key: str | None = None
    experts: list[int] = field(default_factory=list)
    row: int | None = None
    block: int | None = None
    element: int | None = None
    file: str | None = None
    offset: int | None = None
    count: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        rule: name of the rule.
        severity: `"error"`: no healthy model has this; `"warning"`: hardly any has it; `"note"`: worth knowing, and
            healthy models have it, too.
        sentence: what is the matter; names from the file in it are to be escaped.
        place: of it.
    """

    rule: str
    severity: Severity
    sentence: str
    place: Place = field(default_factory=Place)
