"""Selections that select nothing: told from the header, with what there is.

A part of a selection that no tensor answers to, beside others that some do, is a warning: one of several words may be
wrong and nobody sees it in the table.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, NamedTuple

from ..text.choices import natural_key, offered
from ..text.numbers import counted
from .selection import Selection, is_called
from .stacks import layer_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_OFFERED = 12
_MOST_ROLES = _MOST_RANGES = 40  # more than an architecture has
_LOGGER = logging.getLogger("ggufscope")


class Choice(NamedTuple):
    """A tensor as selections see it."""

    name: str
    layer: int | None
    role: str | None


def require_some(selection: Selection, tensors: Iterable[tuple[str, int | None, str | None]]) -> None:
    """Make sure that a selection selects something, and warn of parts of it that do not.

    Args:
        selection: what was asked for.
        tensors: name, layer and role of all there are.

    Raises:
        ValueError: No tensor is selected; the message says why, and what there is.
    """
    if not selection.narrows:
        return
    choices = [Choice(*tensor) for tensor in tensors]
    if not choices:
        raise ValueError("there are no tensors to select from")
    unanswered = [*_names(selection, choices), *_roles(selection, choices), *_layers(selection, choices)]
    if any(selection.matches(*choice) for choice in choices):
        for sentence in unanswered:
            _LOGGER.warning("%s", sentence)
        return
    raise ValueError(unanswered[0] if unanswered else _nothing_in_common(selection, choices))


def _names(selection: Selection, choices: Sequence[Choice]) -> Iterable[str]:
    for glob in selection.tensors:
        if not any(is_called(choice.name, glob) for choice in choices):
            forms = dict.fromkeys(_form(choice) for choice in choices)
            yield f"no tensor has the name {glob!r}; names: {offered(glob, forms, _MOST_OFFERED)}"


def _form(choice: Choice) -> str:
    """The name with `*` for its layer, so that one form stands for all layers."""
    return choice.name if choice.layer is None else re.sub(rf"\.{choice.layer}\.", ".*.", choice.name, count=1)


def _roles(selection: Selection, choices: Sequence[Choice]) -> Iterable[str]:
    roles = sorted({choice.role for choice in choices if choice.role is not None}, key=natural_key)
    for glob in selection.roles:
        if not any(is_called(choice.role or "", glob) for choice in choices):
            there = f"roles: {offered(glob, roles, _MOST_ROLES)}" if roles else "none has a role"
            yield f"no tensor has role {glob!r}; {there}"


def _layers(selection: Selection, choices: Sequence[Choice]) -> Iterable[str]:
    layers = sorted({choice.layer for choice in choices if choice.layer is not None})
    ranges = layer_ranges(layers).split(",")
    more = f" and {len(ranges) - _MOST_RANGES} ranges more" if len(ranges) > _MOST_RANGES else ""
    there = f"layers: {','.join(ranges[:_MOST_RANGES])}{more}" if layers else "no tensor is in a layer"
    for first, last in selection.layers or ():
        if not any(first <= layer and (last is None or layer <= last) for layer in layers):
            asked = f"layer {first}" if first == last else f"layers {first}-{'' if last is None else last}"
            yield f"no tensor is in {asked}; {there}"


def _nothing_in_common(selection: Selection, choices: Sequence[Choice]) -> str:
    """The parts that were asked for, each of which some tensors answer to."""
    parts = {
        "--tensors": Selection(tensors=selection.tensors),
        "--role": Selection(roles=selection.roles),
        "--layers": Selection(layers=selection.layers),
    }
    counts = {
        option: sum(part.matches(*choice) for choice in choices) for option, part in parts.items() if part.narrows
    }
    said = " and ".join(f"{option} ({counted(count, 'tensor')})" for option, count in counts.items())
    return f"no tensor is selected by all of {said}"
