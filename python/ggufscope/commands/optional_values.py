"""Options whose value may be left out on the command line, and what they mean then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..runtime.reading.probes import OWN, is_probe
from ..spectral.choice import ALL, LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class OptionalValue:
    """An option with an optional value.

    Attributes:
        commands: that have it.
        usual: the value that it has where none is written.
        is_value: whether the word behind it is its value, and not an argument or the next option.
    """

    commands: frozenset[str]
    usual: str
    is_value: Callable[[str], bool]


OPTIONAL_VALUES = {
    "--probe": OptionalValue(frozenset({"analyze", "trace", "study"}), OWN, is_probe),
    "--spectra": OptionalValue(frozenset({"profile", "study"}), LAYERS, lambda word: word in {LAYERS, ALL}),
}
