"""docs/runtime.md names every tokenizer, pre-tokenizer and chat form of the registries."""

from __future__ import annotations

import re
from pathlib import Path

from ggufscope.runtime.engines.engine import ENGINES
from ggufscope.runtime.reading.templates import CHOICES
from ggufscope.runtime.reading.tokenizer.kinds import KINDS
from ggufscope.runtime.reading.tokenizer.pre_tokenizers import PRE_TOKENIZERS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "runtime.md").read_text(encoding="utf-8")


def table(head: str) -> list[str]:
    """The first cells of the rows of a table."""
    lines = DOCUMENT[DOCUMENT.index(head) :].partition("\n\n")[0].splitlines()
    return [line.split("|")[1] for line in lines[2:]]


def test_tokenizers_are_those_of_the_registry() -> None:
    rows = table("| `tokenizer.ggml.model` |")
    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row)} == {*KINDS, *PRE_TOKENIZERS}


def test_chat_forms_are_those_of_the_registry() -> None:
    assert {row.strip() for row in table("| `--template` |")} == {f"`{name}`" for name in CHOICES}


def test_every_engine_is_named() -> None:
    assert [name for name in ENGINES if name not in DOCUMENT] == []
