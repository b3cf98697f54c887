"""`ggufscope inspect --kv`: one value of the metadata in full, or a line for each key that a pattern matches."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..models.inspection import metadata_entry
from ..terminal.console import show
from ..terminal.inspection import render_metadata
from ..terminal.standard_output import print_out
from ..text.choices import offered

if TYPE_CHECKING:
    from ..models.model import Model

_MOST_OFFERED = 8


def print_values(model: Model, asked: str, *, as_json: bool, as_markdown: bool) -> None:
    """Print what a key, or a pattern of keys, stands for.

    Raises:
        ValueError: There is no such key; the message has those most like it.
    """
    if asked in model.metadata:
        _print_value(model, asked, as_json=as_json, as_markdown=as_markdown)
        return
    keys = [key for key in model.metadata if fnmatchcase(key, asked)]
    if not keys:
        there = (
            f"there are {offered(asked, model.metadata, _MOST_OFFERED)}" if model.metadata else "there is no metadata"
        )
        raise ValueError(f"{model.path}: no metadata key {asked!r}; {there}")
    if as_json:
        values = {key: metadata_entry(model, key, limit=None) for key in keys}
        print_out(json.dumps({"keys": asked, "metadata": values}, indent=1, allow_nan=False))
        return
    show(lambda screen: render_metadata(screen, model, keys), markdown=as_markdown)


def _print_value(model: Model, key: str, *, as_json: bool, as_markdown: bool) -> None:
    """One value, whole: a string line by line, an array one element a line."""
    described = metadata_entry(model, key, limit=None)
    if as_json:
        print_out(json.dumps({"key": key, **described}, indent=1, allow_nan=False))
        return
    value = described["value"]
    lines = map(str, value) if isinstance(value, list) else str(value).split("\n")
    show(lambda screen: screen.whole(*lines), markdown=as_markdown)
