"""Whether two outputs are the same but for what depends on the machine and the moment.

Seconds, rates, memory of a process, threads, instruction sets, temporary paths and percentages of reading stand as
placeholders in both, with the spaces around them, since columns are as wide as they are. Everything else is compared
literally.
"""

from __future__ import annotations

import difflib
import re

NUMBER = r"(?<![\w.])\d[\d.]*(?:e[+-]?\d+)?"
PLACEHOLDERS = {
    "rate": rf"{NUMBER} [kMGT]?(?:i?B|param)/s",
    "moment": r"\d{4}\\?-\d\d\\?-\d\dT[\d:]+\S*?(?=,? )",
    "time": rf"{NUMBER} (?:ns|µs|ms|s|min|h)\b",
    "memory": rf"{NUMBER} [kMGT]?B of memory",
    "threads": rf"{NUMBER} (?:threads?|cores?)\b",
    "load": rf"load {NUMBER}",
    "reading": rf"{NUMBER} ?% of reading",
    "isa": r"\b(?:generic|neon|avx2|avx512|avx512icl)\b",
    "path": r"/tmp/[^\s:,)]+",  # noqa: S108 - a text to be recognized, not a file
}
PATTERN = re.compile("|".join(rf" *(?P<{name}>{pattern}) *" for name, pattern in PLACEHOLDERS.items()))


def comparable(lines: list[str]) -> list[str]:
    """Lines with placeholders."""
    return [PATTERN.sub(lambda match: f" <{match.lastgroup}> ", line).rstrip() for line in lines]


def difference(old: list[str], new: list[str]) -> list[str]:
    """Lines of a unified diff; none where the outputs are the same."""
    if comparable(old) == comparable(new):
        return []
    return list(difflib.unified_diff(comparable(old), comparable(new), "document", "printed", lineterm="", n=1))


def with_old_figures(old: list[str], new: list[str]) -> list[str]:
    """The new output with its lines as they were where they differ in what depends on the machine alone."""
    known = dict(zip(comparable(old), old, strict=True))
    return [known.get(line, printed) for line, printed in zip(comparable(new), new, strict=True)]


def same_pictures(old: str, new: str) -> bool:
    """Whether two SVG have the same marks and words, wherever the marks lie."""
    return re.sub(r"-?\d[\d.]*(?:e-?\d+)?", "0", old) == re.sub(r"-?\d[\d.]*(?:e-?\d+)?", "0", new)
